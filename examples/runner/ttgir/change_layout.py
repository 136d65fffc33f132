"""From TTGIR with an edited layout: each thread takes four neighbouring elements in place of one."""

import re

import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def relu(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, tl.maximum(tl.load(x_ptr + i, mask=i < n), 0.0), mask=i < n)


def main():
    device = get_active_torch_device()
    n = 3000
    x = torch.randn(n, device=device)
    grid = (triton.cdiv(n, 512),)
    # Without ":16" Triton may not assume aligned pointers, so it gives each thread one element at a time.
    signature = {"x_ptr": "*fp32", "out_ptr": "*fp32", "n": "i32"}
    made = triton_runner.compile(relu, signature=signature, constexprs={"BLOCK": 512}, to="ttgir")
    narrow = made.artifacts["ttgir"]
    wide = re.sub(r"sizePerThread = \[1\]", "sizePerThread = [4]", narrow)
    assert wide != narrow, "the layout to edit is not there"
    for text in (narrow, wide):
        out = torch.empty_like(x)
        relu[grid](x, out, n, BLOCK=512, ttgir_src=text)
        assert torch.equal(out, torch.relu(x))
    print(f"relu on {device}: both layouts are equal to torch")


if __name__ == "__main__":
    main()
