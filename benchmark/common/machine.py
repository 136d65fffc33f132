"""The facts without which a number means nothing: machine, driver, versions, commit."""

from __future__ import annotations

import ctypes
import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[2]
PACKAGES = ("torch", "triton", "cuda-core", "cuda-bindings", "apache-tvm-ffi", "numpy")


def facts() -> dict[str, Any]:
    """Whatever can be found out; None for what cannot."""
    return {
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "gpus": torch.cuda.device_count(),
        "driver": _driver(),
        "driver_cuda": _driver_cuda(),
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch_cuda": torch.version.cuda,
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "commit": _commit(),
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }


def title(machine: dict[str, Any]) -> str:
    """One line for a table or a plot."""
    versions = machine["packages"]
    parts = [machine["gpu"] or machine["cpu"] or "CPU"]
    if machine["driver"]:
        parts.append(f"driver {machine['driver']}")
    parts += [f"{name} {versions[name]}" for name in ("torch", "triton") if name in versions]
    return ", ".join([*parts, f"Python {machine['python']}"])


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu() -> str | None:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        return None
    return found[1] if found else platform.machine()


def _driver() -> str | None:
    """The version of NVIDIA's kernel module."""
    try:
        found = re.search(r"\b(\d{3,}\.\d+(?:\.\d+)?)\b", Path("/proc/driver/nvidia/version").read_text())
    except OSError:
        return None
    return found[1] if found else None


def _driver_cuda() -> str | None:
    """The CUDA version of the driver library."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    version = ctypes.c_int()
    if driver.cuDriverGetVersion(ctypes.byref(version)) != 0:
        return None
    return f"{version.value // 1000}.{version.value % 1000 // 10}"


def _commit() -> str | None:
    """The commit of this checkout, with a + where files differ from it. A copy without .git can name it in $COMMIT."""
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("COMMIT")
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
