"""Dump values of TTGIR of many types: each keeps its own, and all of its bits."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def convert(x_ptr, half_ptr, brain_ptr, whole_ptr, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + i)
    half = x.to(tl.float16)
    brain = x.to(tl.bfloat16)
    whole = (x * 1000).to(tl.int64) * 1000003
    positive = x > 0
    tl.store(half_ptr + i, half)
    tl.store(brain_ptr + i, brain)
    tl.store(whole_ptr + i, tl.where(positive, whole, 0))


def main():
    device = get_active_torch_device()
    x = torch.randn(128, device=device)
    half, brain = torch.empty_like(x, dtype=torch.float16), torch.empty_like(x, dtype=torch.bfloat16)
    whole = torch.empty_like(x, dtype=torch.int64)
    arguments = (x, half, brain, whole, 128)
    grid = (1,)
    kernel = convert[grid](*arguments)
    values = kernel.dump("arith.truncf", "arith.cmpf", "arith.fptosi", level="ttgir")[grid](*arguments)
    for value in values.values():
        print(value)
    found = {value.tensor.dtype: value.tensor[0, 0, 0] for value in values.values()}
    assert torch.equal(found[torch.float16], x.half())
    assert torch.equal(found[torch.bfloat16], x.bfloat16())
    assert torch.equal(found[torch.bool], x > 0)
    assert torch.equal(found[torch.int64], (x * 1000).long())
    print(f"types in TTGIR on {device}: float16, bfloat16, bool and int64 are those of torch")


if __name__ == "__main__":
    main()
