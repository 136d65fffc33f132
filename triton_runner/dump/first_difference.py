"""The first place at which two dumps of one value differ, and which of several such places comes first in time.

Tested in tests/python/test_compare.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from triton_runner.dump.result import Dump, Source
from triton_runner.errors import ArgumentError


@dataclass(frozen=True)
class Divergence:
    """The first element at which a value differs.

    Attributes:
        source, other: the value on both sides; ``other`` is None for a reference.
        program: ``(x, y, z)``, counted in the programs that were asked for.
        thread: of the program, at LLIR and PTX; else None.
        iteration: of each enclosing loop, outermost first.
        element: index in the value.
        found, expected: what the first kernel and the other side have there; None where it was not computed.
        differing: how many elements of this value differ, of ``total``.
    """

    source: Source
    other: Source | None
    program: tuple[int, ...]
    thread: int | None
    iteration: tuple[int, ...]
    element: tuple[int, ...]
    found: Any
    expected: Any
    differing: int
    total: int

    def __str__(self) -> str:
        place = [f"program {self.program}"]
        if self.thread is not None:
            place.append(f"thread {self.thread}")
        if self.iteration:
            place.append(f"iteration {', '.join(map(str, self.iteration))}")
        if self.element:
            place.append(f"element {list(self.element)}")
        against = "the reference" if self.other is None else str(self.other)
        return (
            f"first divergence at {self.source}: {', '.join(place)}: {_shown(self.found)}, expected "
            f"{_shown(self.expected)} as in {against}; {self.differing} of {self.total} elements differ"
        )


@dataclass(frozen=True)
class Difference:
    """A divergence with what orders it among those of other values."""

    order: int  # of the value, in the program
    iteration: tuple[int, ...]
    divergence: Divergence


def in_time(depths: Sequence[int]) -> Callable[[Difference, Difference], int]:
    """Program order; but of values in the same loop, an earlier iteration comes before a later one."""
    loop = 0
    loops = []
    for depth in depths:
        loop += depth == 0
        loops.append(loop if depth else -1)

    def earlier(one: Difference, two: Difference) -> int:
        if loops[one.order] == loops[two.order] != -1:
            for a, b in zip(one.iteration, two.iteration, strict=False):
                if a != b:
                    return -1 if a < b else 1
        return one.order - two.order

    return earlier


def difference(
    order: int, ours: Dump, theirs: Dump, depth: int, rtol: float, atol: float, *, reference: bool = False
) -> Difference | None:
    """Where the value, which lies in ``depth`` loops, differs first; None where both sides agree."""
    a, valid_a, b, valid_b = _same_extents(ours, theirs, depth)
    value_dims = a.dim() - valid_a.dim()
    wide_a, wide_b = _wide(a), _wide(b)
    close = wide_a == wide_b
    if a.is_floating_point():
        close |= wide_a.isnan() & wide_b.isnan()
    if rtol or atol:
        gap = (wide_a.double() - wide_b.double()).abs()
        close |= gap <= atol + rtol * wide_b.double().abs()
    both = (valid_a & valid_b).reshape(valid_a.shape + (1,) * value_dims)
    parts = (~close & both) | (valid_a != valid_b).reshape(both.shape)
    where = parts.nonzero()
    if len(where) == 0:
        return None
    lead = valid_a.dim() - depth  # programs, and threads
    index = _earliest(where, lead, valid_a.dim())
    per_thread = ours.source.level in ("llir", "ptx")
    program = index[: lead - int(per_thread)]
    iteration, element = index[lead : valid_a.dim()], index[valid_a.dim() :]
    divergence = Divergence(
        ours.source,
        None if reference else theirs.source,
        tuple(reversed(program)),
        index[lead - 1] if per_thread else None,
        iteration,
        element,
        a[index].item() if bool(valid_a[index[: valid_a.dim()]]) else None,
        b[index].item() if bool(valid_b[index[: valid_b.dim()]]) else None,
        len(where),
        parts.numel(),
    )
    return Difference(order, iteration, divergence)


def _earliest(where: torch.Tensor, lead: int, valid_dims: int) -> tuple[int, ...]:
    """The index of the earliest iteration, then of the first program, thread and element."""
    columns = [*range(lead, valid_dims), *range(lead), *range(valid_dims, where.shape[1])]
    for column in columns:
        where = where[where[:, column] == where[:, column].min()]
    return tuple(where[0].tolist())


def _same_extents(
    ours: Dump, theirs: Dump, depth: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Both sides on the CPU; where one went round a loop more often, the other was not valid there."""
    tensors = [dump.tensor.cpu() for dump in (ours, theirs)]
    masks = [dump.valid.cpu() for dump in (ours, theirs)]
    lead = masks[0].dim() - depth
    if masks[0].shape[:lead] != masks[1].shape[:lead]:
        raise ArgumentError(
            f"{ours.source.name} has {list(masks[0].shape[:lead])} programs and threads, {theirs.source.name} has "
            f"{list(masks[1].shape[:lead])}: registers are compared between kernels of as many warps"
        )
    extents = [max(one, two) for one, two in zip(*(mask.shape for mask in masks), strict=True)]
    out = []
    for tensor, mask in zip(tensors, masks, strict=True):
        shape = extents + list(tensor.shape[mask.dim() :])
        out += [_padded(tensor, shape), _padded(mask, extents)]
    return out[0], out[1], out[2], out[3]


def _padded(tensor: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    if list(tensor.shape) == list(shape):
        return tensor
    out = torch.zeros(list(shape), dtype=tensor.dtype)
    out[tuple(slice(extent) for extent in tensor.shape)] = tensor
    return out


def _wide(tensor: torch.Tensor) -> torch.Tensor:
    """Comparable: no arithmetic on 8-bit floats."""
    return tensor.double() if tensor.is_floating_point() else tensor


def _shown(value: Any) -> str:
    return "not computed" if value is None else f"{value:.9g}" if isinstance(value, float) else str(value)
