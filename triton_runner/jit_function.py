"""The jit functions of triton_runner: Triton's own classes with another launch.

They stay subclasses of Triton's, so that other jit kernels may call them and tools that look for a JITFunction find
one. Indexing one with a grid leads to its door in C++ (csrc/python/door.h), which calls ``launch`` for what it has not
launched before. This file imports Triton; ``decorator.py`` imports it late. Tested in tests/python/test_jit.py and
test_doors.py.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from triton.runtime.jit import JITFunction

from triton_runner import _C, launcher
from triton_runner.compiler.versions import adapter, installed_version
from triton_runner.errors import ArgumentError, UnsupportedError


class _Launched(_C.Indexable):
    """What our functions do in their own way."""

    fn: Any

    def run(self, *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> Any:
        if warmup:
            return launcher.run(self, args, kwargs, grid=grid, warmup=True, door=self.door)
        return self.at(grid)(*args, **kwargs)

    def launch(self, grid: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the door calls where it has no kernel for these arguments, or may not launch past Python."""
        return launcher.run(self, args, kwargs, grid=grid, warmup=False, door=self.door)

    def open_door(self) -> _C.JitDoor:
        return launcher.make_door(self)

    def __reduce__(self) -> str:
        return str(self.fn.__qualname__)  # pickled by name, as functions are

    def dump(
        self,
        *selectors: Any,
        op: str | None = None,
        programs: Any = None,
        iterations: int | None = None,
        max_bytes: int | None = None,
        level: str | None = None,
    ) -> Any:
        """``function.dump("%acc")[grid](*args, **kwargs)``: as :meth:`triton_runner.Kernel.dump`."""
        from triton_runner.dump.bind import bind_function
        from triton_runner.dump.run import launcher_of

        def bind(args: Any, kwargs: Any, request: Any) -> Any:
            return bind_function(self, args, kwargs, request)

        return launcher_of(bind, selectors, op, programs, iterations, max_bytes, level)

    def dumpable(self, *args: Any, level: str | None = None, **kwargs: Any) -> Any:
        """The values that :meth:`dump` can name in the kernel that these arguments would launch."""
        from triton_runner.dump.bind import dumpable, function_source

        return dumpable(function_source(launcher.resolve(self, args, kwargs), level))


@functools.cache
def _function_class(gluon: bool) -> type[Any]:
    base = adapter().function_class(gluon)
    label, name = ("gluon_jit", "RunnerGluonJITFunction") if gluon else ("jit", "RunnerJITFunction")

    def describe(self: Any) -> str:
        return f"triton_runner.{label}({self.module}:{self.fn.__qualname__})"

    return type(name, (_Launched, base), {"__repr__": describe, "__module__": __name__, "__doc__": "A jit function."})


def make(function: Any, *, gluon: bool, **options: Any) -> Any:
    """A jit function of ``function``, which may already be one of Triton's."""
    triton = adapter()
    if isinstance(function, JITFunction):
        gluon = gluon or triton.is_gluon(function)
        given = {name: value for name, value in options.items() if value is not None}
        options = triton.function_options(function) | given
        function = function.fn
    elif not callable(function) or not hasattr(function, "__code__"):
        raise ArgumentError(
            f"jit takes a function, found a {type(function).__name__}: "
            "put @triton_runner.jit below autotune and heuristics"
        )
    if gluon and not triton.has_gluon:
        raise UnsupportedError(f"Gluon came with Triton 3.4, and the installed Triton is {installed_version()}")
    made = _function_class(gluon)(function, **_known(triton.function_class(gluon), options))
    if not hasattr(made, "debug"):
        made.debug = options.get("debug")  # Triton 3.2 takes it and forgets it
    return made


def _known(kind: type[Any], options: dict[str, Any]) -> dict[str, Any]:
    """The options that the constructor takes; another one is an error where it is given."""
    taken = inspect.signature(kind.__init__).parameters
    for name, value in options.items():
        if name not in taken and value is not None:
            raise UnsupportedError(f"jit has no argument {name!r} in Triton {installed_version()}")
    return {name: value for name, value in options.items() if name in taken}
