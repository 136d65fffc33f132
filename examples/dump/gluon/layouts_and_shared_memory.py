"""Dump a Gluon kernel: a value in a layout of one's own, and a tile in shared memory, before and after it is turned."""

import torch
from triton.experimental.gluon import language as gl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.gluon_jit
def turn(x_ptr, out_ptr, SIDE: gl.constexpr):
    by_row: gl.constexpr = gl.BlockedLayout([1, 4], [4, 8], [4, 1], [1, 0])
    swizzled: gl.constexpr = gl.SwizzledSharedLayout(vec=4, per_phase=1, max_phase=8, order=[1, 0])
    row = gl.arange(0, SIDE, layout=gl.SliceLayout(1, by_row))[:, None]
    column = gl.arange(0, SIDE, layout=gl.SliceLayout(0, by_row))[None, :]
    tile = gl.allocate_shared_memory(gl.float32, [SIDE, SIDE], swizzled)
    tile.store(gl.load(x_ptr + row * SIDE + column))
    turned = tile.permute([1, 0]).load(by_row)
    gl.store(out_ptr + row * SIDE + column, turned)


def main():
    device = get_active_torch_device()
    x = torch.randn(32, 32, device=device)
    out = torch.empty_like(x)
    values = turn.dump("*")[(1,)](x, out, 32)
    loaded = next(dump for dump in values.values() if dump.source.op == "tt.load")
    shared = next(dump for dump in values.values() if dump.source.op == "ttg.memdesc_trans")
    print(loaded.source.layout, loaded)
    print(shared.source.layout, shared)
    assert torch.equal(loaded.tensor[0, 0, 0], x)
    assert torch.equal(shared.tensor[0, 0, 0], x.T)
    assert torch.equal(out, x.T)
    print(f"turn on {device}: equal to torch")


if __name__ == "__main__":
    main()
