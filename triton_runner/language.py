"""Dump from within a kernel: ``import triton_runner.language as dl``.

    dl.dump(acc, name="acc")           kernel.dump("acc")[grid](...) gives it; nothing to size
    dl.dump(acc, offset=0)             kernel[grid](..., dump_tensor=buffer) writes it into the float32 buffer
    dl.dump_boundary(acc, offset=0)    the same, of the last program on each axis
    dl.dump_grids(acc, offset=0)       of all programs, one behind the other

Unless a dump is asked for, these calls leave nothing behind: the kernel compiles to the code that it has without them.
Importing this file imports Triton. Tested in tests/python/test_dump_language.py.
"""

from __future__ import annotations

from typing import Any

from triton.language import core

from triton_runner.compiler.versions import installed_version
from triton_runner.dump import marks
from triton_runner.errors import UnsupportedError

__all__ = ["dump", "dump_boundary", "dump_grids"]


@core.builtin  # type: ignore[untyped-decorator]  # Triton ships no types
def dump(
    value: Any, offset: Any = 0, dump_grid: Any = None, name: Any = None, _semantic: Any = None, _builder: Any = None
) -> None:
    """Dump ``value`` of one program: ``dump_grid`` as ``x``, ``(x, y)`` or ``(x, y, z)``, else program 0.

    With a ``name``, ``kernel.dump(name)`` gives the value of every program and iteration.
    """
    _mark(value, "dump", offset, _grid(dump_grid), _plain(name), _semantic)


@core.builtin  # type: ignore[untyped-decorator]  # Triton ships no types
def dump_boundary(value: Any, offset: Any = 0, name: Any = None, _semantic: Any = None, _builder: Any = None) -> None:
    """Dump ``value`` of the last program on each axis."""
    _mark(value, "dump_boundary", offset, None, _plain(name), _semantic)


@core.builtin  # type: ignore[untyped-decorator]  # Triton ships no types
def dump_grids(value: Any, offset: Any = 0, name: Any = None, _semantic: Any = None, _builder: Any = None) -> None:
    """Dump ``value`` of all programs, in their order, each behind the one before it."""
    _mark(value, "dump_grids", offset, None, _plain(name), _semantic)


def _mark(value: Any, kind: str, offset: Any, grid: Any, name: str | None, semantic: Any) -> None:
    if not marks.active():
        return
    if semantic is None:
        raise UnsupportedError(
            f"triton_runner.language.{kind} needs Triton 3.4 or newer, and this is {installed_version()}: "
            'name the value in the dump itself, as in kernel.dump("x")'
        )
    at = _plain(offset)
    values = [semantic.to_tensor(value)]
    if not isinstance(at, int):
        values.append(semantic.to_tensor(offset))
    mark = marks.Mark(name or "dump", kind, at if isinstance(at, int) else None, grid)
    signed = [one.dtype.is_int_signed() for one in values]
    semantic.builder.create_print(mark.prefix(), False, [one.handle for one in values], signed)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, core.constexpr) else value


def _grid(grid: Any) -> tuple[int, int, int] | None:
    grid = _plain(grid)
    if grid is None:
        return None
    parts = (
        [_plain(part) for part in (grid.values if isinstance(grid, core.tuple) else grid)]
        if not isinstance(grid, int)
        else [grid]
    )
    x, y, z = (*parts, 0, 0)[:3]
    return int(x), int(y), int(z)
