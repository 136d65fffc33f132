"""From Python: `@triton_runner.jit` in place of `@triton.jit`; the kernel runs where the tensors are, CPU or GPU."""

import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def vector_add(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, tl.load(x_ptr + i, mask=i < n) + tl.load(y_ptr + i, mask=i < n), mask=i < n)


def main():
    device = get_active_torch_device()
    n = 5000
    x, y = torch.randn(n, device=device), torch.randn(n, device=device)
    out = torch.empty_like(x)
    vector_add[(triton.cdiv(n, 1024),)](x, y, out, n, BLOCK=1024)
    assert torch.equal(out, x + y)
    print(f"vector_add on {device}: equal to torch")


if __name__ == "__main__":
    main()
