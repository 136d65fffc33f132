"""Kernels that need more than a grid and a block: clusters, cooperative and dependent launches, large shared memory."""

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from .case import AMPERE_ON, HOPPER_ON, Case
from .matmul import matmul_arguments, matmul_kernel, matmul_reference


@triton.jit
def cluster_kernel(x_ptr, out_ptr, sum_ptr, COLUMNS: tl.constexpr):
    row = tl.program_id(0)
    x = tl.load(x_ptr + row * COLUMNS + tl.arange(0, COLUMNS))
    tl.store(out_ptr + row * COLUMNS + tl.arange(0, COLUMNS), x * 2.0 + 1.0)
    if row == 0:
        tl.store(sum_ptr, tl.num_programs(0))


@triton.jit
def cooperative_kernel(x_ptr, part_ptr, arrived_ptr, out_ptr, BLOCK: tl.constexpr, PROGRAMS: tl.constexpr):
    """Every program needs the sums of all others, so all of them have to be on the device at once."""
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + index)
    tl.store(part_ptr + tl.program_id(0), tl.sum(x, axis=0))
    tl.debug_barrier()
    tl.atomic_add(arrived_ptr, 1, sem="acq_rel")
    while tl.atomic_add(arrived_ptr, 0, sem="acquire") < PROGRAMS:
        pass
    tl.debug_barrier()
    total = tl.sum(tl.load(part_ptr + tl.arange(0, PROGRAMS), volatile=True), axis=0)
    tl.store(out_ptr + index, x + total)


@triton.jit
def dependent_kernel(x_ptr, out_ptr, count, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    gdc_wait()
    x = tl.load(x_ptr + index, mask=index < count)
    gdc_launch_dependents()
    tl.store(out_ptr + index, x * 3.0, mask=index < count)


def _cluster_arguments(make):
    return {"x_ptr": make.normal(6, 512), "out_ptr": make.empty(6, 512), "sum_ptr": make.zeros(1, dtype=torch.int32)}


def _cluster_reference(args):
    programs = torch.full_like(args["sum_ptr"], 6)
    return {"out_ptr": args["x_ptr"] * 2.0 + 1.0, "sum_ptr": programs}


def _cooperative_arguments(make):
    return {
        "x_ptr": make.integers(-100, 100, 8 * 128),
        "part_ptr": make.zeros(8, dtype=torch.int32),
        "arrived_ptr": make.zeros(1, dtype=torch.int32),
        "out_ptr": make.empty(8 * 128, dtype=torch.int32),
    }


def _cooperative_reference(args):
    x = args["x_ptr"]
    return {"out_ptr": x + x.sum().to(x.dtype), "arrived_ptr": torch.full_like(args["arrived_ptr"], 8)}


def _dependent_arguments(make):
    return {"x_ptr": make.normal(1000), "out_ptr": make.empty(1000), "count": 1000}


CASES = [
    Case(
        "cluster",
        cluster_kernel,
        _cluster_arguments,
        (6,),
        _cluster_reference,
        {"COLUMNS": 512},
        {"num_ctas": 2},
        targets=HOPPER_ON,
        cpu=False,
        exact=True,
    ),
    Case(
        "cluster_matmul",
        matmul_kernel,
        matmul_arguments(128, 128, 64, torch.float16, torch.float16),
        (1,),
        matmul_reference,
        {"BLOCK_M": 128, "BLOCK_N": 128, "BLOCK_K": 32, "GROUP_M": 1, "ACC": tl.float32},
        {"num_ctas": 2, "num_stages": 2},
        rtol=2e-3,
        atol=4e-3,
        stable_code=False,  # a pass of Triton 3.6 orders layouts of clusters by address
        targets=HOPPER_ON,
        cpu=False,
    ),
    Case(
        "cooperative",
        cooperative_kernel,
        _cooperative_arguments,
        (8,),
        _cooperative_reference,
        {"BLOCK": 128, "PROGRAMS": 8},
        {"launch_cooperative_grid": True},
        targets=AMPERE_ON,
        exact=True,
    ),
    Case(
        "dependent_launch",
        dependent_kernel,
        _dependent_arguments,
        (4,),
        lambda a: {"out_ptr": a["x_ptr"] * 3.0},
        {"BLOCK": 256},
        {"launch_pdl": True},
        targets=HOPPER_ON,
        cpu=False,
        exact=True,
    ),
    Case(
        "large_shared",
        matmul_kernel,
        matmul_arguments(256, 256, 256, torch.float16, torch.float16),
        (4,),
        matmul_reference,
        {"BLOCK_M": 128, "BLOCK_N": 128, "BLOCK_K": 64, "GROUP_M": 2, "ACC": tl.float32},
        {"num_warps": 8, "num_stages": 3},
        rtol=2e-3,
        atol=8e-3,
        targets=AMPERE_ON,
    ),
]
