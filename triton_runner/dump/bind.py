"""From ``kernel.dump(...)[grid](*args)`` to a call: for kernels that are held, and for jit functions.

Tested in tests/python/test_dump.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triton_runner import _C
from triton_runner.dump import marks
from triton_runner.dump.edited import Source, metadata_of, source_of
from triton_runner.dump.run import Call, Request
from triton_runner.kernel import Kernel


class Dumpable(list[_C.Slot]):
    """Every value of a kernel that can be named, in program order. Its repr is a table."""

    def __repr__(self) -> str:
        rows: list[tuple[str, ...]] = [("name", "operation", "type", "loops", "layout", "source")]
        rows += [_row(slot) for slot in self]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)


def _row(slot: _C.Slot) -> tuple[str, ...]:
    extents = "x".join(map(str, slot.shape))
    kind = f"{extents}x{slot.element}" if extents else slot.element
    file, line = slot.sources[-1] if slot.sources else ("", 0)
    where = f"{file.rpartition('/')[2]}:{line}" if file else f"line {slot.line}"
    name = marks.mark_name(slot) or slot.name
    return name, slot.op, kind, str(slot.depth), slot.layout, where


def dumpable(source: Source) -> Dumpable:
    """What :meth:`Kernel.dumpable` lists."""
    return Dumpable(slot for slot in source.slots() if not slot.refusal)


def bind_kernel(kernel: Kernel, args: Sequence[Any], kwargs: Mapping[str, Any], request: Request) -> Call:
    """A call of a kernel that is held."""
    lists = kernel.op_args(*args, **kwargs)
    return Call(source_of(kernel, request.level), *lists, named=kernel.named_args(args, kwargs))


def bind_function(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], request: Request) -> Call:
    """A call of a jit function: from its Python source with its marks, or from the artifact that the launch names."""
    from triton_runner import launcher

    found = launcher.resolve(function, args, dict(kwargs))
    source = function_source(found, request.level)
    return Call(source, *found.kernel.op_args(*found.values), named=found.bound)


def function_source(found: Any, level: str | None) -> Source:
    """The IR of a resolved launch. From Python it is compiled again with the marks of ``triton_runner.language``."""
    plain = source_of(found.kernel, level)
    top = next(iter(found.kernel.artifacts))
    if found.compile_to is None or plain.level != top:
        return plain
    with marks.kept():
        marked = found.compile_to(top, "+marks")
    text = marked.artifacts[top]
    return Source(found.kernel, top, text, {**marked.metadata, **_launch_fields(found.kernel)})


def _launch_fields(kernel: Kernel) -> dict[str, Any]:
    return {"triton_runner_build": metadata_of(kernel).get("triton_runner_build", {})}
