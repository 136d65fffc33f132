"""Compares two reports of one benchmark, and says whether something of ours became worse.

What is compared is a row's distance to its group's baseline in the same run, not its time: another machine, or a slower
day of the same one, moves both. It is a regression when the median grew by more than the tolerance and the quartiles of
the two runs do not overlap. A row of ours that the old report has and the new one lacks is one too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from common.report import Entry, Group, Report
from common.summary import Summary


@dataclass(frozen=True)
class Change:
    """What became of one row."""

    group: str
    row: str
    old: Summary | None
    new: Summary | None
    unit: str
    regression: bool
    verdict: str


def compare(old: Report, new: Report, tolerance: float | None = None) -> list[Change]:
    """Every row that either report has measured. ``tolerance`` stands in for that of each group."""
    if old.benchmark != new.benchmark:
        raise ValueError(f"one report is of {old.benchmark}, the other of {new.benchmark}")
    changes = []
    for name in dict.fromkeys(group.name for group in (*old.groups, *new.groups)):
        before, after = (_group(report, name) for report in (old, new))
        changes += _compare_groups(name, before, after, tolerance)
    return changes


def _group(report: Report, name: str) -> Group | None:
    return next((group for group in report.groups if group.name == name), None)


def _compare_groups(name: str, old: Group | None, new: Group | None, tolerance: float | None) -> Iterator[Change]:
    some = new or old
    assert some is not None
    if some.judged is None:
        return
    allowed = some.tolerance if tolerance is None else tolerance
    entries = [entry for group in (old, new) if group is not None for entry in group.entries]
    for row in dict.fromkeys(entry.name for entry in entries):
        before, after = (group.entry(row) if group else None for group in (old, new))
        values = [entry.values.get(some.judged) if entry else None for entry in (before, after)]
        if values == [None, None]:
            continue
        regression, verdict = _judge(before, *values, allowed)
        yield Change(name, row, *values, some.measures[some.judged], regression, verdict)


def _judge(before: Entry | None, old: Summary | None, new: Summary | None, allowed: float) -> tuple[bool, str]:
    if old is None:
        return False, "new"
    ours = before is not None and before.ours
    if new is None:
        return ours, "gone"
    if new.median - old.median > allowed and new.q1 > old.q3:
        return ours, "slower"
    if old.median - new.median > allowed and old.q1 > new.q3:
        return False, "faster"
    return False, "same"


def show_changes(changes: list[Change], console: Console) -> None:
    table = Table(title="relative to the baseline of the same run", title_justify="left")
    for heading in ("group", "row", "old", "new", "verdict"):
        table.add_column(heading, justify="right" if heading in ("old", "new") else "left")
    for change in changes:
        numbers = [f"{value.median:.4g} {change.unit}".rstrip() if value else "" for value in (change.old, change.new)]
        style = "red" if change.regression else ""
        table.add_row(*map(Text, (change.group, change.row, *numbers)), Text(change.verdict, style=style))
    console.print(table)
