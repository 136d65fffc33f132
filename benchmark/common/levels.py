"""One kernel, launched by triton_runner from every level and by plain Triton: the rows of a benchmark of its speed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import triton_runner
from common.signature import signature

TRITON = "Triton"
LEVELS = ("python", "ttir", "ttgir", "llir", "ptx", "ptxas", "cubin")
ROW_NAMES = {
    "python": "triton_runner, Python",
    "ttir": "triton_runner, TTIR",
    "ttgir": "triton_runner, TTGIR",
    "llir": "triton_runner, LLVM IR",
    "ptx": "triton_runner, PTX by the driver",
    "ptxas": "triton_runner, PTX by ptxas",
    "cubin": "triton_runner, cubin",
}

#: Launches with a grid and the arguments that the binary takes.
Launcher = Callable[[Any, Sequence[Any]], Any]


@dataclass
class Subject:
    """A kernel, and how it is compiled. ``args`` are arguments to take the types from."""

    function: Callable[..., None]
    args: Mapping[str, Any]
    constexprs: Mapping[str, Any]
    options: Mapping[str, Any]
    on_gpu: bool
    #: Which rows have Triton's very cubin.
    same_cubin: dict[str, bool] = field(default_factory=dict)

    def launchers(self, levels: Sequence[str]) -> Iterator[tuple[str, bool, Callable[[], Launcher]]]:
        """Name, whether it is ours, and maker of the launcher of each row that this machine can run."""
        if self.on_gpu:
            yield TRITON, False, self._triton
        for level in levels:
            if self.on_gpu or level not in ("ptxas", "cubin"):
                yield ROW_NAMES[level], True, lambda level=level: self._ours(level)

    def _triton(self) -> Launcher:
        import triton

        jit = triton.jit(self.function)
        self._triton_cubin = jit.warmup(*self.args.values(), **self._keywords, grid=(1,)).asm["cubin"]
        return lambda grid, args: jit[grid](*args, **self._keywords)

    def _ours(self, level: str) -> Launcher:
        if level == "python":
            jit = triton_runner.jit(self.function)
            self._note(level, jit.warmup(*self.args.values(), **self._keywords, grid=(1,)))
            return lambda grid, args: jit[grid](*args, **self._keywords)
        kernel = self._at(level)
        if level != "ptx":
            self._note(level, kernel)
        return lambda grid, args: kernel[grid](*args)

    def _at(self, level: str) -> Any:
        metadata = self._kernel.metadata
        if level == "ptxas":
            return triton_runner.compile(self._kernel.artifacts["ptx"], level="ptx", metadata=metadata, to="cubin")
        return triton_runner.load(self._kernel.artifacts[level], level=level, metadata=metadata)

    def _note(self, level: str, kernel: Any) -> None:
        theirs = getattr(self, "_triton_cubin", None)
        if theirs is not None:
            self.same_cubin[ROW_NAMES[level]] = kernel.artifacts["cubin"] == theirs

    @property
    def _keywords(self) -> dict[str, Any]:
        return {**self.constexprs, **self.options}

    @cached_property
    def _kernel(self) -> Any:
        return triton_runner.compile(
            triton_runner.jit(self.function),
            signature=signature(self.args),
            constexprs=self.constexprs,
            options=self.options,
            to="cubin" if self.on_gpu else "ptx",
        )
