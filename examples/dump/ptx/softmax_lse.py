"""Softmax with log-sum-exp in PTX: the running largest value by its Python line, and the quotients."""

import inspect

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def softmax_lse(x_ptr, out_ptr, lse_ptr, columns, BLOCK: tl.constexpr):
    """Softmax in one pass over blocks, with a running largest value and sum."""
    row = tl.program_id(0)
    largest, total = -float("inf"), 0.0
    for start in range(0, columns, BLOCK):
        x = tl.load(x_ptr + row * columns + start + tl.arange(0, BLOCK))
        before = largest
        largest = tl.maximum(before, tl.max(x, axis=0))
        total = total * tl.exp(before - largest) + tl.sum(tl.exp(x - largest), axis=0)
    lse = largest + tl.log(total)
    for start in range(0, columns, BLOCK):
        i = row * columns + start + tl.arange(0, BLOCK)
        tl.store(out_ptr + i, tl.exp(tl.load(x_ptr + i) - lse))
    tl.store(lse_ptr + row, lse)


def line_of(text):
    """The number of the kernel's line that has `text`."""
    lines, first = inspect.getsourcelines(softmax_lse.fn)
    return next(first + number for number, line in enumerate(lines) if text in line)


def main():
    device = get_active_torch_device()
    rows, columns, block = 3, 512, 128
    x = torch.randn(rows, columns, device=device)
    out, lse = torch.empty_like(x), torch.empty(rows, device=device)
    launch = (x, out, lse, columns, block)
    # Of the maxima of one Python line the last one joins what the threads have found and what was there before.
    here = f":{line_of('largest = tl.maximum')}"
    maxima = softmax_lse.dump(here, op="max", level="ptx")[(rows,)](*launch)
    largest = list(maxima.values())[-1]
    print(largest)
    running = torch.stack([x[:, : block * (i + 1)].max(1).values for i in range(columns // block)], 1)
    for thread in range(128):
        assert torch.equal(largest.tensor[0, 0, :, thread], running)
    # One element a thread: [programs, threads, iterations] are rows, and columns of each block.
    quotients = softmax_lse.dump(f":{line_of('tl.store(out_ptr')}", op="ex2", level="ptx")[(rows,)](*launch)
    quotient = next(iter(quotients.values())).tensor[0, 0]
    torch.testing.assert_close(quotient.transpose(1, 2).reshape(rows, columns), x.softmax(1))
    torch.testing.assert_close(lse, x.logsumexp(1))
    print(f"softmax_lse in PTX on {device}: agrees with torch")


if __name__ == "__main__":
    main()
