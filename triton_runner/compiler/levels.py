"""The levels that a Triton kernel passes through on its way to the hardware, and their order.

A level is named as Triton names the file of it: ``ttir, ttgir, llir, ptx, cubin`` on NVIDIA, ``amdgcn, hsaco`` on AMD.
``python`` is a jit or Gluon function. Tested in tests/python/test_levels.py.
"""

from triton_runner.errors import ArgumentError

PYTHON = "python"
CUDA_LEVELS = (PYTHON, "ttir", "ttgir", "llir", "ptx", "cubin")
HIP_LEVELS = (PYTHON, "ttir", "ttgir", "llir", "amdgcn", "hsaco")

#: Levels that lie in a file as bytes; all others are text.
BINARY_LEVELS = frozenset({"cubin", "hsaco"})

#: Levels that a file can hold.
FILE_LEVELS = ("ttir", "ttgir", "llir", "ptx", "cubin", "amdgcn", "hsaco")

_CHAINS = {"cuda": CUDA_LEVELS, "hip": HIP_LEVELS}
_MAKERS = {"cuda": "NVIDIA", "hip": "AMD"}
# Below LLVM IR each level belongs to one backend.
_BACKENDS = {"ptx": "cuda", "cubin": "cuda", "amdgcn": "hip", "hsaco": "hip"}
_RANK = {level: rank for chain in _CHAINS.values() for rank, level in enumerate(chain)}
_ALIASES = {"ll": "llir", "mlir": "ttir"}


def check_level(level: str) -> str:
    """Return ``level`` in its canonical spelling."""
    name = _ALIASES.get(level, level)
    if name not in FILE_LEVELS and name != PYTHON:
        raise ArgumentError(f"level is {level!r}, expected one of {', '.join((PYTHON, *FILE_LEVELS))}")
    return name


def chain_of(backend: str) -> tuple[str, ...]:
    """The levels of a backend, from Python down to the hardware."""
    return _CHAINS[backend]


def binary_of(backend: str) -> str:
    """The lowest level of a backend: ``"cubin"`` or ``"hsaco"``."""
    return _CHAINS[backend][-1]


def backend_of(level: str) -> str | None:
    """The backend that ``level`` belongs to; None for one that all share."""
    return _BACKENDS.get(level)


def check_backend(level: str, backend: str, target: str) -> str:
    """Return ``level``, which must be one that a compile for ``target`` passes through."""
    if level not in _CHAINS[backend]:
        raise ArgumentError(
            f"level {level!r} belongs to {_MAKERS[_BACKENDS[level]]} GPUs, but the target is {target}: "
            f"expected one of {', '.join(_CHAINS[backend][1:])}"
        )
    return level


def check_lowering(source: str, to: str) -> None:
    """Raise unless ``to`` is ``source`` itself or lies below it, for some backend."""
    chain = _CHAINS[_BACKENDS.get(source) or _BACKENDS.get(to) or "cuda"]
    if to == PYTHON or to not in chain or not is_at_or_below(to, source):
        lower = ", ".join(chain[max(1, _RANK[source]) :])
        raise ArgumentError(f"a kernel at level {source!r} cannot be compiled to {to!r}: expected one of {lower}")


def is_at_or_below(level: str, other: str) -> bool:
    """Whether ``level`` is ``other`` or at least as near to the hardware."""
    return _RANK[level] >= _RANK[other]
