"""Learns the pipeline of a backend without running it, and what MLIR calls each pass.

The stage functions are run on a module with nothing in it, with passes collected in place of run, up to the point where
LLVM takes over. The names come from MLIR itself, which prints one before it runs a pass when asked to: every pass is
run on that empty module in a fork, so that a pass which cannot bear it ends the fork and no more. Tested in
tests/python/test_passes.py.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .recorder import Step, intercepted

#: The stages that work on MLIR, in order.
MLIR_STAGES = ("ttir", "ttgir", "llir")

# A function of either dialect, for the passes that run on functions.
_EMPTY = """\
module {
  tt.func public @probe() {
    tt.return
  }
  llvm.func @lowered() {
    llvm.return
  }
}
"""
_BEFORE = re.compile(r"IR Dump Before (\S+)(?: \(([^()]*)\))?")


# A pass, and what the stage function gives to `run` besides the module.
_Collected = tuple[Step, tuple[Any, ...]]


@dataclass(frozen=True)
class PlannedPass:
    """One pass of the pipeline."""

    step: Step
    stage: str
    mlir_name: str  # "TritonGPUCoalesce"
    argument: str  # "tritongpu-coalesce", what mlir-opt takes


class _PlanEnds(Exception):
    """The stage function has reached LLVM."""


class _Llvm:
    def __init__(self, llvm: Any) -> None:
        self._llvm = llvm

    def __getattr__(self, name: str) -> Any:
        return _end_plan if name == "to_module" else getattr(self._llvm, name)


def _end_plan(*_: Any) -> None:
    raise _PlanEnds


def names_of(backend: Any) -> dict[str, Any]:
    """The names of the Python module that holds the stage functions of ``backend``.

    Not by way of ``sys.modules``, where Triton does not enter it up to 3.3.
    """
    names: dict[str, Any] = type(backend).add_stages.__globals__
    return names


def plan(adapter: Any, backend: Any, stages: Mapping[str, Callable[[Any, Any], Any]]) -> list[PlannedPass]:
    """The passes of all MLIR stages, in order."""
    found: list[tuple[str, Step, tuple[Any, ...]]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "empty.mlir")
        with open(path, "w", encoding="utf-8") as file:
            file.write(_EMPTY)
        for stage in (stage for stage in MLIR_STAGES if stage in stages):
            found.extend((stage, *collected) for collected in _steps_of(adapter, backend, stages[stage], path))
        names = _mlir_names(adapter, backend, [(step, rest) for _, step, rest in found], path)
    return [
        PlannedPass(step, stage, mlir_name or step.name, argument or step.name.replace("_", "-"))
        for (stage, step, _), (mlir_name, argument) in zip(found, names, strict=True)
    ]


def _steps_of(adapter: Any, backend: Any, stage: Callable[[Any, Any], Any], path: str) -> list[_Collected]:
    collected: list[_Collected] = []
    names = names_of(backend)

    def collect(steps: list[Step], _module: Any, rest: tuple[Any, ...]) -> None:
        collected.extend((step, rest) for step in steps)

    with intercepted(names, collect, llvm=_Llvm(names["llvm"])), contextlib.suppress(_PlanEnds):
        stage(adapter.parse_ir(path, backend), {})
    return collected


def _mlir_names(adapter: Any, backend: Any, steps: Sequence[_Collected], path: str) -> list[tuple[str, str]]:
    names: list[tuple[str, str]] = []
    while len(names) < len(steps):
        names.extend(_names_from_fork(adapter, backend, steps[len(names) :], path))
    return names


def _names_from_fork(adapter: Any, backend: Any, steps: Sequence[_Collected], path: str) -> list[tuple[str, str]]:
    """Names of as many of ``steps`` as one fork gets through, at least one."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writer, 2)
            os.close(reader)
            _print_names(adapter, backend, steps, path)
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8", errors="replace") as pipe:
        parts = pipe.read().split(_MARK)[1:]
    os.waitpid(child, 0)
    found = [_BEFORE.search(part) for part in parts]
    return [(match[1], match[2] or "") if match else ("", "") for match in found] or [("", "")]


_MARK = "\n<next pass>\n"


def _print_names(adapter: Any, backend: Any, steps: Sequence[_Collected], path: str) -> None:
    os.environ["MLIR_ENABLE_DUMP"] = "1"  # of this fork
    ir = names_of(backend)["ir"]
    for step, rest in steps:
        os.write(2, _MARK.encode())
        module = adapter.parse_ir(path, backend)
        manager = ir.pass_manager(module.context)
        manager.enable_debug()
        try:
            step.add_to(manager)
            manager.run(module, *rest)
        except Exception as error:
            os.write(2, str(error).encode())  # what matters was printed before
