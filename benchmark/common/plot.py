"""Draws a report as a PNG: one panel for each group, one bar for each row, the quartiles as whiskers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from common import machine
from common.report import Entry, Group, Report

OURS, OTHERS = "#1f77b4", "#b0b0b0"
PANEL_WIDTH, BAR_HEIGHT, PANEL_MARGIN = 7.0, 0.3, 1.1  # inches


def draw(report: Report, path: Path, columns: int = 2) -> bool:
    """Write the chart. False where matplotlib is not installed."""
    try:
        # Without the global pyplot: no window system is looked for, and nothing of the caller's is changed.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    groups = [group for group in report.groups if _measured(group)]
    if not groups:
        return True
    columns = min(columns, len(groups))
    rows = math.ceil(len(groups) / columns)
    tallest = max(len(_measured(group)) for group in groups)
    size = (PANEL_WIDTH * columns, (tallest * BAR_HEIGHT + PANEL_MARGIN) * rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(f"{report.benchmark}: {machine.title(report.machine)}", fontsize=10)
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for group, panel in zip(groups, panels, strict=False):
        _draw_group(panel, group)
    for panel in list(panels):
        panel.set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_png(str(path))
    return True


def _measured(group: Group) -> list[Entry]:
    return [entry for entry in group.entries if group.shown in entry.values]


def _draw_group(panel: Any, group: Group) -> None:
    entries = _measured(group)
    values = [entry.values[group.shown] for entry in entries]
    whiskers = [[value.median - value.q1 for value in values], [value.q3 - value.median for value in values]]
    bars = panel.barh(
        range(len(entries)),
        [value.median for value in values],
        xerr=whiskers,
        color=[OURS if entry.ours else OTHERS for entry in entries],
        error_kw={"elinewidth": 1},
    )
    panel.bar_label(bars, labels=[f"{value.median:.3g}" for value in values], padding=4, fontsize=7)
    panel.set_yticks(range(len(entries)), [entry.name for entry in entries], fontsize=7)
    panel.invert_yaxis()
    panel.margins(x=0.15)
    panel.set_title(group.name, fontsize=9)
    unit = group.measures[group.shown]
    panel.set_xlabel(f"{group.shown}, {unit}" if unit else group.shown, fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)
