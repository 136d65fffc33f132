"""The kernel corpus: every kernel that the tests and the fuzzers draw from. Needs Triton and torch, no GPU.

A kernel that the installed Triton is too old for is left out.
"""

import importlib

from .case import VERSION, Arguments, Case, Expected, clone, map_tensors, tensor_of

# Each module with the Triton that it needs.
_MODULES = {
    "elementwise": (3, 0),
    "reductions": (3, 0),
    "layer_norm": (3, 0),
    "matmul": (3, 0),
    "attention": (3, 0),
    "arguments": (3, 0),
    "descriptors": (3, 4),
    "launch_modes": (3, 4),
    "gluon_kernels": (3, 5),
}
CASES: tuple[Case, ...] = tuple(
    case
    for name, since in _MODULES.items()
    if since <= VERSION
    for case in importlib.import_module(f"{__name__}.{name}").CASES
    if case.since <= VERSION
)
CPU_CASES = tuple(case for case in CASES if case.cpu)
_BY_NAME = {case.name: case for case in CASES}
assert len(_BY_NAME) == len(CASES), "two cases share a name"


def case_named(name: str) -> Case:
    return _BY_NAME[name]


__all__ = [
    "CASES",
    "CPU_CASES",
    "VERSION",
    "Arguments",
    "Case",
    "Expected",
    "case_named",
    "clone",
    "map_tensors",
    "tensor_of",
]
