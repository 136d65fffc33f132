"""Dump by the Python variable: what every program of a vector add computed, as one tensor."""

import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def vector_add(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    total = tl.load(x_ptr + i, mask=i < n) + tl.load(y_ptr + i, mask=i < n)
    tl.store(out_ptr + i, total, mask=i < n)


def main():
    device = get_active_torch_device()
    n = 5000
    x, y = torch.randn(n, device=device), torch.randn(n, device=device)
    out = torch.empty_like(x)
    arguments = (x, y, out, n, 1024)
    grid = (triton.cdiv(n, 1024),)
    values = vector_add.dump("total", op="arith.addf")[grid](*arguments)
    value = next(iter(values.values()))
    print(value)
    torch.testing.assert_close(value.tensor.reshape(-1)[:n], x + y, rtol=0, atol=0)
    print(f"vector_add on {device}: the dumped values are those of torch")


if __name__ == "__main__":
    main()
