"""Dump a value of TTGIR for two programs only."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def attention(q_ptr, k_ptr, v_ptr, out_ptr, length, scale, TILE: tl.constexpr, WIDTH: tl.constexpr):
    rows, width = tl.program_id(0) * TILE + tl.arange(0, TILE), tl.arange(0, WIDTH)
    q = tl.load(q_ptr + rows[:, None] * WIDTH + width[None, :])
    highest = tl.full([TILE], -float("inf"), tl.float32)
    weight = tl.zeros([TILE], tl.float32)
    acc = tl.zeros([TILE, WIDTH], tl.float32)
    for start in range(0, length, TILE):
        keys = start + tl.arange(0, TILE)
        score = tl.dot(q, tl.load(k_ptr + keys[None, :] * WIDTH + width[:, None])) * scale
        newest = tl.maximum(highest, tl.max(score, axis=1))
        probability = tl.exp(score - newest[:, None])
        fade = tl.exp(highest - newest)
        weight = weight * fade + tl.sum(probability, axis=1)
        v = tl.load(v_ptr + keys[:, None] * WIDTH + width[None, :])
        acc = tl.dot(probability.to(tl.float16), v, acc * fade[:, None])
        highest = newest
    tl.store(out_ptr + rows[:, None] * WIDTH + width[None, :], acc / weight[:, None])


def main():
    device = get_active_torch_device()
    length, width, tile = 128, 32, 32
    q, k, v = (torch.randn(length, width, device=device).half() for _ in range(3))
    out = torch.empty(length, width, device=device)
    arguments = (q, k, v, out, length, width**-0.5, tile, width)
    grid = (length // tile,)
    kernel = attention[grid](*arguments)
    values = kernel.dump("probability", op="math", level="ttgir", programs=(slice(0, 2),))[grid](*arguments)
    value = next(iter(values.values()))
    print(value)
    score = (q.float() @ k.float().T) * width**-0.5
    first = score[:, :tile]
    want = (first - first.max(1, keepdim=True).values).exp().reshape(length // tile, tile, tile)
    torch.testing.assert_close(value.tensor[:, 0], want[:2], rtol=2e-3, atol=2e-3)
    print(f"attention on {device}: the dumped values are those of torch")


if __name__ == "__main__":
    main()
