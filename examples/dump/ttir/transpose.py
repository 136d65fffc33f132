"""Dump the first value of one operation of TTIR."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def transpose(x_ptr, out_ptr, SIDE: tl.constexpr):
    i = tl.arange(0, SIDE)
    tile = tl.load(x_ptr + i[:, None] * SIDE + i[None, :])
    turned = tl.trans(tile)
    tl.store(out_ptr + i[:, None] * SIDE + i[None, :], turned)


def main():
    device = get_active_torch_device()
    x = torch.randn(32, 32, device=device)
    out = torch.empty_like(x)
    arguments = (x, out, 32)
    grid = (1,)
    kernel = transpose[grid](*arguments)
    values = kernel.dump("tt.trans[0]", level="ttir")[grid](*arguments)
    value = next(iter(values.values()))
    print(value)
    torch.testing.assert_close(value.tensor[0, 0, 0], x.T, rtol=0, atol=0)
    print(f"transpose on {device}: the dumped values are those of torch")


if __name__ == "__main__":
    main()
