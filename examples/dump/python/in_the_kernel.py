"""Dump from within the kernel with triton_runner.language, with a name or into a buffer of one's own."""

import torch
import triton
import triton.language as tl

import triton_runner
import triton_runner.language as dl
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def squares(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    square = tl.load(x_ptr + i, mask=i < n, other=0.0) * tl.load(x_ptr + i, mask=i < n, other=0.0)
    dl.dump_grids(square, name="square")
    tl.store(out_ptr + i, square + 1, mask=i < n)


def main():
    device = get_active_torch_device()
    n, block = 1000, 256
    x = torch.randn(n, device=device)
    out = torch.empty_like(x)
    grid = (triton.cdiv(n, block),)

    square = squares.dump("square")[grid](x, out, n, BLOCK=block)["square"]
    torch.testing.assert_close(square.tensor.reshape(-1)[:n], x * x)

    buffer = torch.empty(grid[0] * block, device=device)
    squares[grid](x, out, n, BLOCK=block, dump_tensor=buffer)
    torch.testing.assert_close(buffer[:n], x * x)

    squares[grid](x, out, n, BLOCK=block)  # without a request the call in the kernel leaves nothing behind
    torch.testing.assert_close(out, x * x + 1)
    print(f"squares on {device}: equal to torch")


if __name__ == "__main__":
    main()
