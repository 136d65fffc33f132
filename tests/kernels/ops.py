"""Kernels that the tests of named ops share, with how they are compiled for the CPU and a GPU."""

import triton
import triton.language as tl

import triton_runner


@triton.jit
def softmax(x_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * columns + column, mask=column < columns, other=-float("inf"))
    exponent = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * columns + column, exponent / tl.sum(exponent, axis=0), mask=column < columns)


@triton.jit
def softmax_backward(grad_ptr, y_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    place = row * columns + column
    grad = tl.load(grad_ptr + place, mask=column < columns, other=0.0)
    y = tl.load(y_ptr + place, mask=column < columns, other=0.0)
    tl.store(out_ptr + place, y * (grad - tl.sum(grad * y, axis=0)), mask=column < columns)


@triton.jit
def add_scaled(x_ptr, y_ptr, n, scale, BLOCK: tl.constexpr):
    """x += scale * y"""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + i, mask=i < n)
    tl.store(x_ptr + i, x + scale * tl.load(y_ptr + i, mask=i < n), mask=i < n)


@triton.jit
def count_up(counter_ptr, x_ptr, n, BLOCK: tl.constexpr):
    """counter[0] += the sum of x, atomically"""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.atomic_add(counter_ptr, tl.sum(tl.load(x_ptr + i, mask=i < n, other=0.0), axis=0))


@triton.jit
def row_sums(x_ptr, sum_ptr, half_ptr, columns, row_stride, column_stride, BLOCK: tl.constexpr):
    """The sum of each row of a tensor of any strides, in fp32 and fp16."""
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * row_stride + column * column_stride, mask=column < columns, other=0.0)
    total = tl.sum(x, axis=0)
    tl.store(sum_ptr + row, total)
    tl.store(half_ptr + row, total.to(tl.float16))


@triton.jit
def double_tiles(x, out, BLOCK: tl.constexpr):
    """out = 2 * x through tensor descriptors, a tile of BLOCK x BLOCK a program."""
    corner = [tl.program_id(0) * BLOCK, tl.program_id(1) * BLOCK]
    out.store(corner, x.load(corner) * 2)


_SIGNATURES = {
    double_tiles: {"x": "tensordesc<fp32[16, 16]>", "out": "tensordesc<fp32[16, 16]>"},
    softmax: {"x_ptr": "*fp32", "out_ptr": "*fp32", "columns": "i32"},
    softmax_backward: {"grad_ptr": "*fp32", "y_ptr": "*fp32", "out_ptr": "*fp32", "columns": "i32"},
    add_scaled: {"x_ptr": "*fp32", "y_ptr": "*fp32", "n": "i32", "scale": "fp32"},
    count_up: {"counter_ptr": "*fp32", "x_ptr": "*fp32", "n": "i32"},
    row_sums: {
        "x_ptr": "*fp32",
        "sum_ptr": "*fp32",
        "half_ptr": "*fp16",
        "columns": "i32",
        "row_stride": "i32",
        "column_stride": "i32",
    },
}


def compiled(function, to="ptx", block=128, **options):
    """A kernel of this file. Its PTX is for the CPU and any GPU; ``to="cubin"`` adds a cubin for the GPU here."""
    return triton_runner.compile(
        function, signature=_SIGNATURES[function], constexprs={"BLOCK": block}, to=to, options=options or None
    )
