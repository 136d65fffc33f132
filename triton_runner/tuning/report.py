"""``kernel.tuned``: the results so far, as a table, a chart, or a folder to ship.

Tested in tests/python/test_autotune_report.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_runner.tuning.result import Result

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH = 120
_LONGEST_LABEL = 70


class Tuned:
    """The results of an autotuned function, one for each key.

    Attributes:
        name: the kernel's.
        last: the result that the last launch of a new form took; None before the first.
    """

    def __init__(
        self,
        name: str,
        results: Callable[[], Sequence[Result]],
        arg_names: Sequence[str],
        defaults: Mapping[str, Any],
    ) -> None:
        self.name = name
        self.arg_names = list(arg_names)
        self.defaults = dict(defaults)
        self.last: Any = None
        self._results = results

    @property
    def results(self) -> list[Result]:
        return list(self._results())

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        return f"<tuned {self.name}: {len(self)} keys>"

    def __str__(self) -> str:
        from rich.console import Console

        out = io.StringIO()
        Console(file=out, width=_WIDTH).print(self)
        return out.getvalue().rstrip()

    def __rich__(self) -> Table:
        """All configs of all keys, the fastest of each first."""
        from rich.table import Table

        table = Table("key", "config", "ms", "20%-80%", "", title=f"{self.name}, autotuned")
        for result in self.results:
            key = f"{result.key.text}\n{result.key.target}, {result.key.device}"
            key += "\nfound in the cache" if result.from_cache else ""
            for index in [*result.ranking, *(i for i, o in enumerate(result.outcomes) if o.error is not None)]:
                outcome = result.outcomes[index]
                times = outcome.times or ()
                spread = f"{times[1]:.3g}-{times[2]:.3g}" if len(times) == 3 else ""
                note = "best" if index == result.winner else outcome.reason
                table.add_row(key, outcome.config, f"{times[0]:.4g}" if times else "", spread, note)
                key = ""
            table.add_section()
        return table

    def plot(self, path: str | PathLike[str] | None = None) -> Any:
        """A chart with the time of each config, one panel for each key; saved where ``path`` is given.

        Returns:
            the matplotlib figure.
        """
        from matplotlib.figure import Figure

        from triton_runner.errors import ArgumentError

        results = self.results
        if not results:
            raise ArgumentError(f"kernel {self.name!r} has not been tuned yet: launch it first")
        rows = [max(1, len(result.outcomes)) for result in results]
        figure = Figure(figsize=(10, 0.32 * sum(rows) + 0.9 * len(rows)), layout="constrained")
        panels = figure.subplots(len(results), 1, squeeze=False, height_ratios=rows)[:, 0]
        for panel, result in zip(panels, results, strict=True):
            _draw(panel, result)
        figure.suptitle(f"{self.name}, autotuned")
        if path is not None:
            figure.savefig(path)
        return figure

    def export(
        self, dir: str | PathLike[str], *, targets: Sequence[Any] | None = None, ptx: bool = False
    ) -> list[Path]:
        """Write the best config of each key into ``dir``: a cubin for each GPU target, PTX for the CPU.

        What ``dir`` holds of other kernels, keys and targets stays. ``autotune(dir=dir)`` runs them.

        Args:
            targets: also compile them for these, such as ``("sm_80", "sm_90")``; without it for the one that they
                were tuned on.
            ptx: also write the PTX of those for a GPU, so that they run on the CPU.

        Returns:
            the folders that were written.
        """
        from triton_runner.tuning.export import export

        return export(self, Path(dir), targets, ptx)


def _draw(panel: Any, result: Result) -> None:
    order = [*result.ranking, *(i for i, outcome in enumerate(result.outcomes) if outcome.error is not None)]
    outcomes = [result.outcomes[index] for index in order]
    medians = [outcome.times[0] if outcome.times else 0.0 for outcome in outcomes]
    spread = _spread(outcomes)
    colours = ["tab:green" if index == result.winner else "tab:blue" for index in order]
    panel.barh(range(len(order)), medians, xerr=spread, color=colours, height=0.7)
    for row, outcome in enumerate(outcomes):
        if outcome.error is not None:
            panel.text(0, row, _shorten(f" left out: {outcome.reason}"), va="center", fontsize=7, color="tab:red")
    panel.set_yticks(range(len(order)), [_shorten(outcome.config) for outcome in outcomes], fontsize=7)
    panel.invert_yaxis()
    panel.set_xlabel("ms", fontsize=8)
    panel.set_title(f"{result.key.text} on {result.key.target}", fontsize=9)


def _spread(outcomes: Sequence[Any]) -> list[list[float]]:
    """Below and above the median, as matplotlib takes it."""
    below, above = [], []
    for outcome in outcomes:
        times = outcome.times if outcome.times and len(outcome.times) == 3 else (0.0, 0.0, 0.0)
        below.append(max(0.0, times[0] - times[1]))
        above.append(max(0.0, times[2] - times[0]))
    return [below, above]


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
