"""Kernels and helpers that the tests of autotuning share: small ones, since CI compiles them on two cores."""

import torch
import triton
import triton.language as tl

import triton_runner

SIZE = 300


@triton.jit
def scale_kernel(x_ptr, out_ptr, n, factor, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, factor * tl.load(x_ptr + i, mask=i < n), mask=i < n)


@triton.jit
def accumulate_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    """Adds to what is there, and is wrong where BLOCK is 32: it leaves out the last element of each block."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < n
    if BLOCK == 32:
        inside = inside & (i % BLOCK != BLOCK - 1)
    tl.store(out_ptr + i, tl.load(out_ptr + i, mask=inside) + tl.load(x_ptr + i, mask=inside), mask=inside)


@triton.jit
def add_even_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr, EVEN: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    if EVEN:
        tl.store(out_ptr + i, tl.load(x_ptr + i) + 1)
    else:
        tl.store(out_ptr + i, tl.load(x_ptr + i, mask=i < n) + 1, mask=i < n)


@triton.jit
def double_kernel(x_desc, out_desc, n, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    row, column = tl.program_id(0) * ROWS, tl.program_id(1) * COLUMNS
    out_desc.store([row, column], x_desc.load([row, column]) * 2)


def blocks(*sizes, **options):
    return [triton.Config({"BLOCK": size}, num_warps=1, **options) for size in sizes]


def grid(meta):
    return (triton.cdiv(meta["n"], meta["BLOCK"]),)


def fixed_times(by_block):
    """A do_bench for configs whose BLOCK is told from the grid of the launch: the measure is what the test says."""
    remaining = list(by_block)

    def do_bench(call, quantiles):
        call()
        time = remaining.pop(0)
        return [time, time, time]

    return do_bench


def tuned_scale(configs, **options):
    return triton_runner.autotune(configs, key=["n"], **options)(triton_runner.jit(scale_kernel))


def run_scale(kernel, n=SIZE, dtype=torch.float32):
    """Launch and compare with torch; returns the output."""
    x = torch.randn(n, dtype=dtype)
    out = torch.full_like(x, float("nan"))
    kernel[grid](x, out, n, 3.0)
    torch.testing.assert_close(out, 3 * x)
    return out
