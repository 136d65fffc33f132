"""From launches of one piece of work to a group of a report: correctness first, then time, then the verdict.

Every row must give torch's result before it is timed. A row of ours equals Triton when the medians are no further apart
than the samples of either scatter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from common.levels import TRITON, Launcher, Subject
from common.report import Entry, Group
from common.summary import Summary, ratios, within_spread
from triton_runner.timing import RESOLUTION_US, measure_device

SPEED, RATIO = "TFLOP/s", "time against Triton"
TOLERANCE = 0.03


@dataclass
class Work:
    """One size of one kernel.

    Attributes:
        args: the arguments that the binary takes, in order.
        out: the tensor that the kernel writes.
        torch_launch: the same work by torch; it returns its result.
        tolerance: the largest error against ``expected`` that rounding explains.
    """

    name: str
    args: Sequence[Any]
    grid: tuple[int, ...]
    out: torch.Tensor
    expected: torch.Tensor
    torch_name: str
    torch_launch: Callable[[], torch.Tensor]
    tolerance: float
    flops: float


def prepare(subject: Subject, levels: Sequence[str]) -> dict[str, tuple[bool, Launcher | str]]:
    """Row name to whether it is ours, and its launcher or the reason why there is none."""
    found: dict[str, tuple[bool, Launcher | str]] = {}
    for name, ours, make in subject.launchers(levels):
        try:
            found[name] = ours, make()
        except Exception as error:
            found[name] = ours, f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return found


def measure_work(
    work: Work,
    launchers: Mapping[str, tuple[bool, Launcher | str]],
    same_cubin: Mapping[str, bool],
    rounds: int,
    device: torch.device,
) -> Group:
    """The group of one size: torch, Triton, and ours from each level."""
    launches, failed = _checked(work, launchers)
    samples = measure_device(launches, rounds, device)
    measures = {"time": "µs", SPEED: "", RATIO: "×"} if TRITON in samples else {"time": "µs", SPEED: ""}
    judged = RATIO if TRITON in samples else None
    group = Group(work.name, measures, SPEED, judged, TRITON if judged else None, TOLERANCE)
    for name in (work.torch_name, *launchers):
        ours = name in launchers and launchers[name][0]
        if name in failed:
            group.entries.append(Entry(name, ours=ours, missing=failed[name]))
            continue
        entry = Entry(name, _values(work, samples[name], samples.get(TRITON)), ours)
        if ours and TRITON in samples:
            equal = within_spread(Summary.of(samples[name]), Summary.of(samples[TRITON]), RESOLUTION_US)
            entry.notes["equals Triton"] = "yes" if equal else "no"
            if name in same_cubin:
                entry.notes["cubin"] = "the same" if same_cubin[name] else "differs"
        group.entries.append(entry)
    return group


def _values(work: Work, samples: list[float], triton: list[float] | None) -> dict[str, Summary]:
    values = {
        "time": Summary.of(samples),
        SPEED: Summary.of([work.flops / microseconds / 1e6 for microseconds in samples]),
    }
    if triton is not None:
        values[RATIO] = Summary.of(ratios(samples, triton))
    return values


def _checked(
    work: Work, launchers: Mapping[str, tuple[bool, Launcher | str]]
) -> tuple[dict[str, Callable[[], object]], dict[str, str]]:
    """The launches whose result is right, and why the others are not among them."""
    launches: dict[str, Callable[[], object]] = {}
    failed: dict[str, str] = {}
    try:
        _check(work, work.torch_launch())
        launches[work.torch_name] = work.torch_launch
    except Exception as error:
        failed[work.torch_name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    for name, (_, launcher) in launchers.items():
        if isinstance(launcher, str):
            failed[name] = launcher
            continue

        def launch(launcher: Launcher = launcher) -> object:
            return launcher(work.grid, work.args)

        try:
            work.out.fill_(float("nan"))
            launch()
            _check(work, work.out)
            launches[name] = launch
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return launches, failed


def _check(work: Work, found: torch.Tensor) -> None:
    error = float((found.float() - work.expected.float()).abs().max())
    if not error <= work.tolerance:  # NaN is an error too
        raise ArithmeticError(f"wrong result: it is off by {error:.3g}, expected at most {work.tolerance:.3g}")


def verdict(groups: Sequence[Group]) -> str:
    """One sentence on whether ours equals Triton."""
    entries = [(group, entry) for group in groups for entry in group.entries if "equals Triton" in entry.notes]
    if not entries:
        return "Triton itself was not measured here, so that there is nothing to compare with."
    differing = [(group, entry) for group, entry in entries if entry.notes["equals Triton"] != "yes"]
    if not differing:
        return f"All {len(entries)} rows of triton_runner equal Triton within the spread."
    names = "; ".join(f"{group.name}, {entry.name} ({entry.values[RATIO].median:.3f}×)" for group, entry in differing)
    return (
        f"{len(differing)} of {len(entries)} rows of triton_runner differ from Triton by more than the spread: {names}"
    )
