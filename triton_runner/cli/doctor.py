"""``triton-runner doctor``: what is installed, what fits, which drivers open, and what will not work and why.

A driver counts as working once a kernel has run on it and its result was right. The checks are in checks.py. Tested
in tests/python/test_cli.py.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from triton_runner.cli.answer import NO, OK, Answer
from triton_runner.cli.checks import Check, all_checks

if TYPE_CHECKING:
    from rich.console import Console

NAME = "doctor"
HELP = "tell what is installed, what fits, which drivers open, and what will not work"
DESCRIPTION = (
    "Checks this machine: versions against the ranges that are supported, the libraries, the drivers (each runs a "
    "small kernel),\nthe compiler, the tools and the cache. Exit status 1 where nothing can be launched or the "
    "installation is broken."
)
EXAMPLES = """\
  triton-runner doctor
  triton-runner doctor --json
"""
_STYLES = {"ok": "green", "absent": "yellow", "broken": "bold red"}
_MARKS = {"ok": "✓", "absent": "–", "broken": "✗"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run(options: argparse.Namespace) -> Answer:
    checks = all_checks()
    drivers = [check for check in checks if check.group == "drivers"]
    launches = any(check.state == "ok" for check in drivers)
    required = all(check.state == "ok" for check in checks if check.required)
    data = {
        "works": launches and required,
        "checks": [vars(check) for check in checks],
        "will_not_work": [f"{check.name}: {check.consequence}" for check in checks if check.consequence],
    }
    return Answer(data, lambda console: _show(console, checks), OK if data["works"] else NO)


def _show(console: Console, checks: list[Check]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    group = None
    for check in checks:
        if check.group != group:
            table.add_row("", Text(check.group, style="dim italic"), "")
            group = check.group
        table.add_row(Text(_MARKS[check.state], style=_STYLES[check.state]), check.name, check.found)
    console.print(table)
    problems = [check for check in checks if check.consequence]
    if problems:
        console.print("\nwill not work here:", style="bold")
    for check in problems:
        console.print(f"  {check.name}: {check.consequence}", style=_STYLES[check.state], soft_wrap=True)
