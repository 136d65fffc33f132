"""What a launch costs the host: the doors of triton_runner against Triton's own, on one small kernel.

    python benchmark/launch_latency.py [--json FILE]

On a GPU the kernel is launched without waiting, so the time is the host's alone; the median over batches is shown. On
the CPU the launch includes running the one block of the kernel, and Triton itself has no row.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
import triton
import triton.language as tl
from rich.console import Console
from rich.table import Table
from rich.text import Text

import triton_runner
from triton_runner.torch_utils import get_active_torch_device

SIZE = 128
BATCHES = 20
PER_BATCH = {"cuda": 500, "cpu": 20}


def add(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, tl.load(x_ptr + i, mask=i < n) + tl.load(y_ptr + i, mask=i < n), mask=i < n)


def microseconds(launch, per_batch):
    """Median over batches of the host time of one call."""

    def batch():
        start = time.perf_counter()
        for _ in range(per_batch):
            launch()
        seconds = time.perf_counter() - start
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return seconds / per_batch * 1e6

    batch()  # compiles, loads, warms up
    return statistics.median(batch() for _ in range(BATCHES))


def doors(device):
    """Name of each way to launch, and the call."""
    x, y = (torch.randn(SIZE, device=device) for _ in range(2))
    out = torch.empty_like(x)
    grid = (1, 1, 1)
    ours = triton_runner.jit(add)
    kernel = triton_runner.compile(
        ours,
        signature={"x_ptr": "*fp32:16", "y_ptr": "*fp32:16", "out_ptr": "*fp32:16", "n": "i32:16"},
        constexprs={"BLOCK": SIZE},
        to="cubin" if device.type == "cuda" else "ptx",
    )
    op = torch.ops.triton_runner.launch.default
    found = {
        "torch.ops.triton_runner.launch": lambda: op(kernel.key, [x, y], [out], [SIZE], [], grid),
        "kernel[grid](...)": lambda: kernel[grid](x, y, out, SIZE),
        "@triton_runner.jit": lambda: ours[grid](x, y, out, SIZE, BLOCK=SIZE),
        "torch.add(x, y, out=out)": lambda: torch.add(x, y, out=out),
    }
    if device.type == "cuda":
        theirs = triton.jit(add)
        found["@triton.jit"] = lambda: theirs[grid](x, y, out, SIZE, BLOCK=SIZE)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = get_active_torch_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    results = {door: microseconds(launch, PER_BATCH[device.type]) for door, launch in doors(device).items()}

    table = Table(title=f"host µs per launch, {name}, torch {torch.__version__}, Triton {triton.__version__}")
    table.add_column("door")
    table.add_column("µs", justify="right")
    for door, value in results.items():
        table.add_row(Text(door), f"{value:.1f}")
    Console().print(table)
    if options.json:
        facts = {"device": name, "torch": torch.__version__, "triton": triton.__version__, "microseconds": results}
        options.json.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
