"""Writes every case's PTX (and, on request, its other levels) for each target, beside what Triton knows of it.

    python -m kernels.write_artifacts FOLDER [--levels ptx,cubin] [--case NAME]...      (run in tests/)

`<case>.sm_<capability>.<level>`, and `<case>.sm_<capability>.json`: Triton's metadata plus `signature`, `constants`,
`attributes` and `grid`. A case that does not compile for a target it names is an error.
"""

import argparse
import json
import sys
from pathlib import Path

from . import CASES
from .plain import compile_plain, metadata_of


def write_case(case, capability: int, levels: list[str], folder: Path) -> None:
    compiled = compile_plain(case, capability)
    stem = folder / f"{case.name}.sm_{capability}"
    for level in levels:
        if level in compiled.asm:
            body = compiled.asm[level]
            path = stem.with_name(f"{stem.name}.{level}")
            path.write_bytes(body if isinstance(body, bytes) else body.encode())
    record = metadata_of(compiled)
    record["signature"] = compiled.src.signature
    names = compiled.src.fn.arg_names
    record["constants"] = {names[path[0]]: str(value) for path, value in compiled.src.constants.items()}
    record["attributes"] = {names[path[0]]: value for path, value in compiled.src.attrs.items()}
    record["grid"] = case.grid
    stem.with_name(f"{stem.name}.json").write_text(json.dumps(record, default=str, indent=1))


def try_case(case, capability: int, levels: list[str], folder: Path) -> bool:
    try:
        write_case(case, capability, levels, folder)
    except Exception as error:  # one kernel that does not compile must not hide the others
        print(f"{case.name} sm_{capability}: {type(error).__name__}: {str(error)[:600]}", file=sys.stderr)
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the corpus's compiled artifacts.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--levels", default="ptx")
    parser.add_argument("--case", action="append", default=[])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    for case in CASES:
        if options.case and case.name not in options.case:
            continue
        for capability in case.targets:
            failures += not try_case(case, capability, options.levels.split(","), options.folder)
    print(f"{failures} failures" if failures else "all compiled")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
