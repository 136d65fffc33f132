"""The levels that a Triton kernel passes through on its way to the hardware, and their order.

A level is named as Triton names the file of it: ``ttir, ttgir, llir, ptx, cubin`` on NVIDIA, ``amdgcn, hsaco`` on AMD.
``python`` is a jit or Gluon function. Tested in tests/python/test_levels.py.
"""

from triton_runner.errors import ArgumentError, UnsupportedError

PYTHON = "python"
CUDA_LEVELS = (PYTHON, "ttir", "ttgir", "llir", "ptx", "cubin")
HIP_LEVELS = (PYTHON, "ttir", "ttgir", "llir", "amdgcn", "hsaco")

#: Levels that lie in a file as bytes; all others are text.
BINARY_LEVELS = frozenset({"cubin", "hsaco"})

#: Levels that a file can hold.
FILE_LEVELS = ("ttir", "ttgir", "llir", "ptx", "cubin", "amdgcn", "hsaco")

_ALIASES = {"ll": "llir", "mlir": "ttir"}


def check_level(level: str) -> str:
    """Return ``level`` in its canonical spelling."""
    name = _ALIASES.get(level, level)
    if name not in FILE_LEVELS and name != PYTHON:
        raise ArgumentError(f"level is {level!r}, expected one of {', '.join((PYTHON, *FILE_LEVELS))}")
    return name


def check_cuda_level(level: str) -> str:
    """Return ``level``, which must be one that the NVIDIA compiler has."""
    name = check_level(level)
    if name not in CUDA_LEVELS:
        raise UnsupportedError(f"level {level!r} belongs to AMD GPUs; expected one of {', '.join(CUDA_LEVELS)}")
    return name


def check_lowering(source: str, to: str) -> None:
    """Raise unless ``to`` is ``source`` itself or lies below it."""
    if to == PYTHON or CUDA_LEVELS.index(to) < CUDA_LEVELS.index(source):
        lower = ", ".join(CUDA_LEVELS[max(1, CUDA_LEVELS.index(source)) :])
        raise ArgumentError(f"a kernel at level {source!r} cannot be compiled to {to!r}: expected one of {lower}")


def is_at_or_below(level: str, other: str) -> bool:
    """Whether ``level`` is ``other`` or nearer to the hardware."""
    return CUDA_LEVELS.index(level) >= CUDA_LEVELS.index(other)
