"""From TTIR in place of the Python function, edited between two launches: the second one compiles the new content."""

import tempfile
from pathlib import Path

import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def combine(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, tl.load(x_ptr + i, mask=i < n) + tl.load(y_ptr + i, mask=i < n), mask=i < n)


def main():
    device = get_active_torch_device()
    n = 1000
    x, y = torch.randn(n, device=device), torch.randn(n, device=device)
    out = torch.empty_like(x)
    grid = (triton.cdiv(n, 256),)
    signature = {"x_ptr": "*fp32", "y_ptr": "*fp32", "out_ptr": "*fp32", "n": "i32"}
    made = triton_runner.compile(combine, signature=signature, constexprs={"BLOCK": 256}, to="ttir")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "combine.ttir")
        path.write_text(made.artifacts["ttir"])
        combine[grid](x, y, out, n, BLOCK=256, ttir_dir=folder)
        assert torch.equal(out, x + y)
        path.write_text(path.read_text().replace("arith.addf", "arith.mulf"))
        combine[grid](x, y, out, n, BLOCK=256, ttir_dir=folder)
        assert torch.equal(out, x * y)
    print(f"combine.ttir on {device}: x + y before the edit, x * y after it")


if __name__ == "__main__":
    main()
