"""Which values of two kernels are the same value. Tested in tests/python/test_compare.py.

Two texts that list the same values in the same order are paired one by one. Otherwise values are grouped by what a pass
leaves alone (operation, Python lines, type, shape, loops), first with the name that Python gave them, then without it,
and a group is paired where both sides have the same number of members, in program order. What is left over has no
counterpart; nor have the integers and conditions of a whole program, which passes add and change as they rearrange its
loops.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeAlias

from triton_runner import _C
from triton_runner.dump.marks import mark_name

Pair: TypeAlias = tuple[int, int]
_Key: TypeAlias = Callable[[_C.Slot], Hashable]

# The same operation under its name in LLVM IR and in PTX.
_PTX_NAMES = {
    "fadd": "add",
    "fsub": "sub",
    "fmul": "mul",
    "fdiv": "div",
    "icmp": "setp",
    "fcmp": "setp",
    "select": "selp",
    "asm": "ld",
}
_INTRINSIC = re.compile(r"llvm\.(?:nvvm\.)?(?P<name>[a-z]+\d*)")
_NUMBER = re.compile(r"%\d+(#\d+)*")
_COUNTED = re.compile(r"_\d+(?=#|$)")


def match(ours: Sequence[_C.Slot], theirs: Sequence[_C.Slot]) -> list[Pair]:
    """Pairs of indices, in the program order of ``ours``."""
    if [_identity(slot) for slot in ours] == [_identity(slot) for slot in theirs]:
        return [(i, i) for i in range(len(ours)) if not ours[i].refusal and not theirs[i].refusal]
    left = {i for i, slot in enumerate(ours) if not slot.refusal and not _steers(slot)}
    right = {i for i, slot in enumerate(theirs) if not slot.refusal and not _steers(slot)}
    pairs: list[Pair] = []
    for key in (_by_mark, _by_name, _by_operation):
        found = _pair(ours, theirs, left, right, key)
        pairs += found
        left -= {one for one, _ in found}
        right -= {two for _, two in found}
    return sorted(pairs)


def _pair(ours: Sequence[_C.Slot], theirs: Sequence[_C.Slot], left: set[int], right: set[int], key: _Key) -> list[Pair]:
    groups: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for slots, indices, side in ((ours, left, 0), (theirs, right, 1)):
        for index in sorted(indices):
            name = key(slots[index])
            if name is not None:
                groups[name][side].append(index)
    return [pair for one, two in groups.values() if len(one) == len(two) for pair in zip(one, two, strict=True)]


def _identity(slot: _C.Slot) -> Hashable:
    return slot.name, slot.op, slot.element, tuple(slot.shape), slot.depth


def _form(slot: _C.Slot) -> tuple[Hashable, ...]:
    return slot.element, tuple(slot.shape), slot.depth, slot.per_thread


def _steers(slot: _C.Slot) -> bool:
    return not slot.per_thread and not slot.shape and slot.element.startswith("i") and not mark_name(slot)


def _by_mark(slot: _C.Slot) -> Hashable:
    name = mark_name(slot)
    return (name, *_form(slot)) if name else None


def _by_name(slot: _C.Slot) -> Hashable:
    """Names like %acc_12 come from Python; the number behind them does not last."""
    if slot.per_thread or _NUMBER.fullmatch(slot.name):
        return None
    return (_COUNTED.sub("", slot.name), *_by_operation(slot))


def _by_operation(slot: _C.Slot) -> tuple[Hashable, ...]:
    return (operation(slot), tuple(slot.sources), *_form(slot))


def operation(slot: _C.Slot) -> str:
    """The operation, under one name for LLVM IR and PTX."""
    op = str(slot.op)
    if not slot.per_thread:
        return op
    if intrinsic := _INTRINSIC.match(op):
        return {"maxnum": "max", "minnum": "min"}.get(intrinsic["name"], intrinsic["name"])
    return _PTX_NAMES.get(op, op.partition(".")[0])
