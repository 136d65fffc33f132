"""Kernels that the tests of dump share."""

import torch
import triton
import triton.language as tl

import triton_runner
import triton_runner.language as dl


@triton_runner.jit
def add(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < n
    total = tl.load(x_ptr + i, mask=inside) + tl.load(y_ptr + i, mask=inside)
    tl.store(out_ptr + i, total, mask=inside)


@triton_runner.jit
def nest(x_ptr, out_ptr, rows, BLOCK: tl.constexpr):
    """Ragged loops, a branch in the inner one, and a loop that counts for itself."""
    first = tl.program_id(0)
    acc = tl.zeros([BLOCK], tl.float32)
    i = tl.arange(0, BLOCK)
    for row in range(first, rows):
        for k in range(row):
            x = tl.load(x_ptr + row * BLOCK + i)
            if k % 2 == 1:
                odd = x * 3.0
                acc += odd
            else:
                acc += x
    steps = 0
    while steps < first + 2:
        acc = acc + 1.0
        steps += 1
    tl.store(out_ptr + first * BLOCK + i, acc)


@triton_runner.jit
def early(x_ptr, out_ptr, BLOCK: tl.constexpr):
    """Program 1 leaves before it computes anything."""
    first = tl.program_id(0)
    if first == 1:
        return
    i = first * BLOCK + tl.arange(0, BLOCK)
    twice = tl.load(x_ptr + i) * 2.0
    tl.store(out_ptr + i, twice)


@triton_runner.jit
def grid_3d(out_ptr):
    number = tl.program_id(0) + 10 * tl.program_id(1) + 100 * tl.program_id(2)
    at = tl.program_id(0) + tl.num_programs(0) * (tl.program_id(1) + tl.num_programs(1) * tl.program_id(2))
    tl.store(out_ptr + at, number)


@triton_runner.jit
def typed(x_ptr, out_ptr, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    value = tl.load(x_ptr + i)
    tl.store(out_ptr + i, value)


@triton_runner.jit
def cube(x_ptr, out_ptr, A: tl.constexpr, B: tl.constexpr, C: tl.constexpr):
    """A value of three dimensions, one of them of extent 1 on the way."""
    a = tl.arange(0, A)[:, None, None]
    b = tl.arange(0, B)[None, :, None]
    c = tl.arange(0, C)[None, None, :]
    place = a * (B * C) + b * C + c
    value = tl.load(x_ptr + place)
    row = tl.sum(value, axis=1)
    turned = tl.trans(value, (2, 0, 1))
    back = c * (A * B) + a * B + b
    tl.store(out_ptr + back, value + 0 * tl.sum(row))
    tl.store(out_ptr + tl.trans(back, (2, 0, 1)), turned)


@triton_runner.jit
def accumulate(out_ptr, BLOCK: tl.constexpr):
    """Reads what it writes, so a run that is not undone would show."""
    i = tl.arange(0, BLOCK)
    for _ in range(3):
        before = tl.load(out_ptr + i)
        tl.store(out_ptr + i, before + 1)
        tl.debug_barrier()


@triton_runner.jit
def marked(x_ptr, out_ptr, n, BLOCK: tl.constexpr, DUMP: tl.constexpr):
    first = tl.program_id(0)
    i = first * BLOCK + tl.arange(0, BLOCK)
    value = tl.load(x_ptr + i, mask=i < n, other=0.0) * 2.0
    if DUMP == "name":
        dl.dump(value, name="twice")
    if DUMP == "offset":
        dl.dump(value, offset=8, dump_grid=(1,))
    if DUMP == "moving":
        for k in range(3):
            dl.dump(value + k, offset=k * BLOCK)
    if DUMP == "boundary":
        dl.dump_boundary(value)
    if DUMP == "grids":
        dl.dump_grids(value, offset=4)
    tl.store(out_ptr + i, value, mask=i < n)


def add_arguments(n=1000, device="cpu"):
    generator = torch.Generator().manual_seed(7)
    x, y = (torch.randn(n, generator=generator).to(device) for _ in range(2))
    return x, y, torch.empty_like(x), n


def add_grid(n=1000, block=256):
    return (triton.cdiv(n, block),)
