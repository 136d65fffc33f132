"""The jit functions of triton_runner: Triton's own classes with another launch.

They stay subclasses of Triton's, so that other jit kernels may call them and tools that look for a JITFunction find
one. Indexing one with a grid leads to its door in C++ (csrc/python/door.h), which calls ``launch`` for what it has not
launched before. This file imports Triton; ``decorator.py`` imports it late. Tested in tests/python/test_jit.py and
test_doors.py.
"""

from __future__ import annotations

from typing import Any

from triton.experimental.gluon._runtime import GluonJITFunction
from triton.runtime.jit import JITFunction

from triton_runner import _C, launcher
from triton_runner.errors import ArgumentError

_FIELDS = ("version", "do_not_specialize", "do_not_specialize_on_alignment", "debug", "noinline", "launch_metadata")


class _Launched(_C.Indexable):
    """What our functions do in their own way."""

    __qualname__: str  # of the function

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
        return str(self.__qualname__)  # pickled by name, as functions are

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


class RunnerJITFunction(_Launched, JITFunction):  # type: ignore[misc]  # Triton ships no types
    """A Triton function."""

    def __repr__(self) -> str:
        return f"triton_runner.jit({self.module}:{self.fn.__qualname__})"


class RunnerGluonJITFunction(_Launched, GluonJITFunction):  # type: ignore[misc]
    """A Gluon function."""

    def __repr__(self) -> str:
        return f"triton_runner.gluon_jit({self.module}:{self.fn.__qualname__})"


def make(function: Any, *, gluon: bool, **options: Any) -> RunnerJITFunction | RunnerGluonJITFunction:
    """A jit function of ``function``, which may already be one of Triton's."""
    if isinstance(function, JITFunction):
        gluon = gluon or function.is_gluon()
        kept = {name: getattr(function, name) for name in _FIELDS} | {"repr": function._repr}
        options = kept | {name: value for name, value in options.items() if value is not None}
        function = function.fn
    elif not callable(function) or not hasattr(function, "__code__"):
        raise ArgumentError(
            f"jit takes a function, found a {type(function).__name__}: "
            "put @triton_runner.jit below autotune and heuristics"
        )
    return (RunnerGluonJITFunction if gluon else RunnerJITFunction)(function, **options)
