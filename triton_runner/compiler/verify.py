"""Checks of IR text that the compiler itself would not make, or would make too late.

LLVM replaces a foreign target triple and data layout without a word and then compiles on, and turns an intrinsic that
it does not know into a call of an undefined function. Everything else that can be wrong with IR text is found by
compiling it in a process of its own (isolate.py). Tested in tests/python/test_verify.py.
"""

from __future__ import annotations

import re

from triton_runner.errors import ArtifactError, CompileError

_TRIPLES = {"cuda": "nvptx64-nvidia-cuda", "hip": "amdgcn-amd-amdhsa"}
_FAMILIES = {
    "cuda": re.compile("nvptx64"),
    "hip": re.compile(r"amdgcn-|amdgpu[\w.]*-"),
}  # amdgpu9.42, amdgpu9.0a: Triton 3.9
# Parts of the data layouts that LLVM has used for 64-bit NVPTX and for AMDGCN.
_LAYOUT_PARTS = {
    "cuda": re.compile(r"e|p(?:[3-7]|101):32:32(?::32)?|[ivf]\d+:\d+(?::\d+)?|n\d+(?::\d+)*|a:\d+:\d+"),
    "hip": re.compile(r"e|m:e|p\d?(?::\d+){2,4}|[iv]\d+:\d+(?::\d+)?|n\d+(?::\d+)*|S32|A5|G1|ni:7(?::[89])*"),
}
_MACHINES = {"cuda": "a 64-bit NVIDIA GPU", "hip": "an AMD GPU"}


def check_llvm(text: str, where: str, backend: str) -> None:
    """Raise where LLVM IR was made for another machine than ``backend`` (``"cuda"``, ``"hip"``) compiles for."""
    triple = re.search(r"^target triple\s*=\s*\"([^\"]*)\"", text, re.MULTILINE)
    expected = _TRIPLES[backend]
    if triple and not _FAMILIES[backend].match(triple[1]):
        raise ArtifactError(f"{where}: the LLVM IR is for target triple {triple[1]!r}, expected {expected}")
    layout = re.search(r"^target datalayout\s*=\s*\"([^\"]*)\"", text, re.MULTILINE)
    if layout:
        foreign = [part for part in layout[1].split("-") if not _LAYOUT_PARTS[backend].fullmatch(part)]
        if foreign:
            raise ArtifactError(
                f"{where}: the LLVM IR has data layout {layout[1]!r}, "
                f"whose part {foreign[0]!r} is not of {_MACHINES[backend]}"
            )


def check_no_unknown_intrinsic(assembly: str, where: str) -> None:
    """Raise where an ``llvm.`` intrinsic was left in PTX or AMDGCN as a call."""
    left = re.search(
        r"\bcall(?:\.uni)?\s+(?:\([^)]*\),\s*)?(llvm\.[\w.]+)|\b(llvm\.[\w.]+)@(?:rel32|gotpcrel32)", assembly
    )
    if left:
        raise CompileError(
            f"{where}: LLVM does not know the intrinsic @{left[1] or left[2]}; check its name against Triton's LLVM"
        )
