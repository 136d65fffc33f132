"""From Gluon: layouts and shared memory written out. `triton_runner.jit` goes on top of `gluon.jit`."""

import torch
from triton.experimental import gluon
from triton.experimental.gluon import language as gl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
@gluon.jit
def transpose(x_ptr, out_ptr, SIDE: gl.constexpr):
    by_row: gl.constexpr = gl.BlockedLayout([1, 4], [4, 8], [4, 1], [1, 0])
    swizzled: gl.constexpr = gl.SwizzledSharedLayout(vec=4, per_phase=1, max_phase=8, order=[1, 0])
    row = gl.arange(0, SIDE, layout=gl.SliceLayout(1, by_row))[:, None]
    column = gl.arange(0, SIDE, layout=gl.SliceLayout(0, by_row))[None, :]
    offset = gl.program_id(0) * SIDE * SIDE + row * SIDE + column
    tile = gl.allocate_shared_memory(gl.float32, [SIDE, SIDE], swizzled)
    tile.store(gl.load(x_ptr + offset))
    gl.store(out_ptr + offset, tile.permute([1, 0]).load(by_row))


def main():
    device = get_active_torch_device()
    x = torch.randn(5, 32, 32, device=device)
    out = torch.empty_like(x)
    transpose[(5,)](x, out, SIDE=32, num_warps=4)
    assert torch.equal(out, x.transpose(1, 2))
    print(f"transpose on {device}: equal to torch")


if __name__ == "__main__":
    main()
