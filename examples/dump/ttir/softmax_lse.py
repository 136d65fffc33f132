"""Dump the running largest value of a softmax with log-sum-exp in TTIR, one for every iteration."""

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


def main():
    device = get_active_torch_device()
    rows, columns, block = 3, 512, 128
    x = torch.randn(rows, columns, device=device)
    out, lse = torch.empty_like(x), torch.empty(rows, device=device)
    arguments = (x, out, lse, columns, block)
    grid = (rows,)
    kernel = softmax_lse[grid](*arguments)
    largest, logarithm = kernel.dump("arith.maxnumf[-1]", "math.log", level="ttir")[grid](*arguments).values()
    print(largest)
    print(logarithm)
    running = torch.stack([x[:, : block * (i + 1)].max(1).values for i in range(columns // block)], 1)
    torch.testing.assert_close(largest.tensor[0, 0], running, rtol=0, atol=0)
    torch.testing.assert_close(logarithm.tensor[0, 0], x.logsumexp(1) - x.max(1).values)
    torch.testing.assert_close(lse, x.logsumexp(1))
    print(f"softmax_lse in TTIR on {device}: the dumped values are those of torch")


if __name__ == "__main__":
    main()
