"""A report: groups of rows, each row with summaries of what was measured, or the reason why it was not.

The same data is the JSON file, the table on the terminal and the bar chart.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from common import machine
from common.summary import Summary

FORMAT = 1
NAME_WIDTH = 64


@dataclass
class Entry:
    """One row: either ``values`` by measure, or the reason why it is ``missing``."""

    name: str
    values: dict[str, Summary] = field(default_factory=dict)
    ours: bool = False
    missing: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Group:
    """Rows that were measured together.

    Attributes:
        measures: unit of each measure, in the order of the table's columns.
        shown: the measure that the chart draws.
        judged: the measure by which two reports are compared: relative to ``baseline``, which ran in the same rounds.
        tolerance: how far ``judged`` may grow before it is a regression, in its unit.
    """

    name: str
    measures: dict[str, str]
    shown: str
    judged: str | None = None
    baseline: str | None = None
    tolerance: float = 0.0
    entries: list[Entry] = field(default_factory=list)

    def entry(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.name == name), None)


@dataclass
class Report:
    benchmark: str
    machine: dict[str, Any]
    settings: dict[str, Any]
    groups: list[Group] = field(default_factory=list)
    verdict: str = ""

    @property
    def failures(self) -> list[str]:
        """Rows of ours that could not be measured."""
        return [f"{group.name}: {entry.name}" for group in self.groups for entry in group.entries if is_failure(entry)]


def is_failure(entry: Entry) -> bool:
    return entry.ours and entry.missing is not None


def write(report: Report, path: Path) -> None:
    """Write beside and rename: whoever reads ``path`` finds the old report or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps({"format": FORMAT, **dataclasses.asdict(report)}, indent=1) + "\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> Report:
    """Read a report back; ValueError where the file is none."""
    data = json.loads(path.read_text())
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise ValueError(f"{path} is no benchmark report of format {FORMAT}")
    groups = [Group(**{**group, "entries": [_entry(entry) for entry in group["entries"]]}) for group in data["groups"]]
    return Report(**{**data, "groups": groups})


def _entry(data: dict[str, Any]) -> Entry:
    values = {name: Summary(**summary) for name, summary in data["values"].items()}
    return Entry(**{**data, "values": values})


def show(report: Report, console: Console) -> None:
    """Print one table for each group: median, and the quartiles in brackets."""
    console.print(Text(machine.title(report.machine)))
    for group in report.groups:
        table = Table(title=group.name, title_justify="left")
        table.add_column("row", max_width=NAME_WIDTH)
        for measure, unit in group.measures.items():
            table.add_column(f"{measure}, {unit}" if unit else measure, justify="right")
        notes = list(dict.fromkeys(name for entry in group.entries for name in entry.notes))
        for name in notes:
            table.add_column(name)
        for entry in group.entries:
            table.add_row(_name(entry), *_cells(group, entry, notes))
        console.print(table)
    if report.verdict:
        console.print(Text(report.verdict))


def _name(entry: Entry) -> Text:
    if entry.missing is not None:
        return Text(f"{entry.name}: not measured, {entry.missing}", style="red" if entry.ours else "dim")
    return Text(entry.name, style="bold" if entry.ours else "")


def _cells(group: Group, entry: Entry, notes: list[str]) -> list[Text]:
    numbers = [_number(entry.values.get(measure)) for measure in group.measures]
    return numbers + [Text(str(entry.notes.get(name, ""))) for name in notes]


def _number(value: Summary | None) -> Text:
    if value is None:
        return Text("")
    return Text(f"{value.median:.4g} [{value.q1:.4g} {value.q3:.4g}]" if value.count > 1 else f"{value.median:.4g}")
