"""Kernels that combine elements along a row: softmax, prefix sums, sorting, argmax, histogram, and an atomic total."""

import torch
import triton
import triton.language as tl

from .case import Case

ROWS = 5


@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_stride, out_stride, rows, columns, BLOCK: tl.constexpr):
    column = tl.arange(0, BLOCK)
    for row in tl.range(tl.program_id(0), rows, tl.num_programs(0)):
        x = tl.load(x_ptr + row * x_stride + column, mask=column < columns, other=-float("inf"))
        numerator = tl.exp(x - tl.max(x, axis=0))
        tl.store(out_ptr + row * out_stride + column, numerator / tl.sum(numerator, axis=0), mask=column < columns)


@triton.jit
def prefix_kernel(x_ptr, sum_ptr, decay_ptr, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + index)
    tl.store(sum_ptr + index, tl.cumsum(x, axis=0))
    tl.store(decay_ptr + index, tl.associative_scan(x, 0, _larger, reverse=True))


@triton.jit
def _larger(a, b):
    return tl.maximum(a, b)


@triton.jit
def sort_kernel(x_ptr, out_ptr, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + index, tl.sort(tl.load(x_ptr + index), descending=True))


@triton.jit
def argmax_kernel(x_ptr, value_ptr, index_ptr, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * columns + column, mask=column < columns, other=-float("inf"))
    value, index = tl.max(x, axis=0, return_indices=True)
    tl.store(value_ptr + row, value)
    tl.store(index_ptr + row, index)


@triton.jit
def histogram_kernel(x_ptr, bins_ptr, count, BINS: tl.constexpr, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < count
    counts = tl.histogram(tl.load(x_ptr + index, mask=inside, other=0), BINS, mask=inside)
    tl.atomic_add(bins_ptr + tl.arange(0, BINS), counts)


@triton.jit
def atomic_total_kernel(x_ptr, total_ptr, largest_ptr, BLOCK: tl.constexpr):
    x = tl.load(x_ptr + tl.program_id(0) * BLOCK + tl.arange(0, BLOCK))
    tl.atomic_add(total_ptr, tl.sum(x, axis=0))
    tl.atomic_max(largest_ptr, tl.max(x, axis=0))


@triton.jit
def atomic_scatter_kernel(x_ptr, where_ptr, out_ptr, count, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < count
    tl.atomic_add(out_ptr + tl.load(where_ptr + index, mask=inside, other=0), tl.load(x_ptr + index), mask=inside)


def _softmax_arguments(make):
    rows, columns = 7, 300
    return {
        "x_ptr": make.normal(rows, columns, scale=4.0),
        "out_ptr": make.empty(rows, columns),
        "x_stride": columns,
        "out_stride": columns,
        "rows": rows,
        "columns": columns,
    }


def _prefix_arguments(make):
    x = make.integers(-1000, 1000, ROWS, 256)
    return {"x_ptr": x, "sum_ptr": torch.empty_like(x), "decay_ptr": torch.empty_like(x)}


def _prefix_reference(args):
    x = args["x_ptr"]
    largest_to_the_right = x.flip(1).cummax(1).values.flip(1)
    return {"sum_ptr": x.cumsum(1).to(x.dtype), "decay_ptr": largest_to_the_right}


def _argmax_arguments(make):
    columns = 200
    return {
        "x_ptr": make.permutation(ROWS * columns).float().view(ROWS, columns),  # no ties
        "value_ptr": make.empty(ROWS),
        "index_ptr": make.empty(ROWS, dtype=torch.int32),
        "columns": columns,
    }


def _argmax_reference(args):
    value, index = args["x_ptr"].max(dim=1)
    return {"value_ptr": value, "index_ptr": index.to(torch.int32)}


def _histogram_arguments(make):
    count = 900
    return {"x_ptr": make.integers(0, 16, count), "bins_ptr": make.zeros(16, dtype=torch.int32), "count": count}


def _histogram_reference(args):
    return {"bins_ptr": torch.bincount(args["x_ptr"], minlength=16).to(torch.int32)}


def _atomic_total_arguments(make):
    return {
        "x_ptr": make.integers(-5000, 5000, 6 * 128),
        "total_ptr": make.zeros(1, dtype=torch.int32),
        "largest_ptr": make.zeros(1, dtype=torch.int32),
    }


def _atomic_total_reference(args):
    x = args["x_ptr"]
    return {"total_ptr": x.sum().to(torch.int32).view(1), "largest_ptr": x.max().clamp(min=0).view(1)}


def _atomic_scatter_arguments(make):
    count = 500
    return {
        "x_ptr": make.integers(-8, 8, 512).float(),  # small integers: the order of addition does not show
        "where_ptr": make.integers(0, 32, count),
        "out_ptr": make.zeros(32),
        "count": count,
    }


def _atomic_scatter_reference(args):
    out, where = args["out_ptr"].clone(), args["where_ptr"].long()
    return {"out_ptr": out.index_add_(0, where, args["x_ptr"][: args["count"]])}


CASES = [
    Case(
        "softmax",
        softmax_kernel,
        _softmax_arguments,
        (3,),
        lambda a: {"out_ptr": torch.softmax(a["x_ptr"], dim=1)},
        {"BLOCK": 512},
        {"num_warps": 4, "num_stages": 2},
        rtol=1e-5,
        atol=1e-7,
    ),
    Case("prefix", prefix_kernel, _prefix_arguments, (ROWS,), _prefix_reference, {"BLOCK": 256}, exact=True),
    Case(
        "sort",
        sort_kernel,
        lambda make: {"x_ptr": make.normal(3, 128), "out_ptr": make.empty(3, 128)},
        (3,),
        lambda a: {"out_ptr": a["x_ptr"].sort(dim=1, descending=True).values},
        {"BLOCK": 128},
        exact=True,
    ),
    Case("argmax", argmax_kernel, _argmax_arguments, (ROWS,), _argmax_reference, {"BLOCK": 256}, exact=True),
    Case(
        "histogram",
        histogram_kernel,
        _histogram_arguments,
        (4,),
        _histogram_reference,
        {"BINS": 16, "BLOCK": 256},
        exact=True,
        since=(3, 4),  # histogram with a mask
    ),
    Case(
        "atomic_total",
        atomic_total_kernel,
        _atomic_total_arguments,
        (6,),
        _atomic_total_reference,
        {"BLOCK": 128},
        exact=True,
    ),
    Case(
        "atomic_scatter",
        atomic_scatter_kernel,
        _atomic_scatter_arguments,
        (4,),
        _atomic_scatter_reference,
        {"BLOCK": 128},
        exact=True,
    ),
]
