"""The memory that an edited kernel fills, as csrc/ir/protocol.h lays it out. Tested in
tests/python/test_dump_buffer.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from triton_runner import _C
from triton_runner.errors import ResourceError

_TABLE_ENTRY = 16
_ALIGNMENT = 128

DTYPES = {
    "i1": torch.bool,
    "i8": torch.int8,
    "i16": torch.int16,
    "i32": torch.int32,
    "i64": torch.int64,
    "ptr": torch.int64,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "fp32": torch.float32,
    "fp64": torch.float64,
    "fp8e4nv": torch.float8_e4m3fn,
    "fp8e5": torch.float8_e5m2,
    "fp8e4b8": torch.float8_e4m3fnuz,
    "fp8e5b16": torch.float8_e5m2fnuz,
    "fp8e4b15": torch.uint8,  # torch has no such type: its bits
}
_INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


@dataclass(frozen=True)
class Area:
    """One slot's part of the buffer."""

    slot: _C.Slot
    offset: int
    capacity: int  # records of each row
    rows: int
    threads: int  # 1 where the value is that of the whole program

    @property
    def row_bytes(self) -> int:
        return self.threads * (self.slot.count_bytes + self.capacity * self.slot.record_bytes)

    @property
    def bytes(self) -> int:
        return self.rows * self.row_bytes


@dataclass(frozen=True)
class Plan:
    """A buffer's layout."""

    areas: tuple[Area, ...]
    rows: tuple[int, ...]  # of each program of the grid: its row, or -1
    bytes: int

    def allocate(self, device: torch.device) -> torch.Tensor:
        """The buffer with its table and rows; counts are 0."""
        buffer = torch.zeros(self.bytes, dtype=torch.uint8, device=device)
        head = [number for area in self.areas for number in (area.offset, area.capacity)] + list(self.rows)
        numbers = torch.tensor(head, dtype=torch.int64)
        buffer[: numbers.numel() * 8].copy_(numbers.view(torch.uint8))
        return buffer


def plan(slots: Sequence[_C.Slot], capacities: Sequence[int], rows: Sequence[int], threads: int) -> Plan:
    """Lay the areas out. ``threads`` are those of one program."""
    at = _padded(_TABLE_ENTRY * len(slots) + 8 * len(rows))
    count = max(rows, default=-1) + 1
    areas = []
    for slot, capacity in zip(slots, capacities, strict=True):
        area = Area(slot, at, capacity, count, threads if slot.per_thread else 1)
        areas.append(area)
        at = _padded(at + area.bytes)
    return Plan(tuple(areas), tuple(rows), at)


def check_budget(layout: Plan, max_bytes: int, name: str) -> None:
    """Raise where the buffer is larger than ``max_bytes``, and say what would fit."""
    if layout.bytes <= max_bytes:
        return
    each = sum(area.bytes // max(area.rows, 1) for area in layout.areas)
    rows = max(layout.rows, default=-1) + 1
    fits = [f"max_bytes={layout.bytes}"]
    if 0 < each <= max_bytes and rows > 1:
        fits.insert(0, f"programs= with at most {max_bytes // each} of the {rows} programs")
    deepest = max((area.capacity for area in layout.areas), default=0)
    if deepest > 1:
        per_record = rows * sum(area.threads * area.slot.record_bytes for area in layout.areas)
        if (iterations := max_bytes // max(per_record, 1)) > 0:
            fits.insert(0, f"iterations={min(iterations, deepest - 1)}")
    largest = max(layout.areas, key=lambda area: area.bytes)
    raise ResourceError(
        f"kernel {name!r}: the dump needs {layout.bytes} bytes (of which {largest.slot.name} {largest.bytes}), "
        f"the budget is {max_bytes}: what fits is fewer values, or {', or '.join(fits)}"
    )


def counts(buffer: torch.Tensor, area: Area) -> torch.Tensor:
    """How often the value was computed: int64 [rows, threads]."""
    return _area(buffer, area)[:, : 8 * area.threads].contiguous().view(torch.int64)


def records(buffer: torch.Tensor, area: Area) -> tuple[torch.Tensor, torch.Tensor]:
    """The value as [rows, threads, iterations..., shape...] and its mask [rows, threads, iterations...]."""
    slot = area.slot
    shape = tuple(slot.shape)
    width = DTYPES[slot.element].itemsize
    bits = _INTEGERS[width]
    filled = torch.arange(area.capacity, device=buffer.device) < counts(buffer, area)[..., None]
    row, thread, number = filled.nonzero(as_tuple=True)
    content = _part(buffer, area, slot.header_bytes, math.prod(shape) * width)[row, number, thread]
    values = content.view(bits).reshape(-1, *shape)
    place: list[torch.Tensor] = [row, thread]
    extents = [area.rows, area.threads]
    if slot.depth:
        iterations = _part(buffer, area, 0, 8 * slot.depth)[row, number, thread].view(torch.int64)
        place += list(iterations.unbind(1))
        extents += [int(column.max()) + 1 if column.numel() else 0 for column in iterations.unbind(1)]
    out = torch.zeros(*extents, *shape, dtype=bits, device=buffer.device)
    valid = torch.zeros(extents, dtype=torch.bool, device=buffer.device)
    out[tuple(place)] = values
    valid[tuple(place)] = True
    return _as_element(out, slot.element), valid


def _as_element(bits: torch.Tensor, element: str) -> torch.Tensor:
    return bits != 0 if element == "i1" else bits.view(DTYPES[element])


def _area(buffer: torch.Tensor, area: Area) -> torch.Tensor:
    return buffer[area.offset : area.offset + area.bytes].view(area.rows, area.row_bytes)


def _part(buffer: torch.Tensor, area: Area, ahead: int, size: int) -> torch.Tensor:
    """Of each record the ``size`` bytes that each thread has behind the ``ahead`` that each has: [rows, capacity,
    threads, size]."""
    count = area.slot.count_bytes * area.threads
    records = _area(buffer, area)[:, count:].reshape(area.rows, area.capacity, area.slot.record_bytes * area.threads)
    part = records[..., ahead * area.threads : (ahead + size) * area.threads]
    return part.reshape(area.rows, area.capacity, area.threads, size)


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
