"""Dump a value of three dimensions in TTIR, and what a sum over the middle one leaves."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def sum_middle(x_ptr, out_ptr, A: tl.constexpr, B: tl.constexpr, C: tl.constexpr):
    a, b, c = tl.arange(0, A), tl.arange(0, B), tl.arange(0, C)
    cube = tl.load(x_ptr + a[:, None, None] * (B * C) + b[None, :, None] * C + c[None, None, :])
    summed = tl.sum(cube, axis=1)
    tl.store(out_ptr + a[:, None] * C + c[None, :], summed)


def main():
    device = get_active_torch_device()
    x = torch.randn(4, 8, 16, device=device)
    out = torch.empty(4, 16, device=device)
    arguments = (x, out, 4, 8, 16)
    grid = (1,)
    kernel = sum_middle[grid](*arguments)
    cube, summed = kernel.dump("tt.load", "tt.reduce", level="ttir")[grid](*arguments).values()
    print(cube)
    print(summed)
    assert torch.equal(cube.tensor[0, 0, 0], x)
    torch.testing.assert_close(summed.tensor[0, 0, 0], x.sum(1))
    print(f"3-d tensors in TTIR on {device}: the dumped values are those of torch")


if __name__ == "__main__":
    main()
