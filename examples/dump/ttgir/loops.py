"""Dump a value of TTGIR in ragged loops and a branch, and what the loops carry."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def triangle(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    """The inner loop is as long as the outer one has come, and only odd steps count."""
    i = tl.arange(0, BLOCK)
    acc = tl.zeros([BLOCK], tl.float32)
    for row in range(n):
        for step in range(row):
            if step % 2 == 1:
                part = tl.load(x_ptr + row * BLOCK + i) * step
                acc += part
    tl.store(out_ptr + i, acc)


def main():
    device = get_active_torch_device()
    n, block = 5, 64
    x, out = torch.randn(n, block, device=device), torch.empty(block, device=device)
    arguments = (x, out, n, block)
    grid = (1,)
    kernel = triangle[grid](*arguments)
    # The product in the branch lies in both loops; what the outer loop carries is there once for each iteration of it.
    values = list(kernel.dump("arith.mulf", "block argument", level="ttgir")[grid](*arguments).values())
    part = next(value for value in values if value.source.op == "arith.mulf")
    carried = next(value for value in values if value.tensor.dim() == 5 and value.tensor.is_floating_point())
    print(part)
    print(carried)
    total = torch.zeros(block, device=device)
    for row in range(n):
        torch.testing.assert_close(carried.tensor[0, 0, 0, row], total)
        for step in range(n - 1):
            computed = step < row and step % 2 == 1
            assert bool(part.valid[0, 0, 0, row, step]) == computed
            if computed:
                torch.testing.assert_close(part.tensor[0, 0, 0, row, step], x[row] * step)
                total = total + x[row] * step
    torch.testing.assert_close(out, total)
    print(f"loops in TTGIR on {device}: every iteration is that of torch")


if __name__ == "__main__":
    main()
