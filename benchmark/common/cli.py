"""The command line of every benchmark: ``run_benchmark`` parses it, measures or compares, and ends the process."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from common import compare, machine, plot, report
from common.report import Report

FILE_WIDTH = 150  # where the output is no terminal, whose width would be known
OUTPUT = machine.ROOT / "build" / "bench"


def make_parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python benchmark/{name}/bench.py", description=description)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for NAME.json and NAME.png (%(default)s)")
    parser.add_argument("--json", type=Path, help="the JSON file, elsewhere than in --output")
    parser.add_argument("--png", type=Path, help="the chart, elsewhere than in --output")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("OLD", "NEW"), help="compare two JSON files and stop")
    parser.add_argument("--tolerance", type=float, help="with --compare: what a row may lose, in its unit")
    return parser


def words(*known: str) -> Callable[[str], list[str]]:
    """The type of an option that takes some of these words, with commas between them."""

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [word for word in chosen if word not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: expected some of {', '.join(known)}")
        return chosen

    return parse


def numbers(text: str) -> list[int]:
    """The type of an option that takes numbers, with commas between them."""
    return [int(word) for word in text.split(",")]


def run_benchmark(
    name: str,
    parser: argparse.ArgumentParser,
    measure: Callable[[argparse.Namespace, Report], None],
    argv: list[str] | None = None,
) -> int:
    """The exit status: 1 for a regression, or where a row of ours could not be measured; 2 for files that are none."""
    options = parser.parse_args(argv)
    console = Console()
    if not console.is_terminal:
        console = Console(width=FILE_WIDTH)
    if options.compare:
        return _compare(*options.compare, options.tolerance, console)
    settings = {key: value for key, value in vars(options).items() if key not in ("compare", "tolerance")}
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in settings.items()}
    result = Report(name, machine.facts(), plain)
    measure(options, result)
    report.show(result, console)
    _save(result, options.json or options.output / f"{name}.json", options.png or options.output / f"{name}.png")
    for failure in result.failures:
        print(f"could not measure {failure}", file=sys.stderr)
    return 1 if result.failures else 0


def _save(result: Report, json_path: Path, png_path: Path) -> None:
    report.write(result, json_path)
    print(f"wrote {json_path}")
    if plot.draw(result, png_path):
        print(f"wrote {png_path}")
    else:
        print("no chart: matplotlib is not installed")


def _compare(old: Path, new: Path, tolerance: float | None, console: Console) -> int:
    try:
        changes = compare.compare(report.read(old), report.read(new), tolerance)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        return 2
    compare.show_changes(changes, console)
    worse = [f"{change.group}: {change.row}" for change in changes if change.regression]
    for name in worse:
        print(f"regression: {name}", file=sys.stderr)
    return 1 if worse else 0
