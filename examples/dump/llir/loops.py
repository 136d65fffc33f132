"""Ragged loops and a branch in LLVM IR: a dimension for each loop, found in the flow of control."""

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
    n, block = 5, 128
    x, out = torch.randn(n, block, device=device), torch.empty(block, device=device)
    # The sum lies in the branch of the inner loop: it is recorded where that was taken.
    dumps = triangle.dump("fadd", level="llir")[(1,)](x, out, n, block)
    acc = next(iter(dumps.values()))
    print(acc)
    assert acc.tensor.shape == (1, 1, 1, block, n, n - 1)
    total = torch.zeros(block, device=device)
    for row in range(n):
        for step in range(n - 1):
            computed = step < row and step % 2 == 1
            assert (acc.valid[0, 0, 0, :, row, step] == computed).all()
            if computed:
                total = total + x[row] * step
                torch.testing.assert_close(acc.tensor[0, 0, 0, :, row, step], total)
    torch.testing.assert_close(out, total)
    print(f"loops in LLVM IR on {device}: every iteration is that of torch")


if __name__ == "__main__":
    main()
