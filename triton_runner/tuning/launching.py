"""Launches a jit function with one config: the function itself, or the artifact that the config names.

A config of the function goes to the function's own door in C++ (csrc/python/jit_door.h). One of an artifact goes to the
kernel's door, once the launch has been bound in Python. Tested in tests/python/test_autotune.py and
test_autotune_artifacts.py.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from triton.runtime.autotuner import Autotuner, Heuristics
from triton.runtime.jit import JITFunction

from triton_runner import _C, launcher
from triton_runner.errors import ArgumentError
from triton_runner.tuning.arguments import by_name
from triton_runner.tuning.config import Candidate


class Stack:
    """A jit function and the heuristics that lie between it and its autotuner."""

    def __init__(self, decorated: Any) -> None:
        self.heuristics: list[Mapping[str, Any]] = []  # the outermost first
        while not isinstance(decorated, JITFunction):
            if isinstance(decorated, Heuristics):
                self.heuristics.append(decorated.values)
            elif isinstance(decorated, Autotuner) or not hasattr(decorated, "fn"):
                raise ArgumentError(
                    f"autotune takes a jit function, found a {type(decorated).__name__}: put @triton_runner.jit (or "
                    "@triton.jit) below it, with at most heuristics between them"
                )
            decorated = decorated.fn
        self.function: JITFunction = decorated
        self.names: list[str] = list(decorated.arg_names)

    @property
    def launched(self) -> _C.Indexable:
        """What is indexed with the grid: the function, or our door to one of Triton's."""
        return self.function if isinstance(self.function, _C.Indexable) else launcher.door_of(self.function)

    def complete(self, args: Sequence[Any], kwargs: Mapping[str, Any], candidate: Candidate) -> dict[str, Any]:
        """All keywords of the launch: the caller's, the config's, and what the heuristics make of them."""
        keywords = {**kwargs, **candidate.constants, **candidate.options}
        for values in self.heuristics:
            for name, value_of in values.items():
                keywords[name] = value_of({**dict(zip(self.names, args, strict=False)), **keywords})
        return {**keywords, **candidate.source}

    def named(self, args: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
        """What a hook is handed."""
        return {**dict(zip(self.names, args, strict=False)), **keywords}

    def resolve(self, args: Sequence[Any], kwargs: Mapping[str, Any], candidate: Candidate) -> launcher.Resolved:
        """The kernel of a config, compiled where it was not yet. Nothing is launched."""
        if candidate.pre_hook is not None:
            # It may set the blocks of descriptors, on which the kernel depends: here on those of our own.
            args = [_own_descriptor(value) for value in args]
            kwargs = {name: _own_descriptor(value) for name, value in kwargs.items()}
            arguments = self.named(args, self.complete(args, kwargs, candidate))
            candidate.pre_hook(arguments)
        return launcher.resolve(self.function, args, self.complete(args, kwargs, candidate))

    def launch(self, grid: Any, args: Sequence[Any], kwargs: Mapping[str, Any], candidate: Candidate) -> Any:
        """``function[grid](*args, **kwargs)`` with this config. Its hook is the caller's to call."""
        return self.launched.at(grid)(*args, **self.complete(args, kwargs, candidate))


def _own_descriptor(value: Any) -> Any:
    if isinstance(value, torch.Tensor) or not isinstance(getattr(value, "block_shape", None), list):
        return value
    own = copy.copy(value)
    own.block_shape = list(value.block_shape)
    return own


class ArtifactLaunch:
    """The launch of one artifact's kernel through the door of the kernel."""

    def __init__(self, stack: Stack, candidate: Candidate, kernel: Any) -> None:
        self._kernel = kernel
        self._stack = stack
        self._defaults = {param.name: param.default for param in stack.function.params if param.has_default}
        # Those that the config decides need no check against the record, which they come from.
        recorded = {param.name: param.constant for param in kernel.spec.params if param.kind == "constant"}
        self._fixed = {name: recorded.get(name, value) for name, value in candidate.constants.items()}

    @staticmethod
    def fits(stack: Stack, kernel: Any) -> bool:
        """Whether the kernel has a parameter for each argument, in order."""
        return [param.name for param in kernel.spec.params] == stack.names

    def __call__(self, grid: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        known = by_name(self._stack.names, args, {**self._defaults, **kwargs, **self._fixed})
        self._kernel.at(grid)(*known.values())
        return self._kernel
