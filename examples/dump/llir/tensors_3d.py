"""A tensor of three dimensions in LLVM IR: an element for each thread, found by its address, and the sums."""

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
    x = torch.randn(4, 4, 8, device=device)
    out = torch.empty(4, 8, device=device)
    # 128 threads and 128 elements: one each. The address that a thread loads from tells which one.
    asked = sum_middle.dump("getelementptr", "asm[0]", "load", level="llir")
    dumps = list(asked[(1,)](x, out, 4, 4, 8).values())
    first, last = x.data_ptr(), x.data_ptr() + 4 * x.numel()
    inside = [dump.tensor for dump in dumps if bool(((dump.tensor >= first) & (dump.tensor < last)).all())]
    place = (inside[-1] - first).flatten() // 4
    cube = next(dump for dump in dumps if dump.source.op.startswith("asm"))
    summed = [dump for dump in dumps if dump.source.op.startswith("load")][-1]
    print(cube)
    print(summed)
    assert sorted(place.tolist()) == list(range(128))
    # Bits that are only moved have no type: they come as integers.
    assert torch.equal(cube.tensor[0, 0, 0].view(torch.float32), x.flatten()[place])
    # The sums went through shared memory to the threads that store them.
    torch.testing.assert_close(summed.tensor[0, 0, 0].view(torch.float32)[:32], x.sum(1).flatten())
    torch.testing.assert_close(out, x.sum(1))
    print(f"3-d tensors in LLVM IR on {device}: agree with torch")


if __name__ == "__main__":
    main()
