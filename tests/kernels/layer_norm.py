"""Layer normalization, forward and backward.

The backward pass adds each row's share of the weight and bias gradients to one of GROUPS buffers. A buffer is guarded
by a spin lock (compare-and-swap to take, exchange to release) and a counter that says whether it holds anything yet. A
second kernel sums the buffers.
"""

import torch
import triton
import triton.language as tl

from .case import Case

ROWS, COLUMNS, BLOCK, GROUPS, EPSILON = 6, 200, 256, 2, 1e-5


@triton.jit
def layer_norm_forward_kernel(
    x_ptr, y_ptr, weight_ptr, bias_ptr, mean_ptr, rstd_ptr, stride, columns, epsilon, BLOCK: tl.constexpr
):
    row = tl.program_id(0)
    x_row = x_ptr + row * stride
    total = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, columns, BLOCK):
        column = start + tl.arange(0, BLOCK)
        total += tl.load(x_row + column, mask=column < columns, other=0.0).to(tl.float32)
    mean = tl.sum(total, axis=0) / columns
    squares = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, columns, BLOCK):
        column = start + tl.arange(0, BLOCK)
        x = tl.load(x_row + column, mask=column < columns, other=0.0).to(tl.float32)
        centered = tl.where(column < columns, x - mean, 0.0)
        squares += centered * centered
    rstd = 1.0 / tl.sqrt(tl.sum(squares, axis=0) / columns + epsilon)
    tl.store(mean_ptr + row, mean)
    tl.store(rstd_ptr + row, rstd)
    for start in range(0, columns, BLOCK):
        column = start + tl.arange(0, BLOCK)
        inside = column < columns
        weight = tl.load(weight_ptr + column, mask=inside).to(tl.float32)
        bias = tl.load(bias_ptr + column, mask=inside).to(tl.float32)
        x = tl.load(x_row + column, mask=inside, other=0.0).to(tl.float32)
        tl.store(y_ptr + row * stride + column, (x - mean) * rstd * weight + bias, mask=inside)


@triton.jit
def layer_norm_backward_kernel(
    dx_ptr, dy_ptr, dweight_ptr, dbias_ptr, x_ptr, weight_ptr, mean_ptr, rstd_ptr, lock_ptr, stride, columns,
    GROUPS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    inside = column < columns
    x = tl.load(x_ptr + row * stride + column, mask=inside, other=0.0).to(tl.float32)
    dy = tl.load(dy_ptr + row * stride + column, mask=inside, other=0.0).to(tl.float32)
    weight = tl.load(weight_ptr + column, mask=inside, other=0.0).to(tl.float32)
    rstd = tl.load(rstd_ptr + row)
    xhat = tl.where(inside, (x - tl.load(mean_ptr + row)) * rstd, 0.0)
    wdy = weight * dy
    along_x = tl.sum(xhat * wdy, axis=0) / columns
    along_one = tl.sum(wdy, axis=0) / columns
    tl.store(dx_ptr + row * stride + column, (wdy - (xhat * along_x + along_one)) * rstd, mask=inside)

    group = row % GROUPS
    lock, count = lock_ptr + group, lock_ptr + GROUPS + group
    dweight, dbias = dweight_ptr + group * columns + column, dbias_ptr + group * columns + column
    dweight_part, dbias_part = dy * xhat, dy
    while tl.atomic_cas(lock, 0, 1) == 1:
        pass
    if tl.load(count) == 0:
        tl.atomic_xchg(count, 1)
    else:
        dweight_part += tl.load(dweight, mask=inside)
        dbias_part += tl.load(dbias, mask=inside)
    tl.store(dweight, dweight_part, mask=inside)
    tl.store(dbias, dbias_part, mask=inside)
    tl.debug_barrier()  # every thread has stored before one of them opens the lock
    tl.atomic_xchg(lock, 0)


@triton.jit
def layer_norm_sum_kernel(part_ptr, out_ptr, groups, columns, BLOCK_G: tl.constexpr, BLOCK_C: tl.constexpr):
    column = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)
    total = tl.zeros((BLOCK_G, BLOCK_C), tl.float32)
    for start in range(0, groups, BLOCK_G):
        group = start + tl.arange(0, BLOCK_G)
        inside = (group[:, None] < groups) & (column[None, :] < columns)
        total += tl.load(part_ptr + group[:, None] * columns + column[None, :], mask=inside, other=0.0)
    tl.store(out_ptr + column, tl.sum(total, axis=0), mask=column < columns)


def _forward_arguments(make):
    return {
        "x_ptr": make.normal(ROWS, COLUMNS, dtype=torch.float16),
        "y_ptr": make.empty(ROWS, COLUMNS, dtype=torch.float16),
        "weight_ptr": make.uniform(COLUMNS, dtype=torch.float16),
        "bias_ptr": make.uniform(COLUMNS, dtype=torch.float16),
        "mean_ptr": make.empty(ROWS),
        "rstd_ptr": make.empty(ROWS),
        "stride": COLUMNS,
        "columns": COLUMNS,
        "epsilon": EPSILON,
    }


def _statistics(x):
    variance, mean = torch.var_mean(x.float(), dim=1, correction=0)
    return mean, (variance + EPSILON).rsqrt()


def _forward_reference(args):
    x, weight, bias = args["x_ptr"], args["weight_ptr"], args["bias_ptr"]
    y = torch.nn.functional.layer_norm(x.float(), (COLUMNS,), weight.float(), bias.float(), EPSILON)
    mean, rstd = _statistics(x)
    return {"y_ptr": y.to(x.dtype), "mean_ptr": mean, "rstd_ptr": rstd}


def _backward_arguments(make):
    x = make.normal(ROWS, COLUMNS)
    mean, rstd = _statistics(x)
    return {
        "dx_ptr": make.empty(ROWS, COLUMNS),
        "dy_ptr": make.normal(ROWS, COLUMNS),
        "dweight_ptr": make.empty(GROUPS, COLUMNS),
        "dbias_ptr": make.empty(GROUPS, COLUMNS),
        "x_ptr": x,
        "weight_ptr": make.uniform(COLUMNS),
        "mean_ptr": mean,
        "rstd_ptr": rstd,
        "lock_ptr": make.zeros(2 * GROUPS, dtype=torch.int32),
        "stride": COLUMNS,
        "columns": COLUMNS,
    }


def _backward_reference(args):
    x, dy = args["x_ptr"].detach().clone().requires_grad_(), args["dy_ptr"]
    y = torch.nn.functional.layer_norm(x, (COLUMNS,), args["weight_ptr"], None, EPSILON)
    (dx,) = torch.autograd.grad(y, x, dy)
    xhat = (args["x_ptr"] - args["mean_ptr"][:, None]) * args["rstd_ptr"][:, None]
    groups = torch.arange(ROWS, device=x.device) % GROUPS
    zeros = torch.zeros_like(args["dweight_ptr"])
    locks = torch.tensor([0] * GROUPS + [1] * GROUPS, dtype=torch.int32, device=x.device)
    return {
        "dx_ptr": dx,
        "dweight_ptr": zeros.index_add(0, groups, dy * xhat),
        "dbias_ptr": zeros.index_add(0, groups, dy),
        "lock_ptr": locks,
    }


def _sum_arguments(make):
    return {"part_ptr": make.normal(20, COLUMNS), "out_ptr": make.empty(COLUMNS), "groups": 20, "columns": COLUMNS}


CASES = [
    Case(
        "layer_norm_forward",
        layer_norm_forward_kernel,
        _forward_arguments,
        (ROWS,),
        _forward_reference,
        {"BLOCK": 128},
        {"num_warps": 2},
        rtol=2e-3,
        atol=1e-3,
    ),
    Case(
        "layer_norm_backward",
        layer_norm_backward_kernel,
        _backward_arguments,
        (ROWS,),
        _backward_reference,
        {"GROUPS": GROUPS, "BLOCK": BLOCK},
        rtol=1e-4,
        atol=1e-5,
        repeatable=False,  # rows reach a buffer in any order
    ),
    Case(
        "layer_norm_sum",
        layer_norm_sum_kernel,
        _sum_arguments,
        (triton.cdiv(COLUMNS, 64),),
        lambda a: {"out_ptr": a["part_ptr"].sum(0)},
        {"BLOCK_G": 16, "BLOCK_C": 64},
        rtol=1e-5,
        atol=1e-5,
    ),
]
