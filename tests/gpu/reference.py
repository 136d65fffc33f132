"""What plain Triton makes of a case on this GPU: the compiled kernel and its outputs, each computed once a session."""

from __future__ import annotations

import functools
from typing import Any

import torch
from kernels import Arguments, Case, Expected, clone, tensor_of
from kernels.plain import compile_plain


@functools.cache
def compiled(case: Case, capability: int) -> Any:
    return compile_plain(case, capability, case.arguments("cuda"))


@functools.cache
def plain_outputs(case: Case, seed: int = 0) -> Expected:
    """Runs the kernel with Triton alone, checks it against torch, and returns every tensor as the kernel left it."""
    arguments = case.arguments("cuda", seed)
    expected = case.reference(clone(arguments))
    case.launch(case.kernel, arguments)
    torch.cuda.synchronize()
    case.check(arguments, expected)
    return tensors_of(arguments)


def tensors_of(arguments: Arguments) -> Expected:
    """The tensors among the arguments, those behind descriptors included."""
    found = {
        name: value for name, value in arguments.items() if isinstance(value, torch.Tensor) or hasattr(value, "base")
    }
    return {name: tensor_of(value) for name, value in found.items()}


def runtime_values(case: Case, compiled_kernel: Any, arguments: Arguments) -> list[Any]:
    """The arguments that are still there at run time, in order: constexpr, None and ==1 have gone into the code."""
    signature = compiled_kernel.src.signature
    return [value for name, value in arguments.items() if signature[name] != "constexpr"]


def assert_same_bits(case: Case, arguments: Arguments, want: Expected) -> None:
    for name, tensor in tensors_of(arguments).items():
        same = torch.equal(bits(tensor), bits(want[name]))
        assert same, f"{case.name}: {name} differs from plain Triton's"


def bits(tensor: torch.Tensor) -> torch.Tensor:
    integer = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    return tensor.contiguous().view(integer)
