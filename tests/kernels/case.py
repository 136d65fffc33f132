"""What one kernel of the corpus is: the jit function, its arguments, what it must compute, and where it can run.

A case says everything that a test needs, so that a test is a loop over cases and never knows a kernel by name.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import triton

VERSION = tuple(int(part) for part in triton.__version__.split(".")[:2])  # (major, minor) of the installed Triton

Arguments = dict[str, Any]  # runtime arguments by parameter name: tensors, numbers, None, TensorDescriptor
Expected = dict[str, torch.Tensor]  # output parameter name -> what it must hold after the launch

ALL_TARGETS = (75, 80, 90, 100)
AMPERE_ON = (80, 90, 100)
HOPPER_ON = (90, 100)


@dataclass(frozen=True, eq=False)
class Case:
    name: str
    kernel: Any  # triton.JITFunction or GluonJITFunction
    make: Callable[[Any], Arguments]  # (Maker) -> arguments
    grid: tuple[int, ...]
    reference: Callable[[Arguments], Expected]  # from the arguments as they were before the launch
    constexprs: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)  # num_warps, num_stages, ...
    rtol: float = 0.0
    atol: float = 0.0
    targets: tuple[int, ...] = ALL_TARGETS  # compute capabilities it is meant to compile for
    cpu: bool = True  # the CPU driver runs its sm_80 PTX
    exact: bool = False  # only integers and IEEE arithmetic: every device gives the same bits
    stable_code: bool = True  # Triton makes the same TTGIR of it in every process
    since: tuple[int, int] = (3, 0)  # the first Triton that has what it uses
    repeatable: bool = True  # two launches give the same bits (no float atomics in arrival order)

    @property
    def min_capability(self) -> int:
        return min(self.targets)

    def arguments(self, device: str | torch.device, seed: int = 0) -> Arguments:
        return self.make(Maker(device, f"{self.name}/{seed}"))

    def keywords(self) -> dict[str, Any]:
        """What `kernel[grid](...)` takes besides the runtime arguments."""
        return {**self.constexprs, **self.options}

    def launch(self, kernel: Any, arguments: Arguments, **extra: Any) -> Any:
        """Launches a jit-like object, Triton's or ours, on these arguments."""
        return kernel[self.grid](**arguments, **self.keywords(), **extra)

    def check(self, arguments: Arguments, expected: Expected) -> None:
        for name, want in expected.items():
            torch.testing.assert_close(
                tensor_of(arguments[name]),
                want,
                rtol=self.rtol,
                atol=self.atol,
                equal_nan=True,
                msg=lambda text, name=name: f"{self.name}: output {name}: {text}",
            )


class Maker:
    """Random arguments that are the same on every device and in every process."""

    def __init__(self, device: str | torch.device, label: str):
        self.device = torch.device(device)
        seed = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "little")
        self._generator = torch.Generator("cpu").manual_seed(seed)

    def normal(self, *shape: int, dtype: torch.dtype = torch.float32, scale: float = 1.0) -> torch.Tensor:
        return (torch.randn(shape, generator=self._generator) * scale).to(dtype).to(self.device)

    def uniform(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        return torch.rand(shape, generator=self._generator).to(dtype).to(self.device)

    def integers(self, low: int, high: int, *shape: int, dtype: torch.dtype = torch.int32) -> torch.Tensor:
        return torch.randint(low, high, shape, generator=self._generator).to(dtype).to(self.device)

    def permutation(self, count: int, dtype: torch.dtype = torch.int32) -> torch.Tensor:
        return torch.randperm(count, generator=self._generator).to(dtype).to(self.device)

    def empty(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """An output buffer, filled with a pattern that no kernel leaves behind by chance."""
        return torch.full(shape, 77, dtype=dtype, device=self.device)

    def zeros(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        return torch.zeros(shape, dtype=dtype, device=self.device)


def tensor_of(argument: Any) -> torch.Tensor:
    """The tensor behind an argument that may be a TensorDescriptor."""
    return argument if isinstance(argument, torch.Tensor) else argument.base


def map_tensors(arguments: Arguments, function: Callable[[torch.Tensor], torch.Tensor]) -> Arguments:
    """A copy of the arguments with `function` applied to every tensor, descriptors included."""

    def convert(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return function(value)
        if hasattr(value, "base") and hasattr(value, "block_shape"):
            return dataclasses.replace(value, base=function(value.base))
        return value

    return {name: convert(value) for name, value in arguments.items()}


def clone(arguments: Arguments) -> Arguments:
    return map_tensors(arguments, torch.clone)
