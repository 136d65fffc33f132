"""What a dump costs the device: a kernel with stores of a value in it, against writing the same bytes.

    python benchmark/dump_overhead.py [--json FILE]

Each row is one kernel and one value at one level: the kernel's time as it is, with the stores, and the time in which
`torch.Tensor.fill_` writes the bytes of the dump's buffer. The aim is that a kernel with a dump takes at most its own
time and twice that of the bytes.
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

import triton_runner
from triton_runner.dump import buffer as areas
from triton_runner.dump.edited import edit, source_of
from triton_runner.dump.selection import select
from triton_runner.torch_utils import get_active_torch_device

REPEATS = {"cuda": 50, "cpu": 3}


@triton_runner.jit
def add(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    total = tl.load(x_ptr + i, mask=i < n) + tl.load(y_ptr + i, mask=i < n)
    tl.store(out_ptr + i, total, mask=i < n)


@triton_runner.jit
def matmul(a_ptr, b_ptr, c_ptr, N, K, TILE: tl.constexpr, DEPTH: tl.constexpr):
    rows = tl.program_id(0) * TILE + tl.arange(0, TILE)
    columns = tl.program_id(1) * TILE + tl.arange(0, TILE)
    inner = tl.arange(0, DEPTH)
    acc = tl.zeros([TILE, TILE], tl.float32)
    for k in range(0, K, DEPTH):
        a = tl.load(a_ptr + rows[:, None] * K + k + inner[None, :])
        b = tl.load(b_ptr + (k + inner[:, None]) * N + columns[None, :])
        acc = tl.dot(a, b, acc)
    tl.store(c_ptr + rows[:, None] * N + columns[None, :], acc)


def milliseconds(run, device):
    def once():
        if device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) * 1e3

    once()
    return statistics.median(once() for _ in range(REPEATS[device.type]))


def measure(function, grid, arguments, level, op, iterations, device):
    kernel = function[grid](*arguments)
    source = source_of(kernel, level)
    slots = source.slots()
    with_stores, stored = edit(source, select(slots, [op]), device)
    programs = grid[0] * grid[1] * grid[2]
    threads = 32 * with_stores.spec.num_warps
    layout = areas.plan(stored, [iterations if slot.depth else 1 for slot in stored], range(programs), threads)
    buffer = layout.allocate(device)
    same_bytes = torch.empty_like(buffer)
    inputs, outputs, ints, floats = kernel.op_args(*kernel.named_args(arguments, {}).values())
    launch = torch.ops.triton_runner.launch.default
    return {
        "bytes": layout.bytes,
        "plain": milliseconds(lambda: launch(kernel.key, inputs, outputs, ints, floats, grid), device),
        "dump": milliseconds(lambda: launch(with_stores.key, inputs, [*outputs, buffer], ints, floats, grid), device),
        "write": milliseconds(lambda: same_bytes.fill_(1), device),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = get_active_torch_device()
    large = device.type == "cuda"
    n = 2**26 if large else 2**12
    side, depth, tile = (4096, 1024, 128) if large else (64, 64, 32)
    x, y = torch.randn(n, device=device), torch.randn(n, device=device)
    a, b = torch.randn(side, depth, device=device).half(), torch.randn(depth, side, device=device).half()
    c = torch.empty(side, side, device=device)
    dot = "ttng.warp_group_dot" if large and torch.cuda.get_device_capability(device)[0] == 9 else "tt.dot"
    sums = {"ttgir": "arith.addf", "llir": "fadd", "ptx": "add.f32"}
    launch = (add, (triton.cdiv(n, 1024), 1, 1), (x, y, torch.empty_like(x), n, 1024))
    rows = {f"add, the sum, {level}": measure(*launch, level, op, 1, device) for level, op in sums.items()}
    launch = (matmul, (side // tile, side // tile, 1), (a, b, c, side, depth, tile, 32))
    rows["matmul, the accumulator of each step, ttgir"] = measure(*launch, "ttgir", dot, depth // 32, device)
    name = torch.cuda.get_device_name(device) if large else "CPU"
    table = Table(title=f"ms, {name}, torch {torch.__version__}, Triton {triton.__version__}")
    for column in ("kernel and value", "bytes", "as it is", "with the dump", "bytes written by torch"):
        table.add_column(column, justify="left" if column.startswith("kernel") else "right")
    for row, found in rows.items():
        times = [f"{found[key]:.3f}" for key in ("plain", "dump", "write")]
        table.add_row(row, f"{found['bytes']:,}", *times)
    Console().print(table)
    if options.json:
        facts = {"device": name, "torch": torch.__version__, "triton": triton.__version__, "milliseconds": rows}
        options.json.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
