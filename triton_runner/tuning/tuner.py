"""The launch of an autotuned function: which config, found once for each key, and then straight to the function's door.

The door in C++ (csrc/python/tuned_door.h) finds the config of a call that was made before. What it does not know comes
to ``Tuner.launch``, which tunes where there is no result yet. No argument of a launch is held. Tested in
tests/python/test_autotune.py.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triton_runner import _C, launcher
from triton_runner.compiler.versions import autotuning
from triton_runner.errors import ArgumentError
from triton_runner.launch_source import file_status
from triton_runner.tuning import arguments as named_arguments
from triton_runner.tuning.config import Candidate, candidate
from triton_runner.tuning.device import device_name
from triton_runner.tuning.launching import ArtifactLaunch, Stack
from triton_runner.tuning.report import Tuned
from triton_runner.tuning.result import Key, Launched, Result
from triton_runner.tuning.search import Launch, Search, Settings

logger = logging.getLogger(__name__)

_TUNER = "_triton_runner_tuner"
_create = threading.Lock()


@dataclass
class _Known:
    """A result with its configs, and the files of these as they were."""

    result: Result
    configs: list[Candidate | None]
    files: tuple[tuple[Path, tuple[int, ...]], ...]

    def is_stale(self) -> bool:
        return any(_status(path) != status for path, status in self.files)


class _Whole:
    """A launch that is more than the function's own: of an artifact, with a hook, or below heuristics."""

    def __init__(self, tuner: Tuner, known: _Known, config: Candidate, artifact: ArtifactLaunch | None) -> None:
        self._tuner = weakref.proxy(tuner)  # which holds the door that holds this, out of the garbage collector's sight
        self._known = known
        self._config = config
        self._artifact = artifact

    def launch(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What the door calls."""
        if self._known.is_stale():
            return self._tuner.launch(grid, args, kwargs)
        if self._artifact is None:
            return self._tuner.launch_whole(grid, args, kwargs, self._config)
        try:
            return self._artifact(grid, args, kwargs)
        except ArgumentError:  # these arguments are not those that it was compiled for
            return self._tuner.launch(grid, args, kwargs)


class Tuner(_C.Indexable):
    """What stands behind one autotuned function."""

    def __init__(self, autotuner: Any, settings: Settings) -> None:
        self.subject = autotuner
        self.settings = settings
        self.stack = Stack(autotuner.fn)
        self.keys = autotuning.key_names(autotuner)
        defaults = {param.name: param.default for param in self.stack.function.params if param.has_default}
        self.tuned = Tuned(self.stack.function.__name__, self._results, self.stack.names, defaults)
        self._known: dict[Key, _Known] = {}
        self._lock = threading.RLock()

    def open_door(self) -> _C.TunedDoor:
        return _C.TunedDoor(self.stack.names, [name in self.keys for name in self.stack.names])

    def warmup(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """Compile all configs for these arguments; the kernels of those that compile."""
        search = self._search(self._describe(grid, args, kwargs))
        with self._lock:
            return search.compile_all()

    def launch(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """``function[grid](*args, **kwargs)`` where the door has no config for it: tunes where there is no result."""
        launch = self._describe(grid, args, kwargs)
        if named_arguments.is_fake(launch.arguments):  # for the op to see; there is nothing to measure
            return self.stack.launch(grid, args, kwargs, candidate(self.subject.configs[0], self.stack.function))
        with self._lock:
            known = self._find(launch)
        refused: ArgumentError | None = None
        for index in known.result.ranking:
            config = known.configs[index]
            assert config is not None, "only configs that were read are ranked"
            try:
                return self._launch_config(launch, known, config)
            except ArgumentError as error:
                if not config.source:
                    raise
                # An artifact was compiled for some arguments; these are others.
                logger.info("kernel %s: config (%s): %s", self.stack.function.__name__, config.text, error)
                refused = refused or error
        assert refused is not None, "a result has a config"
        raise refused

    def _launch_config(self, launch: Launch, known: _Known, config: Candidate) -> Any:
        found = self.stack.resolve(launch.args, launch.kwargs, config)
        recipe = found.make_recipe() if found.make_recipe else None
        known.result.launched[found.kernel.key] = Launched(found.kernel, recipe, config.constants)
        self.tuned.last = known.result
        self.subject.best_config = config.config
        launched = self.launch_whole(launch.grid, launch.args, launch.kwargs, config)
        self._remember(launch, known, config, found.kernel)
        return launched

    def launch_whole(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any], config: Candidate) -> Any:
        """Launch with a config, after its hook."""
        if config.pre_hook is not None:
            config.pre_hook(self.stack.named(args, {**kwargs, **config.constants, **config.options}))
        return self.stack.launch(grid, args, kwargs, config)

    def _remember(self, launch: Launch, known: _Known, config: Candidate, kernel: Any) -> None:
        """Let calls of this form go the short way."""
        plain = config.pre_hook is None and not self.stack.heuristics
        if plain and not known.files:
            self.door.add(tuple(launch.args), launch.kwargs, self.stack.launched, config.keywords, config.config)
            return
        artifact = None
        if plain and config.source and ArtifactLaunch.fits(self.stack, kernel):
            artifact = ArtifactLaunch(self.stack, config, kernel)
        whole = _Whole(self, known, config, artifact)
        self.door.add(tuple(launch.args), launch.kwargs, whole, {}, config.config)

    def _find(self, launch: Launch) -> _Known:
        """The result for these arguments, from a search where there is none."""
        search = self._search(launch)
        known = self._known.get(search.key)
        if known is not None and not known.is_stale():
            return known
        if known is not None:  # an artifact was edited
            self.door.forget()
        result, configs = search.run()
        paths = [path for config in configs if config is not None for path in config.files]
        known = _Known(result, configs, tuple((path, _status(path)) for path in paths))
        self._known[search.key] = known
        self._tell_triton(known)
        return known

    def _tell_triton(self, known: _Known) -> None:
        """Keep what code reads off Triton's Autotuner."""
        key, result = known.result.key, known.result
        best = known.configs[result.winner]
        assert best is not None, "the winner was read"
        triton_key = (*(value for _, value in key.values), *(dtype for _, dtype in key.dtypes))
        self.subject.cache[triton_key] = best.config
        if not result.from_cache:
            self.subject.bench_time = result.seconds
        self.subject.configs_timings = {
            config.config: list(outcome.times) if outcome.times else [float("inf")] * 3
            for config, outcome in zip(known.configs, result.outcomes, strict=True)
            if config is not None
        }

    def _describe(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Launch:
        device, target = launcher.target_of(args, kwargs)
        return Launch(grid, args, kwargs, named_arguments.by_name(self.stack.names, args, kwargs), device, target)

    def _search(self, launch: Launch) -> Search:
        device = device_name(*launch.device)
        key = named_arguments.make_key(self.keys, launch.arguments, launch.target.name, device)
        return Search(self.subject, self.stack, self.settings, key, launch)

    def _results(self) -> list[Result]:
        return [known.result for known in self._known.values()]


def tuner_of(autotuner: Any, settings: Callable[[], Settings]) -> Tuner:
    """The tuner of an Autotuner, made at its first use."""
    found: Tuner | None = autotuner.__dict__.get(_TUNER)
    if found is None:
        with _create:
            found = autotuner.__dict__.get(_TUNER) or Tuner(autotuner, settings())
            autotuner.__dict__[_TUNER] = found
    return found


def forget(autotuner: Any) -> None:
    autotuner.__dict__.pop(_TUNER, None)


def _status(path: Path) -> tuple[int, ...]:
    try:
        return file_status(path)
    except FileNotFoundError:
        return ()
