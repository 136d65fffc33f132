"""``autotune(dir=...)``: runs what ``kernel.tuned.export`` wrote. Nothing is measured; Triton is not imported.

For each key the entry of exactly that key is taken, else the nearest, and of its kernels the first that takes the
arguments. Tested in tests/python/test_autotune_export.py.
"""

from __future__ import annotations

import functools
import logging
import math
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from triton_runner import _C, messages
from triton_runner.compiler.target import device_target
from triton_runner.errors import ArgumentError
from triton_runner.kernel import Kernel
from triton_runner.tuning.arguments import by_name, make_key, tensors
from triton_runner.tuning.device import device_name
from triton_runner.tuning.report import Tuned
from triton_runner.tuning.result import Key, Result
from triton_runner.tuning.shipped_entry import CPU, ShippedEntry, read_entries

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """What a launch took: for which key it was asked, and of which key the config is."""

    asked: Key
    found: Key
    config: str

    @property
    def exact(self) -> bool:
        return self.asked.values == self.found.values


class Shipped(_C.Indexable):
    """The tuned kernel of a folder: ``kernel[grid](*args)``. Called with a function or a name, the kernel of that name.

    Attributes:
        chosen: what the last launch of a new form took (:class:`Choice`); None before the first.
        best_config: the config of the last launch, as text.
        tuned: the results that came with it.
    """

    def __init__(self, dir: str | PathLike[str], function: Any = None, entries: Sequence[ShippedEntry] = ()) -> None:
        self.dir = Path(dir)
        self.fn = function
        self.chosen: Choice | None = None
        self._entries = list(entries) or read_entries(self.dir)
        self.best_config: str | None = None  # the door sets it too
        self._heuristics: list[Mapping[str, Callable[..., Any]]] = []
        while hasattr(function, "fn"):  # heuristics above a jit function, told without importing Triton
            if isinstance(values := getattr(function, "values", None), Mapping):
                self._heuristics.append(values)
            function = function.fn

    def __call__(self, function: Any) -> Shipped:
        base = function
        while hasattr(base, "fn"):
            base = base.fn
        name = base if isinstance(base, str) else base.__name__
        chosen = [entry for entry in self._entries if entry.kernel_name == name]
        if not chosen:
            raise ArgumentError(f"{self.dir} has no kernel {name!r}, but {', '.join(self._names())}")
        return Shipped(self.dir, None if isinstance(function, str) else function, chosen)

    def __repr__(self) -> str:
        return f"triton_runner.autotune(dir={str(self.dir)!r}): {', '.join(self._names())}"

    @property
    def arg_names(self) -> list[str]:
        return self._first.arg_names

    @functools.cached_property
    def tuned(self) -> Tuned:
        results: dict[Key, Result] = {entry.key: entry.result for entry in self._entries}
        return Tuned(self._first.kernel_name, lambda: list(results.values()), self.arg_names, self._first.defaults)

    def open_door(self) -> _C.TunedDoor:
        keys = [name for name, _ in self._first.key.values]
        return _C.TunedDoor(self.arg_names, [name in keys for name in self.arg_names])

    def run(self, *args: Any, grid: Any, warmup: bool = False, **kwargs: Any) -> None:
        """As heuristics that lie above it call it."""
        if not warmup:
            self.at(grid)(*args, **kwargs)

    def launch(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Launch the config that is nearest to these arguments. The door calls it for a form that it does not know."""
        arguments = by_name(self.arg_names, args, kwargs)
        if len(arguments) != len(args) + len(kwargs):
            self._raise_arguments(args, kwargs)
        asked, ranked = self._rank(arguments)
        entry = self.launch_first(grid, arguments, ranked)
        self._tell(asked, entry)
        config = entry.result.best.config
        if entry is ranked[0] and not self._heuristics and entry.takes_as_given(arguments):
            self.door.add(tuple(args), kwargs, _Direct(self, ranked), entry.constants, config)
        else:
            self.door.add(tuple(args), kwargs, _Ranked(self, ranked), {}, config)

    def launch_first(self, grid: Any, arguments: dict[str, Any], ranked: Sequence[ShippedEntry]) -> ShippedEntry:
        """Launch the first of ``ranked`` that takes the arguments."""
        refused: ArgumentError | None = None
        for entry in ranked:
            try:
                entry.launch(grid, self._with_heuristics(arguments, entry))
            except ArgumentError as error:
                refused = refused or error
            else:
                return entry
        assert refused is not None, "there is one to try"
        raise refused

    def _with_heuristics(self, arguments: dict[str, Any], entry: ShippedEntry) -> dict[str, Any]:
        if not self._heuristics:
            return arguments
        complete = {**arguments, **entry.constants}
        for values in self._heuristics:
            for name, value_of in values.items():
                complete[name] = value_of(complete)
        return {name: value for name, value in complete.items() if name not in entry.constants}

    def _rank(self, arguments: Mapping[str, Any]) -> tuple[Key, list[ShippedEntry]]:
        """The entries that may run on this device with these dtypes, the nearest first."""
        found = next(iter(tensors(arguments).values()), None)
        device = found.device if found is not None else torch.device("cpu")
        on_gpu = device.type == "cuda"
        runs_on = device_target(device.index).name if on_gpu else CPU
        keys = [name for name, _ in self._first.key.values]
        asked = make_key(keys, arguments, runs_on, device_name(on_gpu, device.index or 0))
        fitting = [entry for entry in self._entries if entry.fits_target(runs_on)]
        distances = {id(entry): entry.distance(asked) for entry in fitting}
        ranked = sorted(
            (entry for entry in fitting if distances[id(entry)] < math.inf),
            key=lambda entry: (
                distances[id(entry)],
                entry.key.device != asked.device,
                entry.runs_on != runs_on,
                entry.general,
            ),
        )
        if not ranked:
            self._raise_nothing(asked)
        return asked, ranked

    def _tell(self, asked: Key, entry: ShippedEntry) -> None:
        self.chosen = Choice(asked, entry.key, entry.result.best.config)
        self.tuned.last = entry.result
        self.best_config = entry.result.best.config
        if not self.chosen.exact:
            line = f"{entry.kernel_name}: nothing was tuned for {asked.text}; the nearest, {entry.key.text}, runs"
            messages.say(line)
            logger.info("%s (%s)", line, entry.path.parent)

    def _raise_nothing(self, asked: Key) -> None:
        def describe(key: Key, runs_on: str) -> str:
            dtypes = ", ".join(f"{name}: {dtype}" for name, dtype in key.dtypes)
            return f"{key.text} ({dtypes}) on {runs_on}"

        there = "".join(f"\n  {text}" for text in dict.fromkeys(describe(e.key, e.runs_on) for e in self._entries))
        raise ArgumentError(
            f"kernel {self._first.kernel_name!r}: {self.dir} has no config for {describe(asked, asked.target)}; "
            f"tune and export it there. It has:{there}"
        )

    def _raise_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        unknown = [name for name in kwargs if name not in self.arg_names]
        twice = [name for name in self.arg_names[: len(args)] if name in kwargs]
        found = f"{len(args)} positional arguments" + "".join(f", unknown {name!r}" for name in unknown)
        raise ArgumentError(
            f"kernel {self._first.kernel_name!r}: found {found}{''.join(f', {name!r} twice' for name in twice)}; "
            f"expected ({', '.join(self.arg_names)})"
        )

    @property
    def _first(self) -> ShippedEntry:
        if len(names := self._names()) > 1:
            raise ArgumentError(
                f"{self.dir} has several kernels ({', '.join(names)}): decorate the function of one, or call it with "
                f"its name, as in autotune(dir=...)({names[0]!r})"
            )
        return self._entries[0]

    def _names(self) -> list[str]:
        return list(dict.fromkeys(entry.kernel_name for entry in self._entries))


class _Ranked:
    """What calls of one form launch: the first entry that takes the arguments."""

    def __init__(self, shipped: Shipped, ranked: Sequence[ShippedEntry]) -> None:
        self._shipped = weakref.proxy(shipped)  # which holds this through its door, out of the collector's sight
        self._ranked = ranked

    def launch(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """What the door calls."""
        self._shipped.launch_first(grid, by_name(self._shipped.arg_names, args, kwargs), self._ranked)


class _Direct(Kernel):
    """The kernel of the first entry. Its door in C++ takes the call as it is; what it does not take comes to Python."""

    def __init__(self, shipped: Shipped, ranked: Sequence[ShippedEntry]) -> None:
        first = ranked[0]
        super().__init__(first.kernel.spec, first.kernel.artifacts)
        self._constants = first.constants  # which the door of the tuned function has added
        self._ranked_entries = _Ranked(shipped, ranked)

    def launch(self, grid: Any, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> None:
        given = {name: value for name, value in (kwargs or {}).items() if name not in self._constants}
        self._ranked_entries.launch(grid, args, given)
