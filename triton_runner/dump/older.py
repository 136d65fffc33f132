"""The launch keywords ``dump_tensor=``, ``dump_value=`` and ``dump_grid=``: a dump into a buffer that the user sized.

``dump_value`` names a value as ``kernel.dump`` does, of the program ``dump_grid`` (program 0 without it); without it
all calls of ``triton_runner.language`` in the kernel write, each from its own offset. Values are flattened in row-major
order and converted to the buffer's dtype; of a value in a loop the executions follow their order in time, so the last
one stays where the offset does not move. Tested in tests/python/test_dump_language.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from triton_runner.dump.bind import bind_function
from triton_runner.dump.marks import Mark, mark_of
from triton_runner.dump.result import Dump
from triton_runner.dump.run import MAX_BYTES, Call, Request, collect
from triton_runner.dump.selection import select
from triton_runner.errors import ArgumentError
from triton_runner.kernel import Kernel


def run_with_keywords(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], grid: Any) -> Kernel:
    """Launch ``function`` with some of the keywords of this file. Returns the kernel."""
    plain = dict(kwargs)
    buffer, value, where = (plain.pop(name, None) for name in ("dump_tensor", "dump_value", "dump_grid"))
    request = Request(("*",), max_bytes=MAX_BYTES)
    call = bind_function(function, args, plain, request)
    counts = call.counts(grid)
    _check_buffer(buffer, call)
    slots = call.source.slots()
    if value is not None:
        chosen = select(slots, [value])
        marks = {index: Mark("", "dump", 0, None) for index in chosen}
    else:
        marks = {index: mark for index, slot in enumerate(slots) if (mark := mark_of(slot)) is not None}
        chosen = list(marks)
        if not chosen:
            raise ArgumentError(
                f"kernel {call.kernel.spec.name!r}: dump_tensor is given, but no dump_value, and the kernel calls "
                "nothing of triton_runner.language"
            )
    dumps = dict(zip(chosen, collect(call, counts, chosen, request), strict=True))
    offsets = {(slots[i].line, mark.name): dumps[i] for i, mark in marks.items() if mark.part == 1}
    written = [
        piece
        for index, mark in marks.items()
        if mark.part == 0
        for piece in _pieces(dumps[index], mark, offsets.get((slots[index].line, mark.name)), where, counts)
    ]
    _write(buffer, written, call.kernel.spec.name)
    return call.kernel


def _check_buffer(buffer: Any, call: Call) -> None:
    name = call.kernel.spec.name
    if not isinstance(buffer, torch.Tensor):
        raise ArgumentError(f"kernel {name!r}: dump_tensor is {buffer!r}, expected a tensor to write into")
    if buffer.device != call.device():
        raise ArgumentError(
            f"kernel {name!r}: dump_tensor is on {buffer.device}, but the kernel runs on {call.device()}"
        )
    if not buffer.is_contiguous():
        raise ArgumentError(f"kernel {name!r}: dump_tensor has strides {buffer.stride()}, expected a contiguous tensor")


def _pieces(
    dump: Dump, mark: Mark, offsets: Dump | None, where: Any, grid: tuple[int, int, int]
) -> list[tuple[int, torch.Tensor]]:
    """(offset, values) of each execution that the mark asks for, in the order in which they are to be written."""
    programs = _programs(mark, where, grid)
    pieces = []
    for number, (x, y, z) in enumerate(programs):
        values, valid = dump.tensor[z, y, x], dump.valid[z, y, x]
        for place in valid.nonzero().tolist():
            value = values[tuple(place)].reshape(-1)
            at = mark.offset if offsets is None else int(offsets.tensor[z, y, x][tuple(place)])
            assert at is not None, "an offset is a number or a value of its own"
            pieces.append((at + number * value.numel(), value))
    return pieces


def _programs(mark: Mark, where: Any, grid: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    if mark.kind == "dump_grids":
        return [(x, y, z) for z in range(grid[2]) for y in range(grid[1]) for x in range(grid[0])]
    if mark.kind == "dump_boundary":
        return [(grid[0] - 1, grid[1] - 1, grid[2] - 1)]
    asked = where if where is not None else mark.grid or (0, 0, 0)
    parts = (*(asked if isinstance(asked, (list, tuple)) else (asked,)), 0, 0)[:3]
    if not all(0 <= part < count for part, count in zip(parts, grid, strict=True)):
        raise ArgumentError(f"dump_grid is {asked}, but the grid has {grid[0]}x{grid[1]}x{grid[2]} programs")
    return [(int(parts[0]), int(parts[1]), int(parts[2]))]


def _write(buffer: torch.Tensor, pieces: Sequence[tuple[int, torch.Tensor]], name: str) -> None:
    """All or nothing: the size is checked ahead of the first write."""
    need = max((at + value.numel() for at, value in pieces), default=0)
    least = min((at for at, _ in pieces), default=0)
    if least < 0 or need > buffer.numel():
        raise ArgumentError(
            f"kernel {name!r}: dump_tensor has {buffer.numel()} elements, "
            f"but the values to dump take elements {least} to {need}"
        )
    flat = buffer.view(-1)
    for at, value in pieces:
        flat[at : at + value.numel()] = value.to(buffer.dtype)
