"""From selectors to values. Tested in tests/python/test_dump_selection.py.

A selector is a string or a compiled regular expression:

    "*"              everything that can be dumped
    "%acc_12"        the value of that name; "%3#1" one result of several; "%x@42" the one of IR line 42
    "tt.load"        every value of that operation; "tt.load[1]" the second; "ld" at PTX also finds ld.global.b32
    "softmax.py:31"  every value of that Python line; ":31" in whichever file
    "acc"            every value of that Python variable, or the one that the kernel gave this name with dl.dump
    "/^%acc/"        every value whose name, operation or variable the expression finds
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from triton_runner import _C
from triton_runner.dump.marks import mark_name
from triton_runner.errors import ArgumentError, UnsupportedError

Selector: TypeAlias = "str | re.Pattern[str]"
_Test: TypeAlias = Callable[[_C.Slot], bool]

_LINE = re.compile(r"(?P<file>[^%]*):(?P<line>\d+)")
_KTH = re.compile(r"(?P<op>[\w.]+)\[(?P<index>-?\d+)\]")
_MOST_LISTED = 12


def select(slots: Sequence[_C.Slot], selectors: Iterable[Selector], op: str | None = None) -> list[int]:
    """Indices of the selected slots, in program order. ``op`` narrows all selectors but names.

    Raises:
        ArgumentError: nothing has that name, or several values have it.
        UnsupportedError: a value that was named cannot be dumped.
    """
    wanted = list(selectors)
    chosen: set[int] = set()
    for selector in wanted or ["*"]:
        chosen.update(_matches(slots, selector, op))
    return sorted(chosen)


def key_of(slots: Sequence[_C.Slot], index: int) -> str:
    """What a slot is called among all: its name, with the line where the name stands twice."""
    slot = slots[index]
    name = mark_name(slot) or slot.name
    same = [other for other in slots if other.name == slot.name]
    return name if len(same) == 1 or mark_name(slot) else f"{name}@{slot.line}"


def _matches(slots: Sequence[_C.Slot], selector: Selector, op: str | None) -> list[int]:
    marked = [i for i, slot in enumerate(slots) if isinstance(selector, str) and mark_name(slot) == selector]
    if marked:
        return marked
    if isinstance(selector, str) and selector.startswith("%"):
        return [_named(slots, selector)]
    test, kth = _test(selector)
    found_all = [i for i, slot in enumerate(slots) if test(slot) and (op is None or _is_op(slot, op))]
    if kth is not None and found_all:
        if not -len(found_all) <= kth < len(found_all):
            raise ArgumentError(f"selector {selector!r}: there are {len(found_all)} of them, counted from 0")
        found_all = [found_all[kth]]
    if not found_all:
        raise ArgumentError(
            f"no value is selected by {_text(selector)}{_of_op(op)}; {_nearest(slots, _plain(selector))}"
        )
    able = [i for i in found_all if not slots[i].refusal]
    if not able:
        raise _refused(slots[found_all[0]])
    return able


def _named(slots: Sequence[_C.Slot], selector: str) -> int:
    name, _, line = selector.partition("@")
    found = [i for i, slot in enumerate(slots) if slot.name == name and (not line or str(slot.line) == line)]
    if not found:
        parts = [slot.name for slot in slots if slot.name.startswith(f"{name}#")]
        if parts and not line:
            raise ArgumentError(f"{name} is ambiguous: it is one of {_listed(parts)}")
        raise ArgumentError(f"there is no value {selector}; {_nearest(slots, name)}")
    if len(found) > 1:
        each = [f"{name}@{slots[i].line} ({slots[i].op})" for i in found]
        raise ArgumentError(f"{name} is ambiguous: it is one of {_listed(each)}")
    if slots[found[0]].refusal:
        raise _refused(slots[found[0]])
    return found[0]


def _test(selector: Selector) -> tuple[_Test, int | None]:
    if isinstance(selector, re.Pattern):
        return _finds(selector), None
    if not isinstance(selector, str):
        raise ArgumentError(f"a selector is a string or a regular expression, found {selector!r}")
    if selector == "*":
        return lambda slot: True, None
    if len(selector) > 1 and selector.startswith("/") and selector.endswith("/"):
        try:
            return _finds(re.compile(selector[1:-1])), None
        except re.error as error:
            raise ArgumentError(f"selector {selector!r} is no regular expression: {error}") from None
    if kth := _KTH.fullmatch(selector):
        name = kth["op"]
        return lambda slot: _is_op(slot, name), int(kth["index"])
    if line := _LINE.fullmatch(selector):
        file, number = line["file"], int(line["line"])
        return lambda slot: any(at == number and _is_file(path, file) for path, at in slot.sources), None
    return lambda slot: _is_op(slot, selector) or slot.variable == selector, None


def _finds(pattern: re.Pattern[str]) -> _Test:
    return lambda slot: any(pattern.search(text) for text in (slot.name, slot.op, slot.variable) if text)


def _is_op(slot: _C.Slot, op: str) -> bool:
    return slot.op == op or slot.op.startswith(f"{op}.")


def _is_file(path: str, file: str) -> bool:
    return not file or path == file or path.endswith(f"/{file}")


def _refused(slot: _C.Slot) -> UnsupportedError:
    return UnsupportedError(f"value {slot.name} ({slot.op}, IR line {slot.line}) cannot be dumped: {slot.refusal}")


def _nearest(slots: Sequence[_C.Slot], text: str) -> str:
    known = dict.fromkeys(
        word for slot in slots for word in (mark_name(slot) or slot.name, slot.op, slot.variable) if word
    )
    near = difflib.get_close_matches(text, known, n=4, cutoff=0.5)
    if near:
        return f"did you mean {_listed(near)}?"
    return f"kernel.dumpable() lists the {len(slots)} values"


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_MOST_LISTED])
    return shown if len(words) <= _MOST_LISTED else f"{shown} and {len(words) - _MOST_LISTED} more"


def _plain(selector: Selector) -> str:
    return selector if isinstance(selector, str) else selector.pattern


def _text(selector: Selector) -> str:
    return repr(_plain(selector))


def _of_op(op: str | None) -> str:
    return f" among the results of {op}" if op else ""
