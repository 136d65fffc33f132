"""Matrix multiplication: without tl.dot, and with it in every input type that an A100 multiplies.

The grid is one-dimensional and walks the output in groups of GROUP_M block rows, so that neighbours share their inputs.
"""

import torch
import triton
import triton.language as tl

from .case import AMPERE_ON, Case


@triton.jit
def plain_matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K, stride_am, stride_bk, stride_cm,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    column = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(0, K, BLOCK_K):
        inner = start + tl.arange(0, BLOCK_K)
        a_inside = (row[:, None] < M) & (inner[None, :] < K)
        b_inside = (column[:, None] < N) & (inner[None, :] < K)
        a = tl.load(a_ptr + row[:, None] * stride_am + inner[None, :], mask=a_inside, other=0.0)
        b = tl.load(b_ptr + inner[None, :] * stride_bk + column[:, None], mask=b_inside, other=0.0)
        # Along the last axis: Triton would turn a sum along the middle one into a tl.dot in tf32.
        total += tl.sum(a[:, None, :] * b[None, :, :], axis=2)
    tl.store(c_ptr + row[:, None] * stride_cm + column[None, :], total, mask=(row[:, None] < M) & (column[None, :] < N))


@triton.jit
def grouped_block(M, N, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, GROUP_M: tl.constexpr):
    """Block row and block column of this program."""
    block = tl.program_id(0)
    blocks_m, blocks_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    group = block // (GROUP_M * blocks_n)
    first = group * GROUP_M
    height = min(blocks_m - first, GROUP_M)
    within = block % (GROUP_M * blocks_n)
    return first + within % height, within // height


@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K, stride_am, stride_ak, stride_bk, stride_bn, stride_cm, stride_cn,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    block_m, block_n = grouped_block(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    row = (block_m * BLOCK_M + tl.arange(0, BLOCK_M)) % M
    column = (block_n * BLOCK_N + tl.arange(0, BLOCK_N)) % N
    inner = tl.arange(0, BLOCK_K)
    a_tile = a_ptr + row[:, None] * stride_am + inner[None, :] * stride_ak
    b_tile = b_ptr + inner[:, None] * stride_bk + column[None, :] * stride_bn
    total = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for step in range(tl.cdiv(K, BLOCK_K)):
        left = K - step * BLOCK_K
        a = tl.load(a_tile, mask=inner[None, :] < left, other=0)
        b = tl.load(b_tile, mask=inner[:, None] < left, other=0)
        total = tl.dot(a, b, total, out_dtype=ACC)
        a_tile += BLOCK_K * stride_ak
        b_tile += BLOCK_K * stride_bk
    out_row = block_m * BLOCK_M + tl.arange(0, BLOCK_M)
    out_column = block_n * BLOCK_N + tl.arange(0, BLOCK_N)
    inside = (out_row[:, None] < M) & (out_column[None, :] < N)
    out = c_ptr + out_row[:, None] * stride_cm + out_column[None, :] * stride_cn
    tl.store(out, total.to(c_ptr.dtype.element_ty), mask=inside)


def matmul_arguments(M, N, K, dtype, out_dtype):
    def make_arguments(make):
        if dtype == torch.int8:
            a, b = make.integers(-128, 128, M, K, dtype=dtype), make.integers(-128, 128, K, N, dtype=dtype)
        else:
            a, b = make.normal(M, K, dtype=dtype, scale=0.5), make.normal(K, N, dtype=dtype, scale=0.5)
        return {
            "a_ptr": a,
            "b_ptr": b,
            "c_ptr": make.empty(M, N, dtype=out_dtype),
            "M": M,
            "N": N,
            "K": K,
            "stride_am": K,
            "stride_ak": 1,
            "stride_bk": N,
            "stride_bn": 1,
            "stride_cm": N,
            "stride_cn": 1,
        }

    return make_arguments


def matmul_reference(args):
    a, b, c = args["a_ptr"], args["b_ptr"], args["c_ptr"]
    return {"c_ptr": (a.double() @ b.double()).to(c.dtype)}


def _plain_arguments(make):
    M, N, K = 20, 24, 19
    return {
        "a_ptr": make.normal(M, K),
        "b_ptr": make.normal(K, N),
        "c_ptr": make.empty(M, N),
        "M": M,
        "N": N,
        "K": K,
        "stride_am": K,
        "stride_bk": N,
        "stride_cm": N,
    }


def _dot_case(name, dtypes, shape, blocks, stages, **facts):
    dtype, out_dtype = dtypes
    M, N, K = shape
    block_m, block_n, block_k = blocks
    return Case(
        name,
        matmul_kernel,
        matmul_arguments(M, N, K, dtype, out_dtype),
        (triton.cdiv(M, block_m) * triton.cdiv(N, block_n),),
        matmul_reference,
        {
            "BLOCK_M": block_m,
            "BLOCK_N": block_n,
            "BLOCK_K": block_k,
            "GROUP_M": 2,
            "ACC": tl.int32 if dtype == torch.int8 else tl.float32,
        },
        {"num_warps": 4, "num_stages": stages},
        **facts,
    )


HALF = {"rtol": 2e-3, "atol": 4e-3}
SINGLE = {"rtol": 1e-4, "atol": 1e-4}
BRAIN = {"rtol": 1.6e-2, "atol": 2e-2, "targets": AMPERE_ON}
TF32 = {"rtol": 5e-3, "atol": 2e-2, "targets": AMPERE_ON}
WHOLE = {"exact": True, "targets": AMPERE_ON}
CASES = [
    Case(
        "plain_matmul",
        plain_matmul_kernel,
        _plain_arguments,
        (2, 2),
        lambda a: {"c_ptr": a["a_ptr"] @ a["b_ptr"]},
        {"BLOCK_M": 16, "BLOCK_N": 16, "BLOCK_K": 8},
        rtol=1e-4,
        atol=1e-5,
    ),
    _dot_case("matmul_fp16_s2", (torch.float16, torch.float16), (96, 72, 80), (32, 32, 32), stages=2, **HALF),
    _dot_case("matmul_fp16_s3", (torch.float16, torch.float16), (96, 128, 96), (64, 64, 32), stages=3, **HALF),
    _dot_case("matmul_fp16_s4", (torch.float16, torch.float32), (64, 64, 144), (64, 32, 16), stages=4, **SINGLE),
    _dot_case("matmul_bf16_s3", (torch.bfloat16, torch.bfloat16), (64, 64, 72), (32, 64, 32), stages=3, **BRAIN),
    _dot_case("matmul_tf32_s3", (torch.float32, torch.float32), (64, 48, 72), (32, 32, 32), stages=3, **TF32),
    _dot_case("matmul_int8_s3", (torch.int8, torch.int32), (64, 80, 96), (32, 32, 32), stages=3, **WHOLE),
]
