"""``triton_runner.bisect``: which pass is to blame.

The suspect pipeline runs once, with the module after every pass kept. Where there is another pipeline to trust (a
second Triton, other options, or the same without the edits), it takes over after each pass in turn: the first pass
with a wrong end is to blame. Where there is none, each pass is left out in turn: the last one whose absence makes the
result right is to blame, since those before it may only have prepared what it does. Tested in
tests/python/test_bisect.py.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from triton_runner.bisection import pipelines
from triton_runner.bisection.judges import METRICS, Verdict, against, judge_metric, judge_values
from triton_runner.bisection.result import BAD, GOOD, UNKNOWN, BisectResult, Point
from triton_runner.bisection.subject import Arguments, Subject, subject_of
from triton_runner.compiler.pass_edits import NO_EDITS, PassEdits
from triton_runner.compiler.pass_records import PassRecord
from triton_runner.compiler.pass_runs import Job, Outcome, PipelineRun
from triton_runner.compiler.toolchain import Toolchain
from triton_runner.errors import ArgumentError, UnsupportedError

Reference = Mapping[str, torch.Tensor] | Callable[..., Any]


def bisect(
    kernel: Any,
    args: Sequence[Any] | Mapping[str, Any],
    reference: Reference | None = None,
    *,
    grid: Any,
    metric: str = "values",
    target: Any = None,
    options: Mapping[str, Any] | None = None,
    triton: str | os.PathLike[str] | None = None,
    against_options: Mapping[str, Any] | None = None,
    leave_out: bool = False,
    rtol: float | None = None,
    atol: float | None = None,
    level: str | None = None,
    signature: Any = None,
    metadata: Any = None,
    name: str | None = None,
    **edits: Any,
) -> BisectResult:
    """Find the pass that makes ``kernel`` compute something wrong, or makes it slower or larger.

    Args:
        kernel: a jit or Gluon function; or TTIR, TTGIR, or a module from between two passes with ``start_pass``.
        args: of the launch, in order or by name, constants included. The launches run on copies.
        reference: what the outputs must hold, by parameter; or a function of the arguments, before the launch, that
            gives this, or the one output. Without it, what the trusted pipeline computes.
        grid: of the launch.
        metric: ``values``; or ``time`` (on a GPU), ``registers``, ``spills`` (bytes) or ``shared`` (bytes), for which
            there must be a pipeline to compare with.
        target, options: what the suspect pipeline compiles for, and with.
        triton: the pipeline to trust is that of another Triton: a folder that holds it, or its Python interpreter.
        against_options: the pipeline to trust has these options in place of ``options``.
        leave_out: leave each pass out in turn, though there is a pipeline to trust.
        rtol, atol: as in ``torch.testing.assert_close``.
        level, signature, metadata, name: of a ``kernel`` that is IR, as in ``compile``.
        edits: of the suspect pipeline, as in ``compile``; the trusted pipeline goes without them.

    Raises:
        ArgumentError: there is no pipeline or reference to compare with.
        CompileError: the suspect pipeline fails, and the error names the pass.
    """
    if metric not in METRICS:
        raise ArgumentError(f"metric is {metric!r}, expected one of {', '.join(METRICS)}")
    asked = PassEdits.of({key: value for key, value in edits.items() if key not in ("start_pass", "start_before")})
    start: dict[str, Any] = {key: edits[key] for key in ("start_pass", "start_before") if key in edits}
    facts = {"level": level, "signature": signature, "metadata": metadata, "name": name, **start}
    arguments, chosen = Arguments.of(args), dict(options or {})
    to = _level(metric, arguments.device)
    subject = subject_of(kernel, arguments, grid, target=target, options=chosen, facts=facts, to=to)
    trusted = None if leave_out else _trusted(subject, chosen, triton, against_options, asked)
    if trusted is None and (metric != "values" or reference is None):
        raise ArgumentError(
            f"kernel {subject.name!r}: there is nothing to compare with: give a second Triton (triton=), other options "
            "(against_options=)" + (", or a reference" if metric == "values" else "")
        )
    expected = _expected(subject, arguments, reference) if metric == "values" and reference is not None else None
    owner = tempfile.TemporaryDirectory(prefix="triton_runner-bisect-")  # the records keep it
    folder = Path(owner.name)
    suspect = pipelines.run_suspect(*subject.prepare(chosen, asked), folder / "suspect", owner)
    if trusted is None:
        outcomes = pipelines.leave_out(suspect, folder / "points")
    else:
        outcomes = pipelines.resume(suspect, *trusted[:2], folder / "points")
    if metric == "values":
        if expected is None:
            expected = _computed(subject, outcomes[0])
        tolerance: dict[str, float] = {
            key: value for key, value in (("rtol", rtol), ("atol", atol)) if value is not None
        }
        verdicts = judge_values(subject, [suspect.outcome, *outcomes], expected, tolerance)
    else:
        verdicts = _sided(judge_metric(subject, [suspect.outcome, *outcomes], metric))
    return _result(metric, suspect, trusted[2] if trusted else "the same without each pass in turn", verdicts, trusted)


def _level(metric: str, device: torch.device) -> str:
    """How far the runs go down."""
    if metric == "time" and device.type != "cuda":
        raise UnsupportedError('metric="time" needs tensors on a GPU: what the CPU executor takes says nothing of one')
    if metric == "shared":
        return "llir"
    return "cubin" if device.type == "cuda" or metric in ("registers", "spills") else "ptx"


_Trusted = tuple[Job, PipelineRun, str]


def _trusted(
    subject: Subject,
    options: Mapping[str, Any],
    triton: str | os.PathLike[str] | None,
    other_options: Mapping[str, Any] | None,
    edits: PassEdits,
) -> _Trusted | None:
    """The pipeline to trust, its run of the source, and what it is in words."""
    if triton is None and other_options is None and not edits:
        return None
    job, run = subject.prepare(options if other_options is None else other_options, NO_EDITS)
    if triton is not None:
        job = dataclasses.replace(job, toolchain=Toolchain.at(triton))
    return job, run, _in_words(job, options if other_options is None else other_options, NO_EDITS)


def _in_words(job: Job, options: Mapping[str, Any], edits: PassEdits) -> str:
    extra = ", ".join([*(f"{name}={value}" for name, value in options.items()), *edits.given])
    return job.pipeline + (f" with {extra}" if extra else "")


def _computed(subject: Subject, outcome: Outcome) -> Mapping[str, torch.Tensor]:
    """What a kernel writes."""
    bound = subject.bind(subject.kernel(outcome.checked()))
    bound.launch()
    return {name: _tensor(bound.values[name]) for name in subject.outputs}


def _expected(subject: Subject, arguments: Arguments, reference: Reference) -> Mapping[str, torch.Tensor]:
    if callable(reference):
        positional, named = arguments.copies()
        reference = reference(*positional, **named)
    if isinstance(reference, torch.Tensor):
        if len(subject.outputs) != 1:
            raise ArgumentError(
                f"kernel {subject.name!r}: the reference is one tensor, but the kernel writes "
                f"{', '.join(subject.outputs) or 'nothing'}: give a dict by parameter"
            )
        return {subject.outputs[0]: reference}
    if not isinstance(reference, Mapping):
        raise ArgumentError(
            f"kernel {subject.name!r}: the reference is a {type(reference).__name__}, expected a dict of tensors by "
            "parameter, one tensor, or a function that gives either"
        )
    names = {*arguments.named, *(param["name"] for param in subject.params)}
    if unknown := [name for name in reference if name not in names]:
        raise ArgumentError(
            f"kernel {subject.name!r}: the reference has {unknown[0]!r}, which is no argument; "
            f"it has {', '.join(sorted(names))}"
        )
    return reference


def _tensor(value: Any) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else value.base


def _sided(verdicts: list[Verdict]) -> list[Verdict]:
    """Verdicts of a metric: whether nearer to the suspect's value, the first, or to the trusted one, the second."""
    bad, good = verdicts[0].value, verdicts[1].value
    if bad is None or good is None:
        return verdicts
    sides = [against(verdict.value, good, bad) for verdict in verdicts]
    return [dataclasses.replace(verdict, verdict=side) for verdict, side in zip(verdicts, sides, strict=True)]


def _result(
    metric: str, suspect: pipelines.Suspect, against_words: str, verdicts: Sequence[Verdict], trusted: _Trusted | None
) -> BisectResult:
    changing, own = suspect.changing, verdicts[0]
    points = [
        Point(record.label, record.position, verdict.verdict, verdict.value, verdict.detail)
        for record, verdict in zip(changing, verdicts[-len(changing) :], strict=True)
    ]
    if trusted is None:
        culprit, candidates, conclusion = _of_leaving_out(own, points, changing)
    else:
        first = verdicts[1]
        points.insert(0, Point("source", 0, first.verdict, first.value, first.detail))
        culprit, candidates, conclusion = _of_resuming(own, points, changing)
    job = suspect.job
    return BisectResult(
        culprit=culprit,
        candidates=tuple(candidates),
        metric=metric,
        method=pipelines.LEAVE_OUT if trusted is None else pipelines.RESUME,
        suspect=_in_words(job, job.options, suspect.run.edits),
        trusted=against_words,
        baseline=Point("all passes", 0, own.verdict, own.value, own.detail),
        points=tuple(points),
        conclusion=conclusion,
    )


_Conclusion = tuple[PassRecord | None, Sequence[PassRecord], str]


def _of_resuming(own: Verdict, points: Sequence[Point], changing: Sequence[PassRecord]) -> _Conclusion:
    if own.verdict == GOOD:
        return None, (), "nothing is wrong: both pipelines agree"
    if points[0].verdict != GOOD:
        return None, (), f"the trusted pipeline alone gives no good result ({points[0].detail or points[0].verdict})"
    bad = next((index for index, point in enumerate(points) if point.verdict == BAD), None)
    if bad is None:
        unknown = [record for record, point in zip(changing, points[1:], strict=True) if point.verdict == UNKNOWN]
        if unknown and points[-1].verdict == UNKNOWN:
            return None, unknown, f"the trusted pipeline cannot go on from {len(unknown)} of the modules"
        return None, (), "no pass is to blame: what differs lies below them, in LLVM or ptxas"
    good = max(index for index in range(bad) if points[index].verdict == GOOD)
    candidates = changing[good:bad]
    if len(candidates) == 1:
        return candidates[0], candidates, f"{_named(candidates[0])} is the first pass with a wrong end"
    names = ", ".join(_named(record) for record in candidates)
    return None, candidates, f"one of {names}: the modules between cannot be lowered by the trusted pipeline"


def _of_leaving_out(own: Verdict, points: Sequence[Point], changing: Sequence[PassRecord]) -> _Conclusion:
    if own.verdict == GOOD:
        return None, (), "nothing is wrong: the kernel meets the reference"
    right = [record for record, point in zip(changing, points, strict=True) if point.verdict == GOOD]
    if not right:
        return None, (), "no single pass is to blame: the result is wrong without each of them too"
    earlier = ", ".join(record.label for record in right[:-1])
    conclusion = f"without {_named(right[-1])} the result is right"
    return (
        right[-1],
        right[-1:],
        conclusion + (f", as it is without {earlier}, which come before it" if earlier else ""),
    )


def _named(record: PassRecord) -> str:
    return f"{record.label} ({record.mlir_name}, {record.stage}, position {record.position})"
