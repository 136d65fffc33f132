"""Interleaved timing: every round runs one batch of every row, in an order drawn anew.

Whatever changes with time (clocks, temperature, another tenant of the machine) then meets all rows alike, and rows can
be compared round by round. A row is anything that repeats its work n times and returns the seconds that it took.
"""

from __future__ import annotations

import random
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WARMUP_ROUNDS = 2


@dataclass(frozen=True)
class Row:
    """One way to do the work.

    Attributes:
        run: does the work n times without waiting for the device, and returns the seconds that the host took.
        ours: whether it is triton_runner's, which a comparison of two reports judges.
    """

    name: str
    run: Callable[[int], float]
    ours: bool = False


@dataclass(frozen=True)
class Missing:
    """A way to do the work that cannot be measured here, and why."""

    name: str
    reason: str
    ours: bool = False


def statement(code: str, names: Mapping[str, Any]) -> Callable[[int], float]:
    """A ``Row.run`` that repeats a line of Python, inlined in its loop, so that no call of a lambda is measured."""
    return timeit.Timer(code, globals=dict(names)).timeit


@dataclass
class Times:
    """Microseconds of one call, a sample a round: until the host is free again, and until the device is done."""

    host: list[float]
    wall: list[float]


def measure(
    rows: Sequence[Row], *, batch: int, rounds: int, synchronize: Callable[[], None], seed: int = 0
) -> dict[str, Times]:
    """Time all rows, interleaved. ``batch`` must be smaller than the launch queue, else the host waits for the GPU."""
    times = {row.name: Times([], []) for row in rows}
    order = random.Random(seed)
    for number in range(WARMUP_ROUNDS + rounds):
        for row in order.sample(rows, len(rows)):
            synchronize()
            start = time.perf_counter()
            host = row.run(batch)
            synchronize()
            wall = time.perf_counter() - start
            if number >= WARMUP_ROUNDS:
                times[row.name].host.append(host / batch * 1e6)
                times[row.name].wall.append(wall / batch * 1e6)
    return times
