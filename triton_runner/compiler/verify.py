"""Checks of IR text that the compiler itself would not make, or would make too late.

LLVM replaces a foreign target triple and data layout without a word and then compiles on, and turns an intrinsic that
it does not know into a call of an undefined function. Everything else that can be wrong with IR text is found by
compiling it in a process of its own (isolate.py). Tested in tests/python/test_verify.py.
"""

from __future__ import annotations

import re

from triton_runner.errors import ArtifactError, CompileError

# Parts of the data layouts that LLVM has used for 64-bit NVPTX.
_LAYOUT_PART = re.compile(r"e|p[3-7]:32:32(?::32)?|[ivf]\d+:\d+(?::\d+)?|n\d+(?::\d+)*|a:\d+:\d+")


def check_llvm(text: str, where: str) -> None:
    """Raise where LLVM IR was made for another machine."""
    triple = re.search(r"^target triple\s*=\s*\"([^\"]*)\"", text, re.MULTILINE)
    if triple and not triple[1].startswith("nvptx64"):
        raise ArtifactError(f"{where}: the LLVM IR is for target triple {triple[1]!r}, expected nvptx64-nvidia-cuda")
    layout = re.search(r"^target datalayout\s*=\s*\"([^\"]*)\"", text, re.MULTILINE)
    if layout:
        foreign = [part for part in layout[1].split("-") if not _LAYOUT_PART.fullmatch(part)]
        if foreign:
            raise ArtifactError(
                f"{where}: the LLVM IR has data layout {layout[1]!r}, "
                f"whose part {foreign[0]!r} is not of a 64-bit NVIDIA GPU"
            )


def check_no_unknown_intrinsic(ptx: str, where: str) -> None:
    """Raise where an ``llvm.`` intrinsic was left in the PTX as a call."""
    left = re.search(r"\bcall(?:\.uni)?\s+(?:\([^)]*\),\s*)?(llvm\.[\w.]+)", ptx)
    if left:
        raise CompileError(
            f"{where}: LLVM does not know the intrinsic @{left[1]}; check its name against Triton's LLVM"
        )
