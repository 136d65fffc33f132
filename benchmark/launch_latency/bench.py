"""What a launch costs the host: the doors of triton_runner, the driver alone, Triton and its peers, in one process.

    python benchmark/launch_latency/bench.py [--quick] [--only warm|cold] [--rows GLOB] [--output FOLDER]
    python benchmark/launch_latency/bench.py --compare OLD.json NEW.json [--tolerance MICROSECONDS]

docs/benchmarks.md says what each row measures. Tested in tests/python/test_benchmark_programs.py.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.extend(str(Path(__file__).parents[up]) for up in (1, 2))

import cases
import cold_start
import graph
import ours
import overheads
import theirs
import torch
from common import cli
from common.report import Entry, Group, Report
from common.summary import Summary, differences
from common.timing import Missing, Row, measure

import triton_runner
from triton_runner.torch_utils import get_active_torch_device

NAME = "launch_latency"
ABOVE = "above the floor"
TOLERANCE_US = 0.3
GRAPH_CASE = "19 arguments"
CAPTURED = (theirs.TRITON, ours.JIT, ours.KERNEL, ours.BOUND, ours.OP)
REPLAYS = 5  # of a graph between two waits
TORCH_GROUP = "calls of torch, for scale"

Maker = tuple[str, Callable[[], Callable[[int], float]]]


def main(argv: list[str] | None = None) -> int:
    parser = cli.make_parser(NAME, __doc__.splitlines()[0])
    parser.add_argument("--only", choices=("warm", "cold"), help="the launches of a warm process, or the cold starts")
    parser.add_argument("--rows", default="*", metavar="GLOB", help="only the rows whose name matches")
    parser.add_argument("--lists", default="*", metavar="GLOB", help="only the argument lists whose name matches")
    parser.add_argument("--batch", type=int, help="launches between two waits: 200, on the CPU 5")
    parser.add_argument("--rounds", type=int, help="batches of each row: 100, with --quick 30, on the CPU 5")
    parser.add_argument("--cold-starts", type=int, help="processes for each cold start: 3, with --quick 2")
    return cli.run_benchmark(NAME, parser, run, argv)


def run(options: argparse.Namespace, report: Report) -> None:
    device = get_active_torch_device()
    triton_runner.set_launch_message(False)
    if options.only != "cold":
        bench = Bench(device, options)
        bench.add_argument_lists(report)
        bench.add_torch_calls(report)
    if options.only != "warm":
        repeats = options.cold_starts or (2 if options.quick else 3)
        report.groups += cold_start.measure(device, repeats, options.rows)


class Bench:
    """The launches of one warm process."""

    def __init__(self, device: torch.device, options: argparse.Namespace) -> None:
        self.device = device
        self.on_gpu = device.type == "cuda"
        self.stream = torch.cuda.current_stream().cuda_stream if self.on_gpu else 0
        self.batch = options.batch or (200 if self.on_gpu else 5)
        self.rounds = options.rounds or (5 if not self.on_gpu else 30 if options.quick else 100)
        self.rows_glob, self.lists_glob = options.rows, options.lists

    def synchronize(self) -> None:
        if self.on_gpu:
            torch.cuda.synchronize()

    def add_argument_lists(self, report: Report) -> None:
        for case in cases.make_cases(self.device):
            if not fnmatch.fnmatch(case.name, self.lists_glob):
                continue
            makers = [*theirs.launchers(case, self.stream)] if self.on_gpu else []
            rows = self.prepare(makers, case) + self.prepare(ours.doors(case, self.device), case, is_ours=True)
            rows += self.prepare([(overheads.NO_OP, lambda case=case: overheads.no_op(case))])
            if rows:
                report.groups.append(self.measure(case.name, rows, theirs.FLOOR))
            if case.name == GRAPH_CASE and self.on_gpu:
                report.groups += self.graph_of(rows, case)

    def add_torch_calls(self, report: Report) -> None:
        if not fnmatch.fnmatch(TORCH_GROUP, self.lists_glob):
            return
        rows = self.prepare(overheads.torch_calls(self.device))
        if rows:
            report.groups.append(self.measure(TORCH_GROUP, rows, None))

    def graph_of(self, rows: list[Row | Missing], case: cases.Case) -> list[Group]:
        """The rows that follow torch's current stream, and can be captured therefore, each as a graph."""
        captured: list[Row | Missing] = []
        for row in rows:
            if isinstance(row, Row) and row.name in CAPTURED:
                makers = [(row.name, lambda launch=row.run: graph.capture(launch))]
                captured += self.prepare(makers, case, is_ours=row.ours)
        if not captured:
            return []
        title = f"CUDA graph of {graph.LAUNCHES} launches, {case.name}, µs for each of them"
        return [self.measure(title, captured, theirs.TRITON, batch=REPLAYS, per_call=graph.LAUNCHES)]

    def prepare(
        self, makers: Iterable[Maker], case: cases.Case | None = None, *, is_ours: bool = False
    ) -> list[Row | Missing]:
        """Make each row, launch it once and check what it left. What cannot be made says why."""
        rows: list[Row | Missing] = []
        for name, make in makers:
            if not fnmatch.fnmatch(name, self.rows_glob):
                continue
            try:
                run = make()
                if case is not None:
                    case.check(run, self.synchronize)
                rows.append(Row(name, run, is_ours))
            except Exception as error:
                rows.append(Missing(name, describe(error), is_ours))
        return rows

    def measure(
        self, title: str, rows: list[Row | Missing], floor: str | None, *, batch: int = 0, per_call: int = 1
    ) -> Group:
        present = [row for row in rows if isinstance(row, Row)]
        times = measure(present, batch=batch or self.batch, rounds=self.rounds, synchronize=self.synchronize)
        for one in times.values():
            one.host = [value / per_call for value in one.host]
            one.wall = [value / per_call for value in one.wall]
        base = times.get(floor) if floor else None
        above = ABOVE if floor == theirs.FLOOR else f"above {floor}"
        measures = {"host": "µs", above: "µs", "wall": "µs"} if base else {"host": "µs", "wall": "µs"}
        group = Group(title, measures, "host", above if base else None, floor if base else None, TOLERANCE_US)
        for row in rows:
            if isinstance(row, Missing):
                group.entries.append(Entry(row.name, ours=row.ours, missing=row.reason))
                continue
            one = times[row.name]
            values = {"host": Summary.of(one.host), "wall": Summary.of(one.wall)}
            if base:
                values[above] = Summary.of(differences(one.host, base.host))
            group.entries.append(Entry(row.name, values, row.ours))
        return group


def describe(error: BaseException) -> str:
    """The kind of error and its first line: enough for a cell of the table."""
    text: Any = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
