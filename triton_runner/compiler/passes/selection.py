"""Finds passes by name, and turns what a caller asked for into positions of the pipeline.

A name is Triton's in snake case (``coalesce``, also ``ttgpuir.coalesce``), MLIR's (``TritonGPUCoalesce``) or the one of
``mlir-opt`` (``tritongpu-coalesce``), in any case and with any separator; ``stage:`` before it and ``#k`` after it tell
repetitions apart; or it is the position, from 1. Tested in tests/python/test_passes.py.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .planning import MLIR_STAGES, PlannedPass
from .recorder import Step


class SelectionError(Exception):
    """What was asked for does not fit the pipeline."""


@dataclass(frozen=True)
class Program:
    """What to do with each pass of the pipeline, by index from 0."""

    start: int = 0  # the passes before it are not run
    stop: int | None = None  # nor are this one and those after it
    skip: frozenset[int] = frozenset()
    before: dict[int, list[Step]] = field(default_factory=dict)
    after: dict[int, list[Step]] = field(default_factory=dict)
    replace: dict[int, str] = field(default_factory=dict)  # file of the module that is taken for its result


class Selector:
    """Names of one pipeline. ``bindings`` has all passes of this Triton, by path."""

    def __init__(
        self, passes: Sequence[PlannedPass], bindings: Mapping[str, Callable[..., Any]], pipeline: str
    ) -> None:
        self._passes, self._bindings, self._pipeline = passes, bindings, pipeline

    def label(self, index: int) -> str:
        """The name of a pass, with its repetition where there are several."""
        name = self._passes[index].step.name
        same = [other for other, planned in enumerate(self._passes) if planned.step.name == name]
        return f"{name}#{same.index(index) + 1}" if len(same) > 1 else name

    def program(self, asked: Mapping[str, Any], level: str | None = None) -> Program:
        """The program that ``asked`` describes. Bare names of repeated passes are looked for in stage ``level`` too."""
        start = self._after_level(level)
        if asked.get("start_pass") is not None:
            start = self.one(asked["start_pass"], level) + (not asked.get("start_before"))
        stop = None
        if asked.get("stop_pass") is not None:
            stop = self.one(asked["stop_pass"]) + (not asked.get("stop_before"))
            if stop <= start:
                raise SelectionError(
                    f"stop_pass {asked['stop_pass']!r} leaves nothing to run: the first pass to run is "
                    f"{self._where(start)}"
                )
        made = Program(
            start,
            stop,
            frozenset(index for name in asked.get("skip_passes") or () for index in self.all(name)),
            self._insertions(asked.get("insert_before")),
            self._insertions(asked.get("insert_after")),
            {self.one(name): path for name, path in asked.get("replace_after") or ()},
        )
        if asked.get("drop_passed"):
            made = _without_passed(made)
        self._check_reached(made)
        return made

    def _after_level(self, level: str | None) -> int:
        """The first pass that a module of ``level``, which went through all passes of its stage, has ahead of it."""
        if level is None:
            return 0
        below = MLIR_STAGES[MLIR_STAGES.index(level) + 1 :]
        return next((index for index, planned in enumerate(self._passes) if planned.stage in below), len(self._passes))

    def _check_reached(self, made: Program) -> None:
        stop = len(self._passes) if made.stop is None else made.stop
        for index in sorted({*made.skip, *made.before, *made.after, *made.replace}):
            if not made.start <= index < stop:
                side = "before the start" if index < made.start else "after the stop"
                raise SelectionError(f"pass {self._where(index)} is to be edited, but lies {side}")

    def one(self, name: Any, level: str | None = None) -> int:
        """The one pass that ``name`` means."""
        found = self.all(name)
        in_level = [index for index in found if self._passes[index].stage == level]
        if len(found) > 1 and len(in_level) != 1:
            places = ", ".join(self._where(index) for index in found)
            raise SelectionError(f"pass {name!r} runs {len(found)} times in {self._pipeline}: say which of {places}")
        return in_level[0] if len(found) > 1 else found[0]

    def all(self, name: Any) -> list[int]:
        """Every pass that ``name`` means."""
        if isinstance(name, int) and not isinstance(name, bool):
            if not 1 <= name <= len(self._passes):
                raise SelectionError(f"there is no pass {name}: {self._pipeline} has {len(self._passes)}")
            return [name - 1]
        match = re.fullmatch(r"(?:(?P<stage>\w+):)?(?P<name>[\w.-]+)(?:#(?P<count>\d+))?", str(name).strip())
        wanted = _plain(match["name"]) if match else ""
        found = [
            index
            for index, planned in enumerate(self._passes)
            if match and wanted in _names(planned) and match["stage"] in (None, planned.stage)
        ]
        if not found:
            raise SelectionError(f"there is no pass {name!r} in {self._pipeline}; nearest: {self._nearest(name)}")
        if match is None or match["count"] is None:
            return found
        count = int(match["count"])
        if not 1 <= count <= len(found):
            raise SelectionError(f"there is no pass {name!r}: it runs {len(found)} times in {self._pipeline}")
        return [found[count - 1]]

    def _where(self, index: int) -> str:
        if index >= len(self._passes):
            return "none"
        return f"{self.label(index)} ({self._passes[index].stage}, position {index + 1})"

    def _nearest(self, name: Any) -> str:
        spelled: dict[str, str] = {}
        for planned in self._passes:
            for text in (planned.step.name, planned.mlir_name, planned.argument):
                spelled.setdefault(_plain(text), text)
        wanted = re.sub(r"^\w+:|#\d+$", "", str(name))
        near = difflib.get_close_matches(_plain(wanted), spelled, n=4, cutoff=0.5)
        names = [spelled[text] for text in near] or sorted({planned.step.name for planned in self._passes})
        return ", ".join(dict.fromkeys(names))

    def _insertions(self, asked: Sequence[Any] | None) -> dict[int, list[Step]]:
        return {self.one(name): [self._step(*item) for item in what] for name, what in asked or ()}

    def _step(self, name: Any, *arguments: Any) -> Step:
        try:
            step = self._passes[self.all(name)[0]].step
            return Step(step.path, step.add, arguments) if arguments else step
        except SelectionError:
            wanted = _plain(str(name))
            for path, add in self._bindings.items():
                step = Step(path, add, arguments)
                if wanted in _binding_names(step):
                    return step
            near = difflib.get_close_matches(wanted, [Step(path, add).name for path, add in self._bindings.items()])
            raise SelectionError(
                f"there is no pass {name!r} to insert in {self._pipeline}; nearest: {', '.join(near) or 'none'}"
            ) from None


def _without_passed(program: Program) -> Program:
    """The program without what it would have done before its start."""
    start = program.start
    return replace(
        program,
        skip=frozenset(index for index in program.skip if index >= start),
        before={index: steps for index, steps in program.before.items() if index >= start},
        after={index: steps for index, steps in program.after.items() if index >= start},
        replace={index: path for index, path in program.replace.items() if index >= start},
    )


def _plain(name: str) -> str:
    return re.sub(r"[_-]", "", name).lower()


def _binding_names(step: Step) -> set[str]:
    space, _, function = step.path.rpartition(".")
    return {_plain(text) for text in (step.name, function, step.path, f"{space}.{step.name}")}


def _names(planned: PlannedPass) -> set[str]:
    mlir = _plain(planned.mlir_name)
    return _binding_names(planned.step) | {mlir, mlir.removesuffix("pass"), _plain(planned.argument)}
