"""``triton-runner bisect``: which pass makes a kernel wrong, slower or larger.

Tested in tests/python/test_cli_bisect.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_runner.cli.answer import NO, OK, Answer, print_difference
from triton_runner.cli.launching import (
    ARGUMENTS_HELP,
    add_launch_arguments,
    choose_device,
    parse_arguments,
    runner_of,
)
from triton_runner.cli.reference import call_reference
from triton_runner.cli.source import Source, compile_options, import_member, named_values, read_source
from triton_runner.cli.values import evaluate_counts
from triton_runner.errors import ArgumentError

if TYPE_CHECKING:
    from rich.console import Console

NAME = "bisect"
HELP = "find the pass that makes a kernel wrong, slower or larger"
DESCRIPTION = (
    "Lowers the module after each pass in another way, launches what comes of it, and names the first pass after which "
    "the result is\nwrong (or slower, or larger), with what it did to the IR. What is compared with: a second Triton "
    "(--triton), other options\n(--against), the same pipeline without --skip-pass and --replace, or a reference "
    "(--check), for which each pass is left out in turn.\nExit status 1 where a pass is to blame, 0 where none is.\n\n"
    + ARGUMENTS_HELP
)
EXAMPLES = """\
  triton-runner bisect matmul.py:matmul 'a=fp16[128,64]' 'b=fp16[64,128]' 'c=fp32[128,128]=zeros' --grid 4 \\
      --check reference.py:matmul --replace pipeline=edited.mlir
  triton-runner bisect kernel.py:softmax 'x=fp32[64,256]' 'y=fp32[64,256]=empty' n=256 --grid 64 \\
      --metric registers --triton /opt/triton-3.5.1 --target sm_90
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="kernel.py:function, TTIR or TTGIR")
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="an argument of the kernel, see above")
    group = parser.add_argument_group("what to compare")
    group.add_argument("--check", metavar="FILE.py:FUNCTION", help="a reference in Python, as for `run`")
    group.add_argument("--rtol", type=float, help="of the comparison")
    group.add_argument("--atol", type=float, help="of the comparison")
    group.add_argument("--metric", choices=("values", "time", "registers", "spills", "shared"), default="values")
    group.add_argument("--triton", metavar="PATH", help="trust this Triton: a folder that holds it, or its Python")
    group.add_argument("--against", metavar="NAME=VALUE", action="append", default=[], help="trust these options")
    group.add_argument("--leave-out", action="store_true", help="leave each pass out in turn in any case")
    edits = parser.add_argument_group("the pipeline under suspicion")
    edits.add_argument("--target", help="sm_90, gfx942, ...; without it that of the device")
    edits.add_argument("--start-pass", metavar="PASS", help="FILE is the module after this pass")
    edits.add_argument("--skip-pass", metavar="PASS", action="append", default=[], help="it goes without (repeatable)")
    edits.add_argument(
        "--replace", metavar="PASS=FILE", action="append", default=[], help="FILE is the module after PASS (repeatable)"
    )
    add_launch_arguments(parser)


def run(options: argparse.Namespace) -> Answer:
    import triton_runner

    reference = import_member(options.check) if options.check else None
    source = read_source(options.file, options.config)
    args, values, grid = _arguments(source, options)
    keywords = {
        "metric": options.metric,
        "target": options.target,
        "options": compile_options(source, options),
        "triton": options.triton,
        "against_options": named_values(options.against, "--against") or None,
        "leave_out": options.leave_out,
        **{name: getattr(options, name) for name in ("rtol", "atol", "level", "metadata", "name")},
        **_edits(options),
    }
    expected = _reference(reference, values, options.check) if reference else None
    kernel = source.function if source.function is not None else source.given
    found = triton_runner.bisect(kernel, args, expected, grid=grid, **keywords)
    return Answer(found.to_json(), lambda console: _show(console, found), NO if found else OK)


def _arguments(source: Source, options: argparse.Namespace) -> tuple[Any, dict[str, Any], tuple[int, ...]]:
    """(the arguments, all of them by name, the grid)."""
    words: Sequence[str] = options.arguments
    if source.function is not None:
        names, defaults = runner_of(source.function)[1:]
    else:
        names, defaults = [f"argument {index}" for index in range(len(words))], {}
    device = choose_device(options.device)
    args, kwargs, known = parse_arguments(words, names, {**defaults, **source.configured}, device, options.seed)
    values = known["values"]
    grid = evaluate_counts(options.grid, values)
    if source.function is not None:
        return {**source.configured, **{name: values[name] for name in known["given"]}}, values, grid
    if args and kwargs:
        raise ArgumentError(f"{source.given}: give either all arguments a name, or none")
    return args or kwargs, values, grid


def _reference(reference: Callable[..., Any], values: dict[str, Any], label: str) -> Callable[..., Any]:
    """The reference as ``triton_runner.bisect`` calls it: with all arguments, and one tensor or a dict in return."""

    def call(*args: Any, **kwargs: Any) -> Any:
        found = call_reference(reference, {**values, **dict(zip(values, args, strict=False)), **kwargs}, label)
        if isinstance(found, list):
            if len(found) > 1:
                raise ArgumentError(f"{label} returned {len(found)} tensors, expected one, or a dict by parameter")
            return found[0]
        return found

    return call


def _edits(options: argparse.Namespace) -> dict[str, Any]:
    edits: dict[str, Any] = {}
    if options.start_pass:
        edits["start_pass"] = options.start_pass
    if options.skip_pass:
        edits["skip_passes"] = options.skip_pass
    for pair in options.replace:
        name, _, path = pair.partition("=")
        if not path:
            raise ArgumentError(f"--replace {pair}: expected PASS=FILE")
        edits.setdefault("replace_after", {})[name] = Path(path)
    return edits


def _show(console: Console, found: Any) -> None:
    from rich.table import Table

    console.print(f"{found.suspect}, against {found.trusted} ({found.method}, {found.metric})", style="bold")
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    for title in ("after", "verdict"):
        table.add_column(title)
    table.add_column("error" if found.metric == "values" else found.metric, justify="right")
    table.add_column("", overflow="fold")
    styles = {"good": "green", "bad": "red", "unknown": "yellow"}
    for point in (found.baseline, *found.points):
        value = "" if point.value is None else f"{point.value:.6g}"
        verdict = f"[{styles.get(point.verdict, '')}]{point.verdict}[/]"
        table.add_row(str(point.position or ""), point.what, verdict, value, point.detail)
    console.print(table)
    console.print(found.conclusion, style="bold red" if found else "bold green", soft_wrap=True)
    if found:
        print_difference(console, found.diff())
