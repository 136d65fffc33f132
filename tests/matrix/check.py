"""Holds triton_runner against the Triton of this process, and against torch on the CPU. Run by ``make test-matrix``.

    python tests/matrix/check.py OUT.json [--full]

Each check belongs to a column of the table in docs/versions.md. Artifacts are compared byte by byte with those that
``triton.compile`` makes. What this Triton has not is left out, and the column says so. Exits with 1 where a check
failed; the JSON has the reasons.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import pickle
import re
import runpy
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ["TRITON_CACHE_DIR"] = tempfile.mkdtemp(prefix="matrix-triton-")
os.environ["TRITON_RUNNER_CACHE_DIR"] = tempfile.mkdtemp(prefix="matrix-runner-")
warnings.filterwarnings("ignore", message=".*FP_FUSION")

import torch  # noqa: E402
import triton  # noqa: E402
from kernels import CASES, VERSION, case_named, clone  # noqa: E402
from kernels.plain import compile_plain, metadata_of, signature_of, source_of  # noqa: E402

import triton_runner  # noqa: E402
from triton_runner.compiler.target import AMD_WARP_SIZES  # noqa: E402
from triton_runner.compiler.versions import adapter  # noqa: E402

LEVELS = ("ttir", "ttgir", "llir", "ptx")
#: Through every level in every run; with --full all cases that a device of the level's kind can run.
SMALL = ("vector_add", "softmax", "matmul_fp16_s3")
HOPPER = ("matmul_fp16_s3", "tma_host_matmul", "cluster", "tma_device_matmul")
GLUON = (
    "gluon_scale",
    "gluon_transpose",
)
DESCRIPTORS = ("tma_copy", "tma_host_matmul")
#: What the table calls a column, in order.
COLUMNS = ("jit", "python", *LEVELS, "sm_90", "descriptors", "gluon", "amd", "dump", "examples")

Check = tuple[str, str, Callable[[], None]]  # column, name, what to run


@dataclass
class Plain:
    """What Triton itself made of a case."""

    asm: dict[str, Any]
    metadata: dict[str, Any]
    types: dict[str, str]  # of the arguments, with what was assumed of each


def same_bytes(ours: Any, plain: Any, levels: tuple[str, ...] = ("ptx", "cubin")) -> None:
    for level in levels:
        assert _numbered_alike(ours.artifacts[level]) == _numbered_alike(plain.asm[level]), (
            f"{level} differs from Triton's"
        )


def _numbered_alike(artifact: Any) -> Any:
    # Up to 3.3 LLVM numbers the calls of all kernels of a process, in comments of the PTX, which a cubin quotes.
    data = artifact if isinstance(artifact, bytes) else artifact.encode()
    return re.sub(rb"callseq \d+", b"callseq", data)


def launch_on_cpu(case: Any, kernel: Any, plain: Any) -> None:
    """Launch a compiled kernel, and compare what it computes with torch."""
    arguments = case.arguments("cpu", seed=1)
    before = clone(arguments)
    kernel[case.grid](*[value for name, value in arguments.items() if plain.types[name] != "constexpr"])
    case.check(arguments, case.reference(before))


def check_jit(case: Any) -> None:
    arguments = case.arguments("cpu")
    expected = case.reference(clone(arguments))
    case.launch(triton_runner.jit(case.kernel), arguments)
    case.check(arguments, expected)
    again = case.arguments("cpu", seed=3)
    expected = case.reference(clone(again))
    triton_runner.configure_jit_backend()
    try:
        case.launch(case.kernel, again)
    finally:
        triton_runner.restore_jit_backend()
    case.check(again, expected)


def check_python(case: Any, capability: int) -> None:
    plain = plain_of(case, capability)
    source, _, options = source_of(case, case.arguments("cpu"), capability)
    given = {name: value for name, value in options.items() if value is not None}
    kernel = triton_runner.compile(source, target=capability, options=given)
    same_bytes(kernel, plain)
    if capability == 80:
        launch_on_cpu(case, kernel, plain)


def check_level(case: Any, level: str, capability: int = 80) -> None:
    plain = fresh_plain_of(case, capability)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{plain.metadata['name']}.{level}")
        path.write_text(plain.asm[level])
        path.with_suffix(".json").write_text(json.dumps(plain.metadata, default=str))
        kernel = triton_runner.compile(path, signature=plain.types, target=capability)
    same_bytes(kernel, plain)
    if capability == 80:
        launch_on_cpu(case, kernel, plain)
    if level == "ptx" and capability == 80:
        loaded = triton_runner.load(
            plain.asm["ptx"], level="ptx", signature=plain.types, metadata=json.dumps(plain.metadata, default=str)
        )
        launch_on_cpu(case, loaded, plain)


def check_amd(case: Any, target: str) -> None:
    """Every level from Python, and the code object from each level, are Triton's."""
    plain = compile_plain(case, target)
    source, _, options = source_of(case, case.arguments("cpu"), target)
    known = adapter().option_names("hip")
    given = {name: value for name, value in options.items() if value is not None and name in known}
    kernel = triton_runner.compile(source, target=target, options=given)
    same_bytes(kernel, plain, ("ttir", "ttgir", "llir", "amdgcn", "hsaco"))
    for level in ("ttir", "ttgir", "llir", "amdgcn"):
        again = triton_runner.compile(kernel.folder / f"{kernel.spec.name}.{level}", target=target)
        same_bytes(again, plain, ("hsaco",))


def check_dump(level: str) -> None:
    case = case_named("vector_add")
    arguments = case.arguments("cpu")
    wanted = arguments["x_ptr"] + arguments["y_ptr"]
    kernel = triton_runner.jit(case.kernel)
    names = kernel.dumpable(**arguments, **case.keywords(), level=level)
    assert names, "there is no value to dump"
    selector = {"ttir": "arith.addf", "ttgir": "arith.addf", "llir": "fadd", "ptx": "add.f32"}[level]
    found = kernel.dump(op=selector, level=level)[case.grid](**arguments, **case.keywords())
    values = torch.cat([dump.tensor.reshape(-1) for dump in found.values()])
    assert torch.isin(wanted, values).all(), "the dumped sums are not those of torch"


@functools.cache
def plain_of(case: Any, capability: int) -> Plain:
    """Triton's own compile of a case."""
    made = compile_plain(case, capability)
    return Plain(dict(made.asm), metadata_of(made), signature_of(made))


@functools.cache
def fresh_plain_of(case: Any, capability: int) -> Plain:
    """The same as the first compile of a process, as ours from IR is.

    Up to 3.3 Triton sets a flag of LLVM when it first makes PTX, and code that it optimizes after that differs.
    """
    if VERSION >= (3, 4):
        return plain_of(case, capability)
    command = [sys.executable, "-W", "ignore", __file__, "--plain", case.name, str(capability)]
    made: Plain = pickle.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return made


def print_plain(name: str, capability: str) -> None:
    plain = plain_of(case_named(name), int(capability))
    sys.stdout.buffer.write(pickle.dumps(plain))


def checks(full: bool) -> Iterator[Check]:
    present = {case.name: case for case in CASES}
    special = {*DESCRIPTORS, *GLUON}
    small = [present[name] for name in SMALL]
    chosen = [case for case in CASES if case.cpu and 80 in case.targets and case.name not in special]
    for case in chosen if full else small:
        yield "jit", case.name, lambda case=case: check_jit(case)
        if case.stable_code:
            yield "python", case.name, lambda case=case: check_python(case, 80)
    for level in LEVELS:
        for case in small if full else small[2:]:
            yield level, case.name, lambda case=case, level=level: check_level(case, level)
    for name in HOPPER if full else HOPPER[:3]:
        if name in present:
            yield "sm_90", name, lambda name=name: check_python(present[name], 90)
            if full:
                for level in LEVELS:
                    yield (
                        "sm_90",
                        f"{name} {level}",
                        lambda name=name, level=level: check_level(present[name], level, 90),
                    )
    for column, names in (("descriptors", DESCRIPTORS), ("gluon", GLUON)):
        there = [name for name in names if name in present]
        for name in there if full else there[-1:]:
            yield column, name, lambda name=name: check_jit(present[name])
            yield column, f"{name} bytes", lambda name=name: check_python(present[name], 80)
    for name, target in amd_cases(full):
        yield "amd", f"{name} {target}", lambda name=name, target=target: check_amd(present[name], target)
    for level in LEVELS if full else LEVELS[1:2]:
        yield "dump", level, lambda level=level: check_dump(level)
    for path in examples(full):
        yield "examples", path.stem, lambda path=path: run_example(path)


def amd_cases(full: bool) -> list[tuple[str, str]]:
    # Up to 3.4 a code object is linked by ROCm's ld.lld.
    if VERSION < (3, 5) and "TRITON_HIP_LLD_PATH" not in os.environ:
        return []
    if not full:
        return [("matmul_fp16_s3", "gfx942")]
    known = [target for target in AMD_WARP_SIZES if target not in adapter().unknown_architectures]
    return [(name, target) for name in SMALL for target in known]


def examples(full: bool) -> list[Path]:
    found = sorted((ROOT / "examples" / "runner").rglob("*.py"))
    if VERSION < (3, 6):  # Gluon's example is one that 3.5 crashes on
        found = [path for path in found if path.parent.name != "gluon"]
    return found if full else [path for path in found if path.stem in ("vector_add", "change_layout")]


def run_example(path: Path) -> None:
    before, arguments = Path.cwd(), sys.argv
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.argv = [str(path)]
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as ended:
            if ended.code:
                raise RuntimeError(f"it ended with {ended.code}") from None
        finally:
            os.chdir(before)
            sys.argv = arguments


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?", default=Path(os.devnull))
    parser.add_argument("--plain", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--full", action="store_true", help="the whole corpus")
    parser.add_argument("--only", default="", help="only the checks whose 'column name' holds this text")
    given = parser.parse_args()
    if given.plain:
        print_plain(*given.plain)
        return 0
    started = time.perf_counter()
    columns: dict[str, dict[str, Any]] = {}
    for column, name, run in checks(given.full):
        if given.only not in f"{column} {name}":
            continue
        result = columns.setdefault(column, {"passed": 0, "failed": {}})
        try:
            run()
        except Exception as error:
            result["failed"][name] = f"{type(error).__name__}: {error}"
            traceback.print_exc()
        else:
            result["passed"] += 1
    failed = sum(len(result["failed"]) for result in columns.values())
    report = {"version": triton.__version__, "columns": columns, "seconds": time.perf_counter() - started}
    given.out.write_text(json.dumps(report, indent=1))
    print(f"Triton {triton.__version__}: {sum(r['passed'] for r in columns.values())} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
