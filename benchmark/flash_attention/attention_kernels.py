"""Flash attention, forward: softmax(q kᵀ · scale) v, block by block, with a running maximum and a running sum.

Keys that every query of a block sees are done first and without a mask. A plain function, so that Triton and
triton_runner each decorate the same source.
"""

import triton
import triton.language as tl


@triton.jit
def add_keys(
    q, k_ptr, v_ptr, row, begin, end, length, log2_scale, highest, weight, total,
    MASKED: tl.constexpr, CAUSAL: tl.constexpr, WIDTH: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Take the keys from begin to end into the running maximum, sum and weighted values of each query."""
    lane = tl.arange(0, WIDTH)
    for start in range(begin, end, BLOCK_N):
        column = start + tl.arange(0, BLOCK_N)
        k_tile = k_ptr + column[None, :] * WIDTH + lane[:, None]
        v_tile = v_ptr + column[:, None] * WIDTH + lane[None, :]
        if MASKED:
            score = tl.dot(q, tl.load(k_tile, mask=(column < length)[None, :], other=0.0)) * log2_scale
            visible = (column < length)[None, :]
            if CAUSAL:
                visible = visible & (column[None, :] <= row[:, None])
            score = tl.where(visible, score, -float("inf"))
            v = tl.load(v_tile, mask=(column < length)[:, None], other=0.0)
        else:
            score = tl.dot(q, tl.load(k_tile)) * log2_scale
            v = tl.load(v_tile)
        new_highest = tl.maximum(highest, tl.max(score, 1))
        power = tl.exp2(score - new_highest[:, None])
        shrink = tl.exp2(highest - new_highest)
        weight = weight * shrink + tl.sum(power, 1)
        total = tl.dot(power.to(v.dtype), v, total * shrink[:, None])
        highest = new_highest
    return highest, weight, total


def attention(
    q_ptr, k_ptr, v_ptr, out_ptr, length, scale,
    CAUSAL: tl.constexpr, WIDTH: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    head = tl.program_id(1).to(tl.int64) * length * WIDTH
    first = tl.program_id(0) * BLOCK_M
    row = first + tl.arange(0, BLOCK_M)
    tile = head + row[:, None] * WIDTH + tl.arange(0, WIDTH)[None, :]
    inside = (row < length)[:, None]
    q = tl.load(q_ptr + tile, mask=inside, other=0.0)
    highest = tl.full((BLOCK_M,), -float("inf"), tl.float32)
    weight = tl.zeros((BLOCK_M,), tl.float32)
    total = tl.zeros((BLOCK_M, WIDTH), tl.float32)
    log2_scale = scale * 1.4426950408889634
    end = tl.minimum(first + BLOCK_M, length) if CAUSAL else length
    clear = (tl.minimum(first, length) if CAUSAL else length) // BLOCK_N * BLOCK_N
    highest, weight, total = add_keys(
        q, k_ptr + head, v_ptr + head, row, 0, clear, length, log2_scale, highest, weight, total,
        False, CAUSAL, WIDTH, BLOCK_N,
    )  # fmt: skip
    highest, weight, total = add_keys(
        q, k_ptr + head, v_ptr + head, row, clear, end, length, log2_scale, highest, weight, total,
        True, CAUSAL, WIDTH, BLOCK_N,
    )  # fmt: skip
    tl.store(out_ptr + tile, (total / weight[:, None]).to(tl.float16), mask=inside)
