"""How long a launch takes: Triton's benchmarks on a GPU, the wall clock for the CPU executor.

Tested in tests/python/test_autotune.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

QUANTILES = (0.5, 0.2, 0.8)
_WARMUP_MS, _REP_MS = 25.0, 100.0
_MOST_RUNS_ON_CPU = 100


@dataclass(frozen=True)
class Timer:
    """The arguments of ``triton.autotune`` that say how to measure."""

    warmup: float | None = None
    rep: float | None = None
    use_cuda_graph: bool = False
    do_bench: Callable[..., Any] | None = None

    def measure(self, call: Callable[[], object], on_gpu: bool) -> tuple[float, ...]:
        """Milliseconds: the median, and the quantiles 0.2 and 0.8 where the benchmark gives them."""
        warmup = _WARMUP_MS if self.warmup is None else self.warmup
        rep = _REP_MS if self.rep is None else self.rep
        if self.do_bench is not None:
            found = self.do_bench(call, quantiles=QUANTILES)
        elif on_gpu:
            from triton_runner.compiler.versions import autotuning

            found = autotuning.measure(call, warmup, rep, self.use_cuda_graph, QUANTILES)
        else:
            found = _wall_clock(call, warmup, rep)
        return tuple(map(float, found)) if isinstance(found, (list, tuple)) else (float(found),)


def _wall_clock(call: Callable[[], object], warmup: float, rep: float) -> list[float]:
    estimate = _milliseconds(call)
    for _ in range(min(int(warmup / estimate), _MOST_RUNS_ON_CPU)):
        call()
    runs = max(1, min(int(rep / estimate), _MOST_RUNS_ON_CPU))
    times = torch.tensor([_milliseconds(call) for _ in range(runs)], dtype=torch.float64)
    return [float(times.quantile(quantile)) for quantile in QUANTILES]


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return max((time.perf_counter() - start) * 1e3, 1e-6)
