"""The kernel that is bisected, with its arguments: lowered to a record and an image, launched on copies.

Tested in tests/python/test_bisect.py.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from triton_runner import _C
from triton_runner.compiler.pass_edits import PassEdits
from triton_runner.compiler.pass_runs import Job, Outcome, PipelineRun
from triton_runner.compiler.pass_source import pipeline_run
from triton_runner.compiler.pipeline import compile, is_function, record_of
from triton_runner.compiler.signature import RecordParam
from triton_runner.compiler.target import Target, parse_target
from triton_runner.errors import ArgumentError
from triton_runner.kernel import Kernel


@dataclass(frozen=True)
class Bound:
    """A kernel with its own copies of the arguments."""

    launch: Callable[[], object]
    values: Mapping[str, Any]  # the arguments by name, which hold the results after the launch


@dataclass(frozen=True)
class Arguments:
    """The arguments as the caller gave them."""

    positional: Sequence[Any]
    named: Mapping[str, Any]

    @staticmethod
    def of(args: Sequence[Any] | Mapping[str, Any]) -> Arguments:
        return Arguments((), dict(args)) if isinstance(args, Mapping) else Arguments(list(args), {})

    def copies(self) -> tuple[list[Any], dict[str, Any]]:
        """Fresh copies of all that a launch may write to."""
        return [_copy(value) for value in self.positional], {name: _copy(value) for name, value in self.named.items()}

    @property
    def device(self) -> torch.device:
        for value in (*self.positional, *self.named.values()):
            tensor = value if isinstance(value, torch.Tensor) else getattr(value, "base", None)
            if isinstance(tensor, torch.Tensor):
                return tensor.device
        raise ArgumentError("no argument is a tensor, but a kernel writes its results into one")


@dataclass(frozen=True)
class Subject:
    """A kernel with its arguments."""

    name: str
    target: Target
    to: str  # the level that the runs go down to
    device: torch.device
    params: Sequence[RecordParam]
    metadata: Mapping[str, Any]  # of a straight compile, for what a module from the middle does not say
    outputs: tuple[str, ...]  # the parameters that it writes
    bind: Callable[[Kernel], Bound]
    prepare: Callable[[Mapping[str, Any], PassEdits], tuple[Job, PipelineRun]]  # from options and edits

    def kernel(self, outcome: Outcome) -> Kernel:
        """The kernel that a run made."""
        metadata = {"tensordesc_meta": self.metadata.get("tensordesc_meta"), **outcome.metadata}
        metadata.setdefault("triton_version", self.metadata["triton_version"])
        record = record_of(self.name, self.params, metadata, outcome.artifacts, self.target)
        return Kernel(_C.KernelSpec.from_json(json.dumps(record)), outcome.artifacts)


def subject_of(
    kernel: Any,
    arguments: Arguments,
    grid: Any,
    *,
    target: Any,
    options: Mapping[str, Any],
    facts: Mapping[str, Any],
    to: str,
) -> Subject:
    """``facts`` has what ``compile`` takes of an artifact: level, signature, metadata, name and its start."""
    given = {name: value for name, value in facts.items() if value}
    if is_function(kernel):
        if given:
            raise ArgumentError(f"{', '.join(given)} goes with IR, but the kernel is a Python function")
        return _of_function(kernel, arguments, grid, target, options, to)
    return _of_artifact(kernel, arguments, grid, target, options, given, to)


def _of_function(
    function: Any, arguments: Arguments, grid: Any, target: Any, options: Mapping[str, Any], to: str
) -> Subject:
    from triton_runner.launcher import resolve

    def resolved() -> Any:
        positional, named = arguments.copies()
        return resolve(function, positional, {**named, **options})

    recipe = resolved().make_recipe()
    source, wanted = recipe.source(), parse_target(target) if target is not None else recipe.target

    def bind(kernel: Kernel) -> Bound:
        call = resolved()
        counts = grid(call.bound) if callable(grid) else grid
        return Bound(lambda: kernel.launch(counts, call.values), call.bound)

    def prepare(chosen: Mapping[str, Any], edits: PassEdits) -> tuple[Job, PipelineRun]:
        return _pipeline_run(source, wanted, chosen, edits, {}, to)

    straight = compile(source, target=wanted, options=options, to="ptx")
    return _subject(straight, wanted, to, arguments.device, bind, prepare)


def _of_artifact(
    text: Any,
    arguments: Arguments,
    grid: Any,
    target: Any,
    options: Mapping[str, Any],
    facts: Mapping[str, Any],
    to: str,
) -> Subject:
    straight = compile(text, target=target, options=options, to="ptx", **facts)
    wanted = parse_target(straight.metadata.target)
    names = [param.name for param in straight.spec.params]
    start = {name: facts[name] for name in ("start_pass", "start_before") if name in facts}

    def bind(kernel: Kernel) -> Bound:
        positional, named = arguments.copies()
        return Bound(
            lambda: kernel[grid](*positional, **named), {**dict(zip(names, positional, strict=False)), **named}
        )

    def prepare(chosen: Mapping[str, Any], edits: PassEdits) -> tuple[Job, PipelineRun]:
        return _pipeline_run(text, wanted, chosen, edits.starting(**start), facts, to)

    return _subject(straight, wanted, to, arguments.device, bind, prepare)


def _pipeline_run(
    source: Any, target: Target, options: Mapping[str, Any], edits: PassEdits, facts: Mapping[str, Any], to: str
) -> tuple[Job, PipelineRun]:
    return pipeline_run(
        source,
        signature=facts.get("signature"),
        constexprs=None,
        level=facts.get("level"),
        target=target,
        options=options,
        metadata=facts.get("metadata"),
        name=facts.get("name"),
        edits=edits,
        record=True,
        to=to,
    )


def _subject(
    straight: Any,
    target: Target,
    to: str,
    device: torch.device,
    bind: Callable[[Kernel], Bound],
    prepare: Callable[[Mapping[str, Any], PassEdits], tuple[Job, PipelineRun]],
) -> Subject:
    record = json.loads(straight.spec.to_json())
    params = [{key: value for key, value in param.items() if key != "access"} for param in record["params"]]
    outputs = tuple(param.name for param in straight.spec.params if param.is_output)
    metadata = straight.metadata._asdict()
    return Subject(straight.spec.name, target, to, device, params, metadata, outputs, bind, prepare)


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, (list, tuple)):
        return type(value)(_copy(item) for item in value)
    base = getattr(value, "base", None)
    if isinstance(base, torch.Tensor) and hasattr(value, "block_shape"):  # a tensor descriptor
        duplicate = copy.copy(value)
        duplicate.base = base.clone()
        return duplicate
    return value
