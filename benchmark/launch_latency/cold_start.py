"""Cold starts: how long until the first launch is done, each time in a fresh process.

The scenarios take turns, so that what changes with time meets all of them. A process that finds a warm compile cache is
the one after the process that filled it.
"""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from cases import case_19
from common.report import Entry, Group
from common.signature import signature
from common.summary import Summary, ratios

import triton_runner

CHILD = Path(__file__).with_name("cold_start_child.py")
FROM_FILE = "cold start from a file, each in a fresh process"
FROM_PYTHON = "cold start from Python, each in a fresh process"
RATIO = "against the driver alone"
TOLERANCE = 0.5
TIMEOUT_S = 120


@dataclass(frozen=True)
class Scenario:
    """A row: what the child does, what it is held against, and whether it starts with an empty cache."""

    name: str
    kind: str
    detail: str
    baseline: str | None = None
    needs_gpu: bool = True
    empties_cache: bool = False

    @property
    def ours(self) -> bool:
        return self.kind == "artifact" or self.detail == "triton_runner"


DRIVER_CUBIN, DRIVER_PTX = "the driver alone, cubin", "the driver alone, PTX"
SCENARIOS = (
    Scenario(DRIVER_CUBIN, "driver", "cubin", DRIVER_CUBIN),
    Scenario("triton_runner.load, cubin", "artifact", "cubin", DRIVER_CUBIN),
    Scenario(DRIVER_PTX, "driver", "ptx", DRIVER_PTX),
    Scenario("triton_runner.load, PTX", "artifact", "ptx", DRIVER_PTX, needs_gpu=False),
    Scenario("@triton_runner.jit, empty cache", "function", "triton_runner", needs_gpu=False, empties_cache=True),
    Scenario("@triton_runner.jit, from the cache", "function", "triton_runner", needs_gpu=False),
    Scenario("@triton.jit, empty cache", "function", "triton", empties_cache=True),
    Scenario("@triton.jit, from the cache", "function", "triton"),
)


def measure(device: torch.device, repeats: int, rows: str) -> list[Group]:
    """The scenarios that this machine can run and whose name matches ``rows``."""
    on_gpu = device.type == "cuda"
    chosen = [one for one in SCENARIOS if (on_gpu or not one.needs_gpu) and fnmatch.fnmatch(one.name, rows)]
    if not chosen:
        return []
    with tempfile.TemporaryDirectory() as folder:
        job = _write_job(device, Path(folder))
        found: dict[str, list[dict[str, float]]] = {one.name: [] for one in chosen}
        failed: dict[str, str] = {}
        for turn in range(repeats):
            for one in chosen:
                try:
                    found[one.name].append(_run_child(one, job, Path(folder), turn))
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    failed.setdefault(one.name, str(error).splitlines()[-1])
    entries = {one: _entry(one, found, failed) for one in chosen}
    judged = {"first launch": "ms", RATIO: "×", "second kernel": "ms", "import": "ms"}
    groups = [
        Group(FROM_FILE, judged, "first launch", RATIO, DRIVER_CUBIN, TOLERANCE),
        Group(FROM_PYTHON, {"first launch": "ms"}, "first launch"),
    ]
    for one, entry in entries.items():
        groups[one.kind == "function"].entries.append(entry)
    return [group for group in groups if group.entries]


def _entry(one: Scenario, found: dict[str, list[dict[str, float]]], failed: dict[str, str]) -> Entry:
    if one.name in failed:
        return Entry(one.name, ours=one.ours, missing=failed[one.name])
    samples = {name: [measured[name] for measured in found[one.name]] for name in found[one.name][0]}
    values = {name: Summary.of(numbers) for name, numbers in samples.items()}
    base = [measured["first launch"] for measured in found.get(one.baseline or "", [])]
    if base and one.baseline not in failed:
        values[RATIO] = Summary.of(ratios(samples["first launch"], base))
    return Entry(one.name, values, one.ours)


def _write_job(device: torch.device, folder: Path) -> Path:
    """Compile the kernel, and a second one that differs in a constant, for the children that load files."""
    case = case_19(device)
    to = "cubin" if device.type == "cuda" else "ptx"
    job: dict[str, Any] = {}
    for prefix, constexprs in (("", case.constexprs), ("second ", {**case.constexprs, "CLAMP": False})):
        kernel = triton_runner.compile(
            triton_runner.jit(case.function), signature=signature(case.args), constexprs=constexprs, to=to
        )
        spec = kernel.spec
        place = folder / (prefix.strip() or "first")
        place.mkdir()
        (place / f"{spec.name}.json").write_text(json.dumps(kernel.metadata._asdict(), default=vars))
        for level in ("ptx", "cubin"):
            if level in kernel.artifacts:
                path = place / f"{spec.name}.{level}"
                content = kernel.artifacts[level]
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                job[prefix + level] = str(path)
        job |= {"name": spec.name, "num_warps": spec.num_warps, "shared": spec.shared}
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    return path


def _run_child(one: Scenario, job: Path, folder: Path, turn: int) -> dict[str, float]:
    cache = folder / f"{one.detail}-cache-{turn}"
    if one.empties_cache and cache.exists():
        raise RuntimeError(f"{cache} is there already")
    environment = {
        **os.environ,
        "TRITON_CACHE_DIR": str(cache),
        "TRITON_RUNNER_CACHE_DIR": str(cache),
        "CUDA_CACHE_DISABLE": "1",  # the driver remembers PTX that it has compiled
    }
    command = [sys.executable, str(CHILD), one.kind, one.detail, str(job)]
    child = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, cwd=folder
    )
    if child.returncode != 0:
        raise RuntimeError(child.stderr.strip() or f"exit status {child.returncode}")
    return dict(json.loads(child.stdout.splitlines()[-1]))
