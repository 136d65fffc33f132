"""Runs a kernel with chosen values stored, and gives them as tensors. Tested in tests/python/test_dump.py.

Values inside loops need a first run that only counts, with room for nothing; the second has the room. ``iterations=``
bounds the room and saves that run. What a run overwrote is put back, and the kernel as it was runs last: so its results
are its own to the bit, whatever the compiler made of the stores (it may fuse a product and a sum in one of the two
kernels and not in the other; ``Dump.exact`` tells).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch

from triton_runner import _C
from triton_runner.dump import buffer as areas
from triton_runner.dump.edited import Source, edit
from triton_runner.dump.marks import mark_name
from triton_runner.dump.prepared import Prepared
from triton_runner.dump.result import Dump
from triton_runner.dump.result import Source as Origin
from triton_runner.dump.selection import Selector, key_of, select
from triton_runner.errors import ArgumentError
from triton_runner.kernel import Kernel, grid_counts

#: The most that the buffers of one dump may take, unless ``max_bytes=`` says otherwise.
MAX_BYTES = 2**30

Programs: TypeAlias = "int | slice | Sequence[int | slice]"


@dataclass(frozen=True)
class Request:
    """What a dump asks for."""

    selectors: tuple[Selector, ...]
    op: str | None = None
    programs: Programs | None = None
    iterations: int | None = None
    max_bytes: int = MAX_BYTES
    level: str | None = None

    def __post_init__(self) -> None:
        if self.iterations is not None and self.iterations < 1:
            raise ArgumentError(f"iterations is {self.iterations}, expected a count of at least 1")
        if self.max_bytes < 1:
            raise ArgumentError(f"max_bytes is {self.max_bytes}, expected a count of bytes")


@dataclass(frozen=True)
class Call:
    """A kernel and the arguments of one launch, as the lists of the op."""

    source: Source
    inputs: list[Any]
    outputs: list[Any]
    ints: list[Any]
    floats: list[Any]
    named: Mapping[str, Any] = field(default_factory=dict)  # for a grid that is a function

    @property
    def kernel(self) -> Kernel:
        return self.source.kernel

    def device(self) -> torch.device:
        """Where it runs: where its tensors are."""
        tensors = [*self.inputs, *self.outputs]
        found = next((tensor.device for tensor in tensors if tensor.device.type != "cpu"), None)
        if found is None and not tensors and torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return found or torch.device("cpu")

    def counts(self, grid: Any) -> tuple[int, int, int]:
        """The grid on x, y and z; a function is asked for it."""
        return three(grid(dict(self.named)) if callable(grid) else grid, self.kernel.spec.name)

    def launch(self, grid: Sequence[int]) -> None:
        """Run the kernel as it is."""
        self._launch(self.kernel, self.outputs, grid)

    def launch_stored(self, kernel: Kernel, grid: Sequence[int], buffer: torch.Tensor) -> None:
        """Run the kernel that also fills ``buffer``."""
        self._launch(kernel, [*self.outputs, buffer], grid)

    def _launch(self, kernel: Kernel, outputs: Sequence[Any], grid: Sequence[int]) -> None:
        torch.ops.triton_runner.launch.default(kernel.key, self.inputs, outputs, self.ints, self.floats, list(grid))


class Launcher:
    """What ``kernel.dump(...)`` returns: subscript it with a grid and call it as the kernel itself."""

    def __init__(self, bind: Callable[[Sequence[Any], Mapping[str, Any], Request], Call], request: Request) -> None:
        self._bind = bind
        self._request = request

    def __getitem__(self, grid: Any) -> Callable[..., dict[str, Dump]]:
        return lambda *args, **kwargs: self.run(grid, args, kwargs)

    def run(self, grid: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Dump]:
        """Run the kernel and return what was asked for, by name, in program order."""
        if torch.compiler.is_dynamo_compiling():  # a dump compiles and counts: it breaks the graph, as print does
            out_of_the_graph: Callable[..., dict[str, Dump]] = torch.compiler.disable(self._run)
            return out_of_the_graph(grid, args, kwargs)
        return self._run(grid, args, kwargs)

    def _run(self, grid: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Dump]:
        return run(self._bind(args, kwargs, self._request), grid, self._request)

    def prepare(self, grid: Any, *args: Any, **kwargs: Any) -> Prepared:
        """The dump as a launch of its own, for these arguments and ones like them: :class:`Prepared`.

        Where a value lies in a loop and ``iterations=`` does not bound it, the kernel runs once to count, and what it
        writes is put back.
        """
        return prepare(self._bind(args, kwargs, self._request), grid, self._request)


def launcher_of(
    bind: Callable[[Sequence[Any], Mapping[str, Any], Request], Call],
    selectors: Sequence[Selector],
    op: str | None,
    programs: Programs | None,
    iterations: int | None,
    max_bytes: int | None,
    level: str | None,
) -> Launcher:
    """The launcher of a dump whose limits may have been left open."""
    limit = MAX_BYTES if max_bytes is None else max_bytes
    return Launcher(bind, Request(tuple(selectors), op, programs, iterations, limit, level))


def run(call: Call, grid: Any, request: Request) -> dict[str, Dump]:
    """Run ``call`` over ``grid``, as the request says."""
    slots = call.source.slots()
    chosen = select(slots, request.selectors, request.op)
    dumps = collect(call, call.counts(grid), chosen, request)
    return {key_of(slots, index): dump for index, dump in zip(chosen, dumps, strict=True)}


def prepare(call: Call, grid: Any, request: Request) -> Prepared:
    """Compile ``call`` with its stores, and lay out the buffer."""
    slots = call.source.slots()
    chosen = select(slots, request.selectors, request.op)
    counts = call.counts(grid)
    with torch.no_grad():
        kernel, stored = edit(call.source, chosen, call.device())
        rows, extents = _rows(counts, request.programs, call.kernel.spec.name)
        saved = _Saved(call.outputs)
        layout = _plan(call, kernel, counts, stored, rows, request, saved)
        names = tuple(key_of(slots, index) for index in chosen)
        level = call.source.level
        kernel.preload(call.device())
        decode = functools.partial(_dumps, extents=extents, level=level, exact=None)
        return Prepared(kernel, counts, names, layout, layout.allocate(call.device()), decode)


def collect(call: Call, grid: tuple[int, int, int], chosen: Sequence[int], request: Request) -> list[Dump]:
    """Run ``call`` and return a dump for each of the chosen slots."""
    with torch.no_grad():
        kernel, stored = edit(call.source, chosen, call.device())
        rows, extents = _rows(grid, request.programs, call.kernel.spec.name)
        saved = _Saved(call.outputs)
        try:
            layout = _plan(call, kernel, grid, stored, rows, request, saved)
            filled = layout.allocate(call.device())
            call.launch_stored(kernel, grid, filled)
            with_stores = saved.now()
        finally:
            saved.put_back()
        call.launch(grid)
        exact = saved.is_now(with_stores)
        return _dumps(filled, layout, extents, call.source.level, exact)


def _plan(
    call: Call,
    kernel: Kernel,
    grid: Sequence[int],
    slots: Sequence[_C.Slot],
    rows: Sequence[int],
    request: Request,
    saved: _Saved,
) -> areas.Plan:
    """The layout of the buffer, within the budget. Counts with a launch where that is needed, which is undone."""
    threads = kernel.spec.num_warps * kernel.spec.target.warp_size * kernel.spec.num_ctas
    bound = request.iterations or 1
    capacities = [bound if slot.depth else 1 for slot in slots]
    if request.iterations is None and any(slot.depth for slot in slots):
        counting = areas.plan(slots, [0] * len(slots), rows, threads)
        areas.check_budget(counting, request.max_bytes, call.kernel.spec.name)
        buffer = counting.allocate(call.device())
        try:
            call.launch_stored(kernel, grid, buffer)
        finally:
            saved.put_back()
        seen = [areas.counts(buffer, area) for area in counting.areas]
        capacities = [int(each.max()) if each.numel() else 0 for each in seen]
    layout = areas.plan(slots, capacities, rows, threads)
    areas.check_budget(layout, request.max_bytes, call.kernel.spec.name)
    return layout


class _Saved:
    """The memory behind some tensors, as it was."""

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        self._storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage() for tensor in tensors}
        self._before = self.now()

    def now(self) -> list[torch.UntypedStorage]:
        return [storage.clone() for storage in self._storages.values()]

    def put_back(self) -> None:
        for storage, before in zip(self._storages.values(), self._before, strict=True):
            storage.copy_(before)

    def is_now(self, other: Sequence[torch.UntypedStorage]) -> bool:
        return all(
            torch.equal(_bytes(one), _bytes(two)) for one, two in zip(self._storages.values(), other, strict=True)
        )


def _bytes(storage: torch.UntypedStorage) -> torch.Tensor:
    return torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)


def _dumps(
    buffer: torch.Tensor, layout: areas.Plan, extents: Sequence[int], level: str, exact: bool | None
) -> list[Dump]:
    return [_dump(buffer, area, extents, level, exact) for area in layout.areas]


def _dump(buffer: torch.Tensor, area: areas.Area, extents: Sequence[int], level: str, exact: bool | None) -> Dump:
    slot = area.slot
    tensor, valid = areas.records(buffer, area)
    lead = [*extents, area.threads] if slot.per_thread else list(extents)
    dropped = int((areas.counts(buffer, area) - area.capacity).clamp(min=0).sum())
    origin = Origin(
        level, mark_name(slot) or slot.name, slot.op, slot.line, tuple(slot.sources), slot.variable, slot.layout
    )
    values = tensor.reshape([*lead, *tensor.shape[2:]])
    return Dump(values, valid.reshape([*lead, *valid.shape[2:]]), origin, dropped, exact)


def three(grid: Any, name: str) -> tuple[int, int, int]:
    """The grid as counts on x, y and z."""
    counts = grid_counts(grid, name)
    if min(counts) < 0:
        raise ArgumentError(f"kernel {name!r}: the grid is {grid!r}, expected one to three counts of programs")
    return (*counts, 1, 1)[:3]


def _rows(grid: Sequence[int], programs: Programs | None, name: str) -> tuple[list[int], list[int]]:
    """The row of each program of the grid, -1 where it is not asked for, and the dimensions that the rows make.

    A dimension that ``programs`` gives as a number is dropped; one that it does not mention is kept whole, or dropped
    where the grid has one program along it.
    """
    if programs is None:
        return list(range(grid[0] * grid[1] * grid[2])), [grid[2], grid[1], grid[0]]
    given: list[Any] = list(programs) if isinstance(programs, (list, tuple)) else [programs]
    if len(given) > 3:
        raise ArgumentError(f"kernel {name!r}: programs is {programs!r}, expected at most x, y and z")
    picked: list[range] = []
    extents: list[int] = []
    for axis, count in enumerate(grid):
        asked = given[axis] if axis < len(given) else (0 if count == 1 else slice(None))
        if isinstance(asked, slice):
            picked.append(range(count)[asked])
            extents.append(len(picked[-1]))
        elif -count <= asked < count:
            picked.append(range(asked % count, asked % count + 1))
        else:
            raise ArgumentError(f"kernel {name!r}: programs asks for {asked} on {'xyz'[axis]}, the grid has {count}")
    order = {
        x + grid[0] * (y + grid[1] * z): row
        for row, (z, y, x) in enumerate(itertools.product(picked[2], picked[1], picked[0]))
    }
    return [order.get(program, -1) for program in range(grid[0] * grid[1] * grid[2])], extents[::-1]
