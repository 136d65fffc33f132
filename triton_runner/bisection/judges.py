"""Says what is wrong with a kernel: its values, or what it costs.

A judge looks at all kernels of a bisection at once, so that times are measured in turns, and at equal images once.
Tested in tests/python/test_bisect.py.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from triton_runner.bisection.result import BAD, GOOD, UNKNOWN
from triton_runner.bisection.subject import Subject
from triton_runner.compiler.pass_runs import Outcome
from triton_runner.errors import Error
from triton_runner.kernel import Kernel

METRICS = ("values", "time", "registers", "spills", "shared")
_ROUNDS = 30


@dataclass(frozen=True)
class Verdict:
    """Of one kernel. ``value`` is its largest error, or what it costs."""

    verdict: str
    value: float | None = None
    detail: str = ""


def judge_values(
    subject: Subject, outcomes: Sequence[Outcome], expected: Mapping[str, torch.Tensor], tolerance: Mapping[str, Any]
) -> list[Verdict]:
    """Good where all expected outputs are met."""

    def judge(outcome: Outcome) -> Verdict:
        try:
            bound = subject.bind(subject.kernel(outcome))
            bound.launch()
        except Error as error:
            return Verdict(BAD, None, _first_line(error))
        return _compare(bound.values, expected, tolerance)

    return _each_once(outcomes, judge, subject.to)


def judge_metric(subject: Subject, outcomes: Sequence[Outcome], metric: str) -> list[Verdict]:
    """The value of each; the verdicts are given when both ends are known (:func:`against`)."""
    if metric == "time":
        return _times(subject, outcomes)
    return _each_once(outcomes, lambda outcome: Verdict(UNKNOWN, _resource(subject, outcome, metric)), subject.to)


def against(value: float | None, good: float, bad: float) -> str:
    """On which side of two values a third lies."""
    if value is None:
        return UNKNOWN
    return GOOD if good == bad or abs(value - good) < abs(value - bad) else BAD


def _each_once(outcomes: Sequence[Outcome], judge: Callable[[Outcome], Verdict], to: str) -> list[Verdict]:
    seen: dict[Any, Verdict] = {}
    verdicts = []
    for outcome in outcomes:
        if outcome.error is not None:
            verdicts.append(Verdict(UNKNOWN, None, _first_line(outcome.error)))
            continue
        image = outcome.artifacts[to]
        if image not in seen:
            seen[image] = judge(outcome)
        verdicts.append(seen[image])
    return verdicts


def _compare(got: Mapping[str, Any], expected: Mapping[str, torch.Tensor], tolerance: Mapping[str, Any]) -> Verdict:
    largest, wrong = 0.0, ""
    for name, want in expected.items():
        value = got[name]
        tensor = value if isinstance(value, torch.Tensor) else value.base
        error = (tensor.double() - want.to(tensor.device).double()).abs()
        largest = max(largest, float(error.nan_to_num(nan=0.0).max()) if error.numel() else 0.0)
        try:
            torch.testing.assert_close(tensor, want.to(tensor.device), equal_nan=True, check_dtype=False, **tolerance)
        except AssertionError as failure:
            wrong = wrong or f"{name}: {_mismatch(str(failure))}"
    return Verdict(BAD if wrong else GOOD, largest, wrong)


def _mismatch(text: str) -> str:
    """The line of torch's message that counts the elements, else its first."""
    lines = text.splitlines()
    return next((line for line in lines if line.startswith("Mismatched elements")), lines[0])


def _resource(subject: Subject, outcome: Outcome, metric: str) -> float:
    if metric == "shared":
        return float(outcome.metadata.get("shared") or 0)
    from triton_runner.compiler.resources import read_resources

    cubin = outcome.artifacts["cubin"]
    assert isinstance(cubin, bytes), "the runs of this metric go down to the cubin"
    found = read_resources(cubin, subject.name)
    return float((found.registers if metric == "registers" else found.spill_bytes) or 0)


def _times(subject: Subject, outcomes: Sequence[Outcome]) -> list[Verdict]:
    from triton_runner.timing import measure_device

    kernels: dict[Any, Kernel] = {}
    failed: dict[int, Verdict] = {}
    for index, outcome in enumerate(outcomes):
        if outcome.error is not None:
            failed[index] = Verdict(UNKNOWN, None, _first_line(outcome.error))
        else:
            kernels.setdefault(outcome.artifacts[subject.to], subject.kernel(outcome))
    launches = {str(number): subject.bind(kernel).launch for number, kernel in enumerate(kernels.values())}
    samples = measure_device(launches, _ROUNDS, subject.device)
    times = {image: statistics.median(samples[str(number)]) for number, image in enumerate(kernels)}
    return [
        failed.get(index) or Verdict(UNKNOWN, times[outcome.artifacts[subject.to]], "us")
        for index, outcome in enumerate(outcomes)
    ]


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:160]
