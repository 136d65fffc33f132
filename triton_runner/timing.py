"""Times of kernels on the device, interleaved round by round, each with a cold L2.

Before every launch a buffer larger than the L2 is overwritten. That also gives the host the time to queue the launch,
so that what lies between the two CUDA events is the kernel alone, however slow the call of it was. Tested in
tests/python/test_benchmark.py.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

import torch

FLUSH_BYTES = 256 << 20
RESOLUTION_US = 0.5  # of CUDA events, by their documentation
WARMUP_ROUNDS = 2


def measure_device(
    launches: Mapping[str, Callable[[], object]], rounds: int, device: torch.device, seed: int = 0
) -> dict[str, list[float]]:
    """Microseconds of one launch, a sample a round. On the CPU, where a launch waits for its work, the whole call."""
    time_one = _cuda_timer(device) if device.type == "cuda" else _time_call
    order = random.Random(seed)
    samples: dict[str, list[float]] = {name: [] for name in launches}
    for number in range(WARMUP_ROUNDS + rounds):
        for name in order.sample(list(launches), len(launches)):
            took = time_one(launches[name])
            if number >= WARMUP_ROUNDS:
                samples[name].append(took)
    return samples


def _cuda_timer(device: torch.device) -> Callable[[Callable[[], object]], float]:
    cold = torch.empty(FLUSH_BYTES, dtype=torch.int8, device=device)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def time_one(launch: Callable[[], object]) -> float:
        cold.zero_()
        start.record()
        launch()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) * 1e3

    return time_one


def _time_call(launch: Callable[[], object]) -> float:
    start = time.perf_counter()
    launch()
    return (time.perf_counter() - start) * 1e6
