"""First divergence: where two kernels that should compute the same begin to differ.

Both run on the same arguments with every value stored that they have in common (dump/matching.py), and the values are
held against each other in the order in which the program computes them. Tested in tests/python/test_compare.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from triton_runner import _C
from triton_runner.dump.bind import bind_function, bind_kernel
from triton_runner.dump.first_difference import Difference, Divergence, difference, in_time
from triton_runner.dump.matching import match
from triton_runner.dump.result import Dump
from triton_runner.dump.run import MAX_BYTES, Call, Programs, Request, collect
from triton_runner.dump.selection import Selector, select
from triton_runner.errors import ArgumentError
from triton_runner.kernel import Kernel

References: TypeAlias = "Mapping[Selector, torch.Tensor | Callable[..., torch.Tensor]]"


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found. True where nothing differs."""

    first: Divergence | None
    compared: tuple[tuple[str, str], ...]  # names on both sides, in program order
    differing: tuple[tuple[str, str], ...]
    unmatched: tuple[str, ...]  # values of the first kernel that the other side has not

    def __bool__(self) -> bool:
        return self.first is None

    def __str__(self) -> str:
        counts = f"{len(self.compared)} values compared, {len(self.unmatched)} without a counterpart"
        if self.first is None:
            return f"no divergence; {counts}"
        return f"{self.first}; {len(self.differing)} values differ; {counts}"

    __repr__ = __str__


def compare(
    kernel_a: Any,
    kernel_b: Any,
    args: Sequence[Any] | Mapping[str, Any] = (),
    *,
    grid: Any,
    kwargs: Mapping[str, Any] | None = None,
    values: Sequence[Selector] = ("*",),
    op: str | None = None,
    levels: tuple[str | None, str | None] = (None, None),
    devices: tuple[Any, Any] = (None, None),
    programs: Programs | None = None,
    iterations: int | None = None,
    max_bytes: int | None = None,
    rtol: float = 0.0,
    atol: float = 0.0,
) -> Comparison:
    """Find the first operation, program, iteration and element at which two kernels part.

    Args:
        kernel_a, kernel_b: kernels that are held (:class:`Kernel`) or jit functions, which may be the same one; or, as
            ``kernel_b``, references: ``{selector: tensor, or function of the arguments that gives it}``.
        args, kwargs: of the launch. Both start from these contents, and they are put back afterwards.
        grid: of the launch.
        values, op: which values of ``kernel_a`` to look at, as in :meth:`Kernel.dump`.
        levels: the IR of each side, where it is not the one that the kernel was made from.
        devices: where each side runs, if not where the tensors are. On two devices addresses are not compared.
        programs, iterations, max_bytes: bounds, as in :meth:`Kernel.dump`.
        rtol, atol: two numbers agree where ``|a - b| <= atol + rtol * |b|``, or both are NaN. 0 asks for equality.

    Raises:
        ArgumentError: the two sides have no value in common, or a reference has another shape than its value.
    """
    positional = () if isinstance(args, Mapping) else tuple(args)
    named = {**(args if isinstance(args, Mapping) else {}), **(kwargs or {})}
    request = Request(tuple(values), op, programs, iterations, MAX_BYTES if max_bytes is None else max_bytes)
    ours = _Side(kernel_a, levels[0], devices[0], positional, named, grid, request)
    if isinstance(kernel_b, Mapping):
        return _against_references(ours, kernel_b, rtol, atol)
    chosen = select(ours.slots, request.selectors, op)
    theirs = _Side(kernel_b, levels[1], devices[1], positional, named, grid, request)
    wanted = set(chosen)
    pairs = [pair for pair in match(ours.slots, theirs.slots) if pair[0] in wanted]
    if ours.device != theirs.device:
        pairs = [pair for pair in pairs if not ours.slots[pair[0]].address]
    if not pairs:
        raise ArgumentError(
            f"{ours.title} and {theirs.title} have no value in common: they are compared by operation, Python line, "
            "type and shape; a tensor of TTIR or TTGIR has no counterpart among the registers of LLVM IR and PTX"
        )
    mine = ours.dumps([one for one, _ in pairs])
    yours = theirs.dumps([two for _, two in pairs])
    depths = [ours.slots[one].depth for one, _ in pairs]
    found = [difference(i, mine[i], yours[i], depths[i], rtol, atol) for i in range(len(pairs))]
    names = tuple((ours.slots[one].name, theirs.slots[two].name) for one, two in pairs)
    paired = {one for one, _ in pairs}
    return _comparison(found, depths, names, [ours.slots[i].name for i in chosen if i not in paired])


class _Side:
    """One kernel with its arguments."""

    def __init__(
        self,
        kernel: Any,
        level: str | None,
        device: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        grid: Any,
        request: Request,
    ) -> None:
        place = functools.partial(_on_device, device=device)
        self._args = [place(value) for value in args]
        self._kwargs = {name: place(value) for name, value in kwargs.items()}
        self._request = Request(
            request.selectors, request.op, request.programs, request.iterations, request.max_bytes, level
        )
        bind = bind_kernel if isinstance(kernel, Kernel) else bind_function
        self._call: Call = bind(kernel, self._args, self._kwargs, self._request)
        self.title = f"kernel {self._call.kernel.spec.name!r} at {self._call.source.level}"
        self._grid = self._call.counts(grid)
        self.slots: list[_C.Slot] = self._call.source.slots()
        self.device: torch.device = self._call.device()

    def dumps(self, chosen: Sequence[int]) -> list[Dump]:
        kept = [tensor.clone() for tensor in self._call.outputs]
        try:
            return collect(self._call, self._grid, chosen, self._request)
        finally:
            for tensor, before in zip(self._call.outputs, kept, strict=True):
                tensor.copy_(before)

    def reference(self, given: Any) -> torch.Tensor:
        wanted = given(*self._args, **self._kwargs) if callable(given) else given
        if not isinstance(wanted, torch.Tensor):
            raise ArgumentError(f"a reference is a tensor or a function that gives one, found {type(wanted).__name__}")
        return wanted


def _against_references(ours: _Side, references: References, rtol: float, atol: float) -> Comparison:
    places = {}
    for selector in references:
        picked = select(ours.slots, [selector])
        if len(picked) != 1:
            raise ArgumentError(f"the reference {selector!r} is of {len(picked)} values; name one of them")
        places[picked[0]] = selector
    if not places:
        raise ArgumentError("there is no reference to compare with")
    order = sorted(places)
    wanted = [ours.reference(references[places[i]]) for i in order]  # before the kernel writes anything
    mine = ours.dumps(order)
    depths = [ours.slots[i].depth for i in order]
    found = []
    for position, (dump, tensor) in enumerate(zip(mine, wanted, strict=True)):
        shaped = _shaped(tensor, dump, str(places[order[position]])).to(dump.tensor.device)
        other = Dump(shaped, dump.valid, dump.source)
        found.append(difference(position, dump, other, depths[position], rtol, atol, reference=True))
    names = tuple((ours.slots[i].name, str(places[i])) for i in order)
    return _comparison(found, depths, names, [])


def _shaped(reference: torch.Tensor, dump: Dump, name: str) -> torch.Tensor:
    """The reference with the dump's dimensions of one program or one iteration."""
    want, have = list(dump.tensor.shape), list(reference.shape)
    if [n for n in want if n != 1] != [n for n in have if n != 1]:
        raise ArgumentError(
            f"the reference {name!r} has shape {have}, but the value has {want}: programs [z, y, x], then threads, "
            "iterations and the value's own dimensions (those of size 1 may be left out)"
        )
    return reference.reshape(want)


def _comparison(
    found: Sequence[Difference | None],
    depths: Sequence[int],
    names: tuple[tuple[str, str], ...],
    unmatched: Sequence[str],
) -> Comparison:
    differences = [each for each in found if each is not None]
    first = min(differences, key=functools.cmp_to_key(in_time(depths)), default=None)
    return Comparison(
        first.divergence if first else None,
        names,
        tuple(names[each.order] for each in differences),
        tuple(unmatched),
    )


def _on_device(value: Any, device: Any) -> Any:
    return value.to(device) if device is not None and isinstance(value, torch.Tensor) else value
