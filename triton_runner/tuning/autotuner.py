"""The autotuned function: Triton's own class with another search and another launch.

It stays a subclass, so that heuristics lie above it and tools that look for an Autotuner find one. Tested in
tests/python/test_autotune.py.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from triton.runtime.autotuner import Autotuner

from triton_runner import _C
from triton_runner.compiler.versions import autotuning
from triton_runner.errors import ArgumentError
from triton_runner.tuning.launching import Stack
from triton_runner.tuning.report import Tuned
from triton_runner.tuning.search import Settings
from triton_runner.tuning.tuner import tuner_of

_NAMING = ("key", "reset_to_zero", "restore_value")


class RunnerAutotuner(_C.Indexable, Autotuner):  # type: ignore[misc]  # Triton ships no types
    """What ``@triton_runner.autotune`` makes. Its door is its tuner's."""

    def __init__(self, function: Any, settings: Settings, arguments: Mapping[str, Any]) -> None:
        names = Stack(function).names
        for argument in _NAMING:
            for name in arguments[argument] or ():
                if name not in names:
                    near = difflib.get_close_matches(name, names, n=1)
                    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names)}"
                    raise ArgumentError(f"autotune: {argument} names {name!r}, which the kernel has not: {hint}")
        autotuning.construct(self, function, **arguments)
        self._tuner = tuner_of(self, lambda: settings)

    def __repr__(self) -> str:
        return f"triton_runner.autotune({self.fn!r}, {len(self.configs)} configs)"

    @property
    def tuned(self) -> Tuned:
        """The results so far."""
        return self._tuner.tuned

    def open_door(self) -> _C.TunedDoor:
        door: _C.TunedDoor = self._tuner.door
        return door

    def launch(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What the door calls for what it does not know."""
        return self._tuner.launch(grid, args, kwargs)

    def run(self, *args: Any, grid: Any, warmup: bool = False, **kwargs: Any) -> Any:
        return self._tuner.warmup(grid, args, kwargs) if warmup else self.at(grid)(*args, **kwargs)

    def warmup(self, *args: Any, grid: Any = None, **kwargs: Any) -> Any:
        """Compile all configs; returns the kernels of those that compile."""
        kwargs.pop("warmup", None)
        return self._tuner.warmup(grid, args, kwargs)
