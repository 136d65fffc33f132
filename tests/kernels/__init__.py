"""The kernel corpus: every kernel that the tests and the fuzzers draw from. Needs Triton and torch, no GPU."""

from . import (
    arguments,
    attention,
    descriptors,
    elementwise,
    gluon_kernels,
    launch_modes,
    layer_norm,
    matmul,
    reductions,
)
from .case import Arguments, Case, Expected, clone, map_tensors, tensor_of

CASES: tuple[Case, ...] = tuple(
    case
    for module in (
        elementwise,
        reductions,
        layer_norm,
        matmul,
        attention,
        arguments,
        descriptors,
        launch_modes,
        gluon_kernels,
    )
    for case in module.CASES
)
CPU_CASES = tuple(case for case in CASES if case.cpu)
_BY_NAME = {case.name: case for case in CASES}
assert len(_BY_NAME) == len(CASES), "two cases share a name"


def case_named(name: str) -> Case:
    return _BY_NAME[name]


__all__ = [
    "CASES",
    "CPU_CASES",
    "Arguments",
    "Case",
    "Expected",
    "case_named",
    "clone",
    "map_tensors",
    "tensor_of",
]
