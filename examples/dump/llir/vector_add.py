"""Vector addition in LLVM IR: the sum of every thread."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def add(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    total = tl.load(x_ptr + i, mask=i < n) + tl.load(y_ptr + i, mask=i < n)
    tl.store(out_ptr + i, total, mask=i < n)


def main():
    device = get_active_torch_device()
    n, block = 1000, 128
    x, y, out = (torch.randn(n, device=device) for _ in range(3))
    grid = (-(-n // block),)
    # 128 threads and 128 elements: one each, so a program's threads are its elements.
    dumps = add.dump("fadd", level="llir")[grid](x, y, out, n, BLOCK=block)
    total = next(iter(dumps.values()))
    print(total)
    assert torch.equal(total.tensor[0, 0].flatten()[:n], x + y)
    assert torch.equal(out, x + y)
    print(f"sums of every thread in LLVM IR on {device}: equal to torch")


if __name__ == "__main__":
    main()
