"""Kernels over tensor descriptors: TMA on sm_90 and later, plain pointers before.

A descriptor made in the kernel needs global scratch on TMA hardware; one made on the host is a 128-byte map there. On
sm_80 Triton lowers both to pointer arithmetic, which is what the CPU driver runs.
"""

import torch
import triton
import triton.language as tl
from triton.tools.tensor_descriptor import TensorDescriptor

from .case import AMPERE_ON, Case
from .matmul import grouped_block

M, N, K, BLOCK_M, BLOCK_N, BLOCK_K = 160, 192, 96, 64, 64, 32


@triton.jit
def tma_copy_kernel(x_ptr, out_ptr, rows, columns, BLOCK_R: tl.constexpr, BLOCK_C: tl.constexpr):
    source = tl.make_tensor_descriptor(x_ptr, [rows, columns], [columns, 1], [BLOCK_R, BLOCK_C])
    target = tl.make_tensor_descriptor(out_ptr, [rows, columns], [columns, 1], [BLOCK_R, BLOCK_C])
    corner = [tl.program_id(0) * BLOCK_R, tl.program_id(1) * BLOCK_C]
    target.store(corner, source.load(corner) * 2)


@triton.jit
def tma_device_matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr,
):  # fmt: skip
    a = tl.make_tensor_descriptor(a_ptr, [M, K], [K, 1], [BLOCK_M, BLOCK_K])
    b = tl.make_tensor_descriptor(b_ptr, [K, N], [N, 1], [BLOCK_K, BLOCK_N])
    c = tl.make_tensor_descriptor(c_ptr, [M, N], [N, 1], [BLOCK_M, BLOCK_N])
    block_m, block_n = grouped_block(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    row, column = block_m * BLOCK_M, block_n * BLOCK_N
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(0, K, BLOCK_K):
        total = tl.dot(a.load([row, start]), b.load([start, column]), total)
    c.store([row, column], total.to(c_ptr.dtype.element_ty))


@triton.jit
def tma_host_matmul_kernel(
    a, b, c, M, N, K, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr
):
    block_m, block_n = grouped_block(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    row, column = block_m * BLOCK_M, block_n * BLOCK_N
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(0, K, BLOCK_K):
        total = tl.dot(a.load([row, start]), b.load([start, column]), total)
    c.store([row, column], total.to(tl.float16))


@triton.jit
def persistent_matmul_kernel(a, b, c, M, N, K, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr):
    blocks_n = tl.cdiv(N, BLOCK_N)
    blocks = tl.cdiv(M, BLOCK_M) * blocks_n
    for block in tl.range(tl.program_id(0), blocks, tl.num_programs(0), flatten=True):
        row, column = block // blocks_n * BLOCK_M, block % blocks_n * BLOCK_N
        total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
        for start in range(0, K, BLOCK_K):
            total = tl.dot(a.load([row, start]), b.load([start, column]), total)
        c.store([row, column], total.to(tl.float16))


def _copy_arguments(make):
    rows, columns = 100, 72  # edge blocks stick out on both sides
    return {"x_ptr": make.normal(rows, columns), "out_ptr": make.empty(rows, columns), "rows": rows, "columns": columns}


def _matrices(make):
    return (
        make.normal(M, K, dtype=torch.float16, scale=0.5),
        make.normal(K, N, dtype=torch.float16, scale=0.5),
        make.empty(M, N, dtype=torch.float16),
    )


def _device_arguments(make):
    a, b, c = _matrices(make)
    return {"a_ptr": a, "b_ptr": b, "c_ptr": c, "M": M, "N": N, "K": K}


def _host_arguments(make):
    a, b, c = _matrices(make)
    return {
        "a": TensorDescriptor.from_tensor(a, [BLOCK_M, BLOCK_K]),
        "b": TensorDescriptor.from_tensor(b, [BLOCK_K, BLOCK_N]),
        "c": TensorDescriptor.from_tensor(c, [BLOCK_M, BLOCK_N]),
        "M": M,
        "N": N,
        "K": K,
    }


def _product(a, b, dtype):
    return (a.double() @ b.double()).to(dtype)


def _host_reference(args):
    return {"c": _product(args["a"].base, args["b"].base, args["c"].base.dtype)}


BLOCKS = {"BLOCK_M": BLOCK_M, "BLOCK_N": BLOCK_N, "BLOCK_K": BLOCK_K}
GRID = (triton.cdiv(M, BLOCK_M) * triton.cdiv(N, BLOCK_N),)
HALF = {"rtol": 2e-3, "atol": 4e-3, "targets": AMPERE_ON}
CASES = [
    Case(
        "tma_copy",
        tma_copy_kernel,
        _copy_arguments,
        (4, 3),
        lambda a: {"out_ptr": a["x_ptr"] * 2},
        {"BLOCK_R": 32, "BLOCK_C": 32},
        targets=AMPERE_ON,
        exact=True,
    ),
    Case(
        "tma_device_matmul",
        tma_device_matmul_kernel,
        _device_arguments,
        GRID,
        lambda a: {"c_ptr": _product(a["a_ptr"], a["b_ptr"], a["c_ptr"].dtype)},
        {**BLOCKS, "GROUP_M": 2},
        {"num_stages": 3},
        **HALF,
    ),
    Case(
        "tma_host_matmul",
        tma_host_matmul_kernel,
        _host_arguments,
        GRID,
        _host_reference,
        {**BLOCKS, "GROUP_M": 2},
        {"num_stages": 3},
        **HALF,
    ),
    Case(
        "persistent_matmul",
        persistent_matmul_kernel,
        _host_arguments,
        (4,),
        _host_reference,
        BLOCKS,
        {"num_stages": 3},
        **HALF,
    ),
]
