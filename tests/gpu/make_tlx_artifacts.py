"""Writes the cubins of the TLX kernels that the H100 runs without the plugin, each in a folder with its record.

TRITON_DISABLE_LINE_INFO=1 python tests/gpu/make_tlx_artifacts.py      (where triton-utlx is installed)
"""

import importlib.metadata
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "tlx_artifacts"
sys.path.insert(0, str(Path(__file__).parents[1]))

from kernels import tlx_kernels  # noqa: E402
from kernels.tlx_cases import CASES  # noqa: E402

import triton_runner  # noqa: E402


def main():
    for case in CASES:
        kernel = triton_runner.compile(
            getattr(tlx_kernels, case.kernel_name),
            signature=case.signature,
            constexprs=case.constexprs,
            target="sm_90",
        )
        folder = FOLDER / case.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{case.kernel_name}.cubin").write_bytes(kernel.artifacts["cubin"])
        record = json.dumps(json.loads(kernel.spec.to_json()), indent=1)
        (folder / f"{case.kernel_name}.json").write_text(record + "\n")
    plugin = importlib.metadata.version("triton-utlx")
    (FOLDER / "made.json").write_text(json.dumps({"triton-utlx": plugin, "cases": len(CASES)}) + "\n")
    print(f"{len(CASES)} cubins made with triton-utlx {plugin} in {FOLDER}")


if __name__ == "__main__":
    main()
