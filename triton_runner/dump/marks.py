"""The marks that ``triton_runner.language`` leaves in the IR of a kernel while it is compiled for a dump.

A mark is a ``tt.print`` whose prefix names it; csrc/ir/mlir_marks.h reads it as a value of its own and takes it out
again. Outside of a dump nothing is left, so the kernel compiles to the code that it has without. Tested in
tests/python/test_dump_language.py.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from triton_runner import _C

PREFIX = "triton_runner.dump:"

_active: contextvars.ContextVar[bool] = contextvars.ContextVar("triton_runner_marks", default=False)


@dataclass(frozen=True)
class Mark:
    """What one call of ``triton_runner.language`` asked for."""

    name: str
    kind: str  # "dump", "dump_boundary", "dump_grids"
    offset: int | None  # into the user's buffer; None where a second value of the mark tells it
    grid: tuple[int, int, int] | None
    part: int = 0  # 0 the value, 1 its offset

    def prefix(self) -> str:
        fields = {"name": self.name, "kind": self.kind, "offset": self.offset, "grid": self.grid}
        return PREFIX + json.dumps(fields).encode().hex()


def mark_of(slot: _C.Slot) -> Mark | None:
    """The mark that a slot stands for."""
    if not slot.name.startswith(PREFIX):
        return None
    code, _, part = slot.name[len(PREFIX) :].partition("#")
    fields: dict[str, Any] = json.loads(bytes.fromhex(code))
    grid = fields["grid"]
    return Mark(fields["name"], fields["kind"], fields["offset"], tuple(grid) if grid else None, int(part or 0))


def mark_name(slot: _C.Slot) -> str:
    """The name of a marked value; empty for all others."""
    mark = mark_of(slot)
    if mark is None:
        return ""
    return mark.name if mark.part == 0 else f"{mark.name}.offset"


def active() -> bool:
    """Whether the kernel that is being compiled is to keep its marks."""
    return _active.get()


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Compile with marks."""
    token = _active.set(True)
    try:
        yield
    finally:
        _active.reset(token)
