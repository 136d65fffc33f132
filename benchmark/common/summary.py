"""What a list of timings comes to. Medians and quartiles, since timings have a long tail on one side."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """Median, quartiles and extremes of some samples."""

    median: float
    q1: float
    q3: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Summary:
        if not samples:
            raise ValueError("a summary needs at least one sample")
        q1, median, q3 = (
            statistics.quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else [samples[0]] * 3
        )
        return cls(median, q1, q3, min(samples), max(samples), len(samples))

    @property
    def spread(self) -> float:
        """The distance between the quartiles."""
        return self.q3 - self.q1


def differences(samples: Sequence[float], baseline: Sequence[float]) -> list[float]:
    """Sample less baseline, round by round: what slows a whole round cancels out."""
    return [value - base for value, base in zip(samples, baseline, strict=True)]


def ratios(samples: Sequence[float], baseline: Sequence[float]) -> list[float]:
    """Sample over baseline, round by round."""
    return [value / base for value, base in zip(samples, baseline, strict=True)]


def within_spread(one: Summary, other: Summary, resolution: float) -> bool:
    """Whether two medians are no further apart than their samples scatter, or than the clock can tell."""
    return abs(one.median - other.median) <= max(one.spread, other.spread, resolution)
