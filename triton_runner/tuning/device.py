"""The device of a launch, as results tell it apart. Imports no Triton. Tested in test_autotune_store.py."""

from __future__ import annotations

import functools
import platform
from pathlib import Path

import torch


def device_name(on_gpu: bool, index: int) -> str:
    """The device as results tell it apart."""
    if not on_gpu:
        return f"CPU {_cpu_model()}"
    properties = torch.cuda.get_device_properties(index)
    return f"{properties.name}, {properties.multi_processor_count} SMs, driver {_driver_version()}"


@functools.cache
def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return model or platform.processor() or platform.machine()


@functools.cache
def _driver_version() -> str:
    version = getattr(torch._C, "_cuda_getDriverVersion", lambda: torch.version.hip or "unknown")
    return str(version())
