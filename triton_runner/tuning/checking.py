"""Whether a config computes what it should: its outputs against those of a reference.

A tolerance that nobody gave follows from the dtype and from the values that are expected: another order of summation
changes a small element by as much as a large one. Elements that no launch wrote count for nothing. Tested in
tests/python/test_autotune_check.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch

from triton_runner.errors import ArgumentError

#: Relative to the element, and to the mean of what is expected. TF32 rounds factors to ten bits, as fp16 does.
_TOLERANCE = {
    torch.float64: 1e-7,
    torch.float32: 2e-3,
    torch.float16: 5e-3,
    torch.bfloat16: 2e-2,
}
_TOLERANCE_OF_FEW_BITS = 0.15  # the fp8 types


class Check:
    """Compares launches with a reference, from the same state each time."""

    def __init__(
        self,
        outputs: Mapping[str, torch.Tensor],
        reference: Callable[[dict[str, Any]], Any] | None,
        arguments: Mapping[str, Any],
        tolerance: tuple[float | None, float | None],
        zeroed: Collection[str] = (),
    ) -> None:
        self._outputs = dict(outputs)
        self._before = {name: tensor.clone() for name, tensor in outputs.items()}
        self._tolerance = tolerance
        self._zeroed = zeroed
        self._expected = self._ask(reference, arguments) if reference is not None else None

    def restore(self) -> None:
        """Put every output back to what it was before the first launch."""
        for name, tensor in self._outputs.items():
            tensor.copy_(self._before[name])

    def compare(self) -> str | None:
        """What is wrong with the outputs as they are now. The first launch sets the reference where none was given."""
        if self._expected is None:
            self._expected = {name: tensor.clone() for name, tensor in self._outputs.items()}
            return None
        for name, expected in self._expected.items():
            if wrong := self._difference(name, expected):
                return wrong
        return None

    def _difference(self, name: str, expected: torch.Tensor) -> str | None:
        found = self._outputs[name]
        if found.shape != expected.shape:
            return f"{name} has shape {tuple(found.shape)}, but the reference has {tuple(expected.shape)}"
        rtol, atol = self._allowed(found, self._before[name], expected)
        try:
            torch.testing.assert_close(
                _comparable(found), _comparable(expected).to(found.device), rtol=rtol, atol=atol,
                equal_nan=True, check_dtype=False, check_stride=False,
            )  # fmt: skip
        except AssertionError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            return f"{name} differs from the reference: {'; '.join(lines[1:] or lines)}"
        return None

    def _allowed(self, found: torch.Tensor, before: torch.Tensor, expected: torch.Tensor) -> tuple[float, float]:
        rtol, atol = self._tolerance
        if rtol is not None or atol is not None or not (found.is_floating_point() or found.is_complex()):
            return rtol or 0.0, atol or 0.0
        real = found.real.dtype if found.is_complex() else found.dtype
        tolerance = _TOLERANCE.get(real, _TOLERANCE_OF_FEW_BITS)
        ours, theirs, old = (_comparable(tensor).to(found.device) for tensor in (found, expected, before))
        size = theirs[((ours != old) | (theirs != old)) & torch.isfinite(theirs)].abs()
        scale = float(size.mean(dtype=torch.float64)) if size.numel() else 0.0
        return tolerance, tolerance * scale

    def _ask(self, reference: Callable[[dict[str, Any]], Any], arguments: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        given = dict(arguments)
        copies = {name: tensor.clone() for name, tensor in self._outputs.items()}
        for name in copies.keys() & set(self._zeroed):
            copies[name].zero_()
        given |= {name: copy for name, copy in copies.items() if name in given and given[name] is self._outputs[name]}
        answer = reference(given)
        if answer is None:  # it wrote into its arguments, as the kernel does
            return copies
        if isinstance(answer, torch.Tensor):
            answer = (answer,)
        if isinstance(answer, (tuple, list)) and len(answer) == len(copies):
            answer = dict(zip(copies, answer, strict=True))
        if not isinstance(answer, Mapping) or not answer.keys() <= copies.keys():
            raise ArgumentError(
                f"the autotune reference returned {_describe(answer)}, expected the outputs "
                f"({', '.join(copies)}): a tensor for each in this order, a dict by name, or None where it wrote them"
            )
        return {name: tensor.clone() for name, tensor in answer.items()}


def _comparable(tensor: torch.Tensor) -> torch.Tensor:
    """What torch can compare: it has no arithmetic for fp8."""
    few_bits = tensor.is_floating_point() and tensor.element_size() == 1
    return tensor.float() if few_bits else tensor


def _describe(answer: Any) -> str:
    if isinstance(answer, Mapping):
        return f"a dict of {', '.join(map(str, answer))}"
    if isinstance(answer, (tuple, list)):
        return f"{len(answer)} values"
    return f"a {type(answer).__name__}"
