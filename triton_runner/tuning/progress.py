"""The progress bar of a search, on a terminal; elsewhere nothing is drawn.

Tested in tests/python/test_autotune.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from triton_runner import messages


@contextlib.contextmanager
def bar(what: str, total: int, wanted: bool | None) -> Iterator[Callable[[], None]]:
    """Yields what to call after each step. ``wanted=None`` draws where there is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    drawn = (console.is_terminal and messages.is_on()) if wanted is None else wanted
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not drawn) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
