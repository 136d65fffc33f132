"""Takes the passes that a backend's stage functions add to a pass manager, in place of running them.

A stage function of Triton is Python: it makes an ``ir.pass_manager``, adds passes with calls such as
``passes.ttgpuir.add_coalesce(pm)``, runs it, and does other things before, between and after. ``intercepted`` puts
stand-ins for ``ir``, ``passes``, ``nvidia`` and ``amd`` into the module of the backend: a pass manager that collects
what is added and hands it on when it is run. All else goes through to Triton. Tested in tests/python/test_passes.py.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

# What a backend's module calls the parts of libtriton that passes come from.
_BINDINGS = ("passes", "nvidia", "amd")


@dataclass(frozen=True)
class Step:
    """One pass as the backend adds it."""

    path: str  # of the binding, without `passes`: "ttgpuir.add_coalesce", "nvidia.ttnvgpuir.add_plan_cta"
    add: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[-1].removeprefix("add_")

    def add_to(self, manager: Any) -> None:
        self.add(manager, *self.arguments, **self.keywords)


#: Gets the passes of one pass manager, the module that they are to run on, and what else ``run`` was given.
RunSteps = Callable[[list[Step], Any, tuple[Any, ...]], None]


class _PassManager:
    def __init__(self, ir: Any, context: Any, run: RunSteps) -> None:
        self._ir, self._context, self._run = ir, context, run
        self.steps: list[Step] = []

    def enable_debug(self) -> Any:
        return self._ir.pass_manager(self._context).enable_debug()  # some passes take its answer as an argument

    def run(self, module: Any, *rest: Any) -> None:
        self._run(self.steps, module, rest)


class _Ir:
    def __init__(self, ir: Any, run: RunSteps) -> None:
        self._ir, self._run = ir, run

    def pass_manager(self, context: Any) -> _PassManager:
        return _PassManager(self._ir, context, self._run)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ir, name)


class _Namespace:
    def __init__(self, real: Any, path: tuple[str, ...]) -> None:
        self._real, self._path = real, path

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        path = (*self._path, name)
        if isinstance(found, types.ModuleType):
            return _Namespace(found, path)
        return _collector(found, path) if callable(found) and not isinstance(found, type) else found


def _collector(function: Callable[..., Any], path: tuple[str, ...]) -> Callable[..., Any]:
    def call(*arguments: Any, **keywords: Any) -> Any:
        if arguments and isinstance(arguments[0], _PassManager):
            arguments[0].steps.append(Step(_dotted(path), function, arguments[1:], keywords))
            return None
        return function(*arguments, **keywords)

    return call


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(part for part in path if part != "passes")


@contextmanager
def intercepted(names: dict[str, Any], run: RunSteps, **stand_ins: Any) -> Iterator[None]:
    """While this is open, the pass managers of the module whose ``names`` these are hand their passes to ``run``.

    ``stand_ins`` take the place of further names of the module.
    """
    stand_ins = {"ir": _Ir(names["ir"], run), **stand_ins}
    for name in _BINDINGS:
        if name in names:
            stand_ins[name] = _Namespace(names[name], (name,))
    before = {name: names[name] for name in stand_ins}
    try:
        names.update(stand_ins)
        yield
    finally:
        names.update(before)


def bindings(names: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Every function of this Triton that adds a pass, by path."""
    found: dict[str, Callable[..., Any]] = {}

    def visit(space: Any, path: tuple[str, ...]) -> None:
        for name in dir(space):
            member = getattr(space, name)
            if isinstance(member, types.ModuleType):
                visit(member, (*path, name))
            elif name.startswith("add_") and callable(member):
                found[_dotted((*path, name))] = member

    for name in _BINDINGS:
        if name in names:
            real = names[name]
            visit(real if name == "passes" else real.passes, (name,))
    return found
