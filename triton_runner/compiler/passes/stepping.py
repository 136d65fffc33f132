"""Runs a pipeline pass by pass, from and to any point of it.

Each pass gets a pass manager of its own. What a stage function does besides running passes is done too, so a run that
starts in the middle of a stage goes through that stage's function with the earlier passes left out. Tested in
tests/python/test_passes.py: the bytes are those of a straight run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from .locations import can_print, module_text, restore_locations
from .planning import PlannedPass, names_of
from .recorder import Step, intercepted
from .selection import Program

_UNPRINTABLE = "// This Triton cannot print the module after this pass. This is the module before it.\n"


class PassFailed(Exception):
    """A pass raised."""


class _Stop(Exception):
    pass


class _Replace(Exception):
    def __init__(self, index: int) -> None:
        self.index = index


class Stepper:
    """One run of a pipeline. ``note`` is told of every pass before it runs."""

    def __init__(
        self,
        adapter: Any,
        backend: Any,
        stages: Mapping[str, Callable[[Any, MutableMapping[str, Any]], Any]],
        passes: list[PlannedPass],
        program: Program,
        *,
        record: bool,
        note: Callable[[str], None],
    ) -> None:
        self._adapter, self._backend, self._stages = adapter, backend, stages
        self._passes, self._program, self._record, self._note = passes, program, record, note
        self._ir = names_of(backend)["ir"]
        self._next = program.start  # the first pass that is to run
        self._at = 0  # the pass that comes next in the stage function
        self._text = ""  # of the module, where passes are recorded
        self.artifacts: dict[str, str | bytes] = {}
        self.metadata: dict[str, Any] = {}
        self.records: list[dict[str, Any]] = []
        self.texts: list[str] = []  # the module after each recorded pass that changed it

    def run(self, source: str, to: str, extra: Mapping[str, Any]) -> None:
        """Lower the module in file ``source`` to level ``to``; ``extra`` goes into the metadata beforehand."""
        self.metadata.update(extra)
        module = self._read(source)
        if self._record:
            self._text = module_text(module)
        with intercepted(names_of(self._backend), self._run_steps):
            while True:
                try:
                    self._run_stages(module, to)
                    return
                except _Stop:
                    return
                except _Replace as replaced:
                    module = self._read(self._program.replace[replaced.index])
                    if self._record:
                        self._remember_replaced(module_text(module))
                    self._next = replaced.index + 1
                    stage = self._passes[replaced.index].stage
                    if self._next == self._program.stop or self._stage_of_next() != stage:
                        self.artifacts[stage] = module_text(module)
                    if self._next == self._program.stop:
                        return

    def _read(self, path: str) -> Any:
        module = self._adapter.parse_ir(path, self._backend)
        restore_locations(module, path, self._ir)
        return module

    def _stage_of_next(self) -> str:
        return self._passes[min(self._next, len(self._passes) - 1)].stage

    def _run_stages(self, value: Any, to: str) -> None:
        first = self._stage_of_next()
        names = list(self._stages)
        if first == "llir" and "tt.func" in str(value):  # below it, descriptors are pointers
            self.metadata["tensordesc_meta"] = self._adapter.descriptor_metadata(value)
        for stage in names[names.index(first) : names.index(to) + 1]:
            self.metadata["stage"] = stage
            self._note(stage)
            self._at = next((i for i, planned in enumerate(self._passes) if planned.stage == stage), len(self._passes))
            value = self._stages[stage](value, self.metadata)
            self.artifacts[stage] = value if isinstance(value, bytes) else str(value)
        self.metadata.pop("stage", None)

    def _run_steps(self, steps: list[Step], module: Any, rest: tuple[Any, ...]) -> None:
        for step in steps:
            index = self._at
            self._at += 1
            if index >= len(self._passes) or self._passes[index].step.path != step.path:
                raise PassFailed(f"the pipeline runs {step.name} where {self._described(index)} was expected")
            if index >= self._next:
                self._run_planned(index, step, module, rest)

    def _run_planned(self, index: int, step: Step, module: Any, rest: tuple[Any, ...]) -> None:
        program = self._program
        for inserted in program.before.get(index, ()):
            self._run_one(index, inserted, module, rest, inserted=True)
        if index not in program.skip:
            self._run_one(index, step, module, rest)
        for inserted in program.after.get(index, ()):
            self._run_one(index, inserted, module, rest, inserted=True)
        if index in program.replace:
            raise _Replace(index)
        if index + 1 == program.stop:
            self.artifacts[self._passes[index].stage] = module_text(module)
            raise _Stop

    def _run_one(self, index: int, step: Step, module: Any, rest: tuple[Any, ...], *, inserted: bool = False) -> None:
        self._note(f"{self._passes[index].stage}, pass {step.name}")
        manager = self._ir.pass_manager(module.context)
        manager.enable_debug()
        try:
            step.add_to(manager)
        except TypeError as error:
            raise PassFailed(f"pass {step.name} cannot be added with {step.arguments}: {error}") from error
        begin = time.perf_counter()
        try:
            manager.run(module, *rest)
        except RuntimeError as error:
            raise PassFailed(f"pass {step.name} (position {index + 1}): {error}") from error
        seconds = time.perf_counter() - begin
        if self._record:
            debug = step.path.startswith("llvmir.")  # the passes that make debug scopes
            text = _UNPRINTABLE + self._text if debug and not can_print(module) else module_text(module)
            self._remember(index, step, text, seconds, inserted)

    def _remember(self, index: int, step: Step, text: str, seconds: float, inserted: bool) -> None:
        changed = text != self._text
        if changed:
            self.texts.append(text)
            self._text = text
        self.records.append(
            {
                "index": index,
                "name": step.name,
                "inserted": inserted,
                "changed": changed,
                "seconds": seconds,
                "text": len(self.texts) - 1,  # -1: as it came
            }
        )

    def _remember_replaced(self, text: str) -> None:
        """The last pass now counts for what has taken the place of its result."""
        if text != self._text:
            self.texts.append(text)
            self._text = text
            self.records[-1].update(changed=True, text=len(self.texts) - 1)

    def _described(self, index: int) -> str:
        return self._passes[index].step.name if index < len(self._passes) else "no pass"
