"""Attention in PTX: the probabilities in the registers that the tensor cores left their scores in."""

import inspect

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


def line_of(text):
    """The number of the kernel's line that has `text`."""
    lines, first = inspect.getsourcelines(attention.fn)
    return next(first + number for number, line in enumerate(lines) if text in line)


def main():
    device = get_active_torch_device()
    length, width, tile = 64, 16, 16
    q, k, v = (torch.randn(length, width, device=device).half() for _ in range(3))
    out = torch.empty(length, width, device=device)
    launch = (q, k, v, out, length, width**-0.5, tile, width)
    here = f":{line_of('probability = ')}"
    asked = attention.dump(here, op="ex2", level="ptx")
    dumps = list(asked[(length // tile,)](*launch, num_warps=1).values())
    assert len(dumps) == 8

    # Two mma.m16n8 side by side: thread t holds rows t // 4 and t // 4 + 8, in each two neighbouring columns.
    score = (q.float() @ k.float().T) * width**-0.5
    blocks = score.view(length // tile, tile, length // tile, tile).transpose(1, 2)  # [program, iteration, row, column]
    largest = blocks.max(3).values.cummax(1).values
    want = (blocks - largest[..., None]).exp()
    thread = torch.arange(32, device=device)
    for number, dump in enumerate(dumps):
        print(dump)
        row = thread // 4 + 8 * (number // 2 % 2)
        column = 2 * (thread % 4) + number % 2 + 8 * (number // 4)
        found = dump.tensor[0, 0].transpose(1, 2)  # [program, iteration, thread]
        torch.testing.assert_close(found, want[:, :, row, column], rtol=2e-3, atol=2e-3)
    torch.testing.assert_close(out, score.softmax(1) @ v.float(), rtol=1e-2, atol=1e-2)
    print(f"attention in PTX on {device}: agrees with torch")


if __name__ == "__main__":
    main()
