"""Flash attention, forward.

Blocks of keys and values stream past a block of queries; the softmax is kept as a running maximum and a running sum.
"""

import math

import torch
import triton
import triton.language as tl

from .case import AMPERE_ON, Case

BATCH_HEADS, LENGTH, WIDTH, BLOCK_M, BLOCK_N = 2, 96, 32, 32, 32


@triton.jit
def attention_kernel(
    q_ptr, k_ptr, v_ptr, out_ptr, lse_ptr, scale, length,
    CAUSAL: tl.constexpr, WIDTH: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    base = tl.program_id(1).to(tl.int64) * length * WIDTH
    first = tl.program_id(0) * BLOCK_M
    row, key, lane = first + tl.arange(0, BLOCK_M), tl.arange(0, BLOCK_N), tl.arange(0, WIDTH)
    q = tl.load(q_ptr + base + row[:, None] * WIDTH + lane[None, :], mask=row[:, None] < length, other=0.0)
    highest = tl.full((BLOCK_M,), -float("inf"), tl.float32)
    weight = tl.zeros((BLOCK_M,), tl.float32)
    total = tl.zeros((BLOCK_M, WIDTH), tl.float32)
    log2_scale = scale * 1.4426950408889634
    last = tl.minimum(first + BLOCK_M, length) if CAUSAL else length
    for start in range(0, last, BLOCK_N):
        column = start + key
        k = tl.load(k_ptr + base + column[None, :] * WIDTH + lane[:, None], mask=column[None, :] < length, other=0.0)
        v = tl.load(v_ptr + base + column[:, None] * WIDTH + lane[None, :], mask=column[:, None] < length, other=0.0)
        visible = column[None, :] < length
        if CAUSAL:
            visible = visible & (column[None, :] <= row[:, None])
        score = tl.where(visible, tl.dot(q, k) * log2_scale, -float("inf"))
        new_highest = tl.maximum(highest, tl.max(score, axis=1))
        probability = tl.exp2(score - new_highest[:, None])
        shrink = tl.exp2(highest - new_highest)
        weight = weight * shrink + tl.sum(probability, axis=1)
        total = tl.dot(probability.to(v.dtype), v, total * shrink[:, None])
        highest = new_highest
    out = total / weight[:, None]
    out_tile = out_ptr + base + row[:, None] * WIDTH + lane[None, :]
    tl.store(out_tile, out.to(out_ptr.dtype.element_ty), mask=row[:, None] < length)
    tl.store(lse_ptr + tl.program_id(1) * length + row, highest + tl.log2(weight), mask=row < length)


def _arguments(dtype):
    def make_arguments(make):
        shape = (BATCH_HEADS, LENGTH, WIDTH)
        return {
            "q_ptr": make.normal(*shape, dtype=dtype),
            "k_ptr": make.normal(*shape, dtype=dtype),
            "v_ptr": make.normal(*shape, dtype=dtype),
            "out_ptr": make.empty(*shape, dtype=dtype),
            "lse_ptr": make.empty(BATCH_HEADS, LENGTH),
            "scale": 1 / math.sqrt(WIDTH),
            "length": LENGTH,
        }

    return make_arguments


def _reference(causal):
    def reference(args):
        q, k, v = (args[name].float() for name in ("q_ptr", "k_ptr", "v_ptr"))
        score = (q @ k.transpose(1, 2)) * args["scale"]
        if causal:
            hidden = torch.ones(LENGTH, LENGTH, dtype=torch.bool, device=q.device).triu(1)
            score = score.masked_fill(hidden, -float("inf"))
        out = torch.softmax(score, dim=-1) @ v
        return {"out_ptr": out.to(args["q_ptr"].dtype), "lse_ptr": torch.logsumexp(score, dim=-1) / math.log(2)}

    return reference


def _case(name, dtype, causal, **tolerance):
    return Case(
        name,
        attention_kernel,
        _arguments(dtype),
        (triton.cdiv(LENGTH, BLOCK_M), BATCH_HEADS),
        _reference(causal),
        {"CAUSAL": causal, "WIDTH": WIDTH, "BLOCK_M": BLOCK_M, "BLOCK_N": BLOCK_N},
        {"num_warps": 4, "num_stages": 2},
        targets=AMPERE_ON,
        **tolerance,
    )


CASES = [
    _case("attention", torch.float16, False, rtol=4e-3, atol=4e-3),
    _case("attention_causal", torch.float16, True, rtol=4e-3, atol=4e-3),
    _case("attention_causal_bf16", torch.bfloat16, True, rtol=2e-2, atol=2e-2),
]
