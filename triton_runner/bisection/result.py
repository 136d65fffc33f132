"""What a bisection found: the pass, the difference of the IR around it, and the evidence.

Tested in tests/python/test_bisect.py.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

from triton_runner.compiler.pass_records import PassRecord

GOOD, BAD, UNKNOWN = "good", "bad", "unknown"


@dataclass(frozen=True)
class Point:
    """One way to lower the kernel, and what came of it.

    Attributes:
        what: the pass that it is about, or the pipeline.
        position: of the pass, from 1; 0 for the source.
        verdict: ``good``, ``bad``, or ``unknown`` where it could not be compiled.
        value: the largest absolute error, or the metric.
        detail: what was seen.
    """

    what: str
    position: int
    verdict: str
    value: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class BisectResult:
    """The answer of :func:`triton_runner.bisect`. True where a pass was found.

    Attributes:
        culprit: the pass after which the kernel is wrong; None where none is to blame.
        candidates: the passes that remain where some points could not be compiled; else the culprit alone.
        metric: ``values``, ``time``, ``registers``, ``spills`` or ``shared``.
        method: ``resume`` (the module after each pass, lowered by the other pipeline) or ``leave out``.
        suspect, trusted: the two pipelines, in words.
        baseline: the suspect's own result.
        points: what was tried, in the order of the pipeline.
        conclusion: one sentence.
    """

    culprit: PassRecord | None
    candidates: tuple[PassRecord, ...]
    metric: str
    method: str
    suspect: str
    trusted: str
    baseline: Point
    points: tuple[Point, ...]
    conclusion: str

    def __bool__(self) -> bool:
        return self.culprit is not None

    def diff(self, context: int = 3) -> str:
        """The unified difference of the module around the pass, without source locations."""
        if self.culprit is None:
            return ""
        return "\n".join(
            difflib.unified_diff(
                without_locations(self.culprit.before).splitlines(),
                without_locations(self.culprit.text).splitlines(),
                f"before {self.culprit.label}",
                f"after {self.culprit.label}",
                n=context,
                lineterm="",
            )
        )

    def __str__(self) -> str:
        rows = [("", self.baseline), *((str(point.position), point) for point in self.points)]
        width = max(len(point.what) for _, point in rows)
        lines = [
            f"{number:>4} {point.what:<{width}}  {point.verdict:<7} {_number(point.value):>12}  {point.detail}".rstrip()
            for number, point in rows
        ]
        parts = [f"{self.suspect}, against {self.trusted} ({self.method}, {self.metric})", *lines, self.conclusion]
        return "\n".join(parts + ([self.diff()] if self.culprit else []))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "culprit": _describe(self.culprit) if self.culprit else None,
            "candidates": [_describe(record) for record in self.candidates],
            "metric": self.metric,
            "method": self.method,
            "suspect": self.suspect,
            "trusted": self.trusted,
            "baseline": vars(self.baseline),
            "points": [vars(point) for point in self.points],
            "conclusion": self.conclusion,
            "diff": self.diff(),
        }


def without_locations(module: str) -> str:
    """An MLIR module without its locations, which change with every pass that renumbers them."""
    kept = [line for line in module.splitlines() if not line.startswith(("#loc", "// triton_runner:"))]
    return "\n".join(_LOCATION.sub("", line) for line in kept)


# As MLIR writes them, with up to two levels of brackets inside.
_LOCATION = re.compile(r"\s*\bloc\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")


def _describe(record: PassRecord) -> dict[str, Any]:
    return {
        "label": record.label,
        "mlir_name": record.mlir_name,
        "position": record.position,
        "stage": record.stage,
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
