"""What a reference in Python says that a kernel's outputs must hold, and how far they are from it.

Tested in tests/python/test_cli_run.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from triton_runner.errors import ArgumentError

# (rtol, atol) as torch.testing.assert_close has them.
_TOLERANCES = {
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7),
}

Expected = dict[str, torch.Tensor] | list[torch.Tensor]


@dataclass(frozen=True)
class Difference:
    """One output against its reference."""

    passed: bool
    differing: int
    elements: int
    largest: float
    where: tuple[int, ...] | None
    reason: str = ""

    def data(self) -> dict[str, Any]:
        return {**vars(self), "where": list(self.where) if self.where is not None else None}

    def __str__(self) -> str:
        if self.reason:
            return self.reason
        if self.passed:
            return f"ok, largest difference {self.largest:.3g}"
        return f"{self.differing} of {self.elements} elements differ, most by {self.largest:.3g} at index {self.where}"


def call_reference(reference: Callable[..., Any], arguments: Mapping[str, Any], label: str) -> Expected:
    """Call the reference on copies of the arguments, with those that it has a name for."""
    copies = {name: value.clone() if isinstance(value, torch.Tensor) else value for name, value in arguments.items()}
    before = {name: value.clone() for name, value in copies.items() if isinstance(value, torch.Tensor)}
    parameters = inspect.signature(reference).parameters
    if any(param.kind is param.VAR_KEYWORD for param in parameters.values()):
        taken = copies
    else:
        unknown = [name for name, param in parameters.items() if name not in copies and param.default is param.empty]
        if unknown:
            raise ArgumentError(
                f"{label} takes {unknown[0]!r}, which is no argument here: there are {', '.join(copies)}"
            )
        taken = {name: copies[name] for name in parameters if name in copies}
    result = reference(**taken)
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, Mapping):
        return dict(result)
    if isinstance(result, (tuple, list)):
        return list(result)
    if result is not None:
        raise ArgumentError(f"{label} returned a {type(result).__name__}, expected tensors, a dict of them, or None")
    changed = {name: copies[name] for name in before if not torch.equal(copies[name], before[name])}
    if not changed:
        raise ArgumentError(f"{label} returned nothing and changed none of its arguments")
    return changed


def compare_with(
    expected: Expected, outputs: Mapping[str, torch.Tensor], rtol: float | None, atol: float | None
) -> dict[str, Difference]:
    """Each output against what was expected of it; a list fills the outputs in order."""
    if isinstance(expected, list):
        if len(expected) != len(outputs):
            raise ArgumentError(
                f"the reference returned {len(expected)} tensors, but the kernel has {len(outputs)} outputs "
                f"({', '.join(outputs)}): return a dict by name"
            )
        expected = dict(zip(outputs, expected, strict=True))
    unknown = [name for name in expected if name not in outputs]
    if unknown:
        raise ArgumentError(f"the reference has {unknown[0]!r}, which is no output: there are {', '.join(outputs)}")
    return {name: _difference(outputs[name], want, rtol, atol) for name, want in expected.items()}


def _tolerance(tensor: torch.Tensor) -> tuple[float, float]:
    return _TOLERANCES.get(tensor.dtype, (0.0, 0.0) if not tensor.dtype.is_floating_point else (0.125, 1e-2))


def _difference(found: torch.Tensor, want: torch.Tensor, rtol: float | None, atol: float | None) -> Difference:
    if found.shape != want.shape:
        reason = f"the output has shape {tuple(found.shape)}, the reference {tuple(want.shape)}"
        return Difference(False, found.numel(), found.numel(), float("nan"), None, reason)
    default_rtol, default_atol = max(_tolerance(found), _tolerance(want))
    left, right = found.detach().cpu().double(), want.detach().cpu().double()
    close = torch.isclose(
        left,
        right,
        rtol=default_rtol if rtol is None else rtol,
        atol=default_atol if atol is None else atol,
        equal_nan=True,
    )
    distance = (left - right).abs()
    distance = torch.where(left == right, torch.zeros_like(distance), distance)  # inf - inf
    distance = torch.where(torch.isnan(left) & torch.isnan(right), torch.zeros_like(distance), distance)
    if not distance.numel():
        return Difference(True, 0, 0, 0.0, None)
    ranked = distance.nan_to_num(nan=float("inf")).masked_fill(close, -1.0) if not bool(close.all()) else distance
    flat = int(ranked.argmax())
    where = tuple(int(index) for index in torch.unravel_index(torch.tensor(flat), found.shape))
    largest = float(distance.reshape(-1)[flat])
    return Difference(bool(close.all()), int((~close).sum()), close.numel(), largest, where)
