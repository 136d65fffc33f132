"""Plant a miscompilation after one pass, and let bisect find it."""

import torch
import triton
import triton.language as tl

import triton_runner


@triton.jit
def scale_and_shift(x_ptr, out_ptr, n, factor, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, factor * tl.load(x_ptr + i, mask=i < n) + 1, mask=i < n)


device = triton_runner.torch_utils.get_active_torch_device()
x = torch.randn(1000, device=device)
arguments = {"x_ptr": x, "out_ptr": torch.empty_like(x), "n": 1000, "factor": 2.0, "BLOCK": 256}

signature = {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16", "n": "i32", "factor": "fp32"}
target = "sm_80" if device.type == "cpu" else None
passes = triton_runner.passes(scale_and_shift, signature=signature, constexprs={"BLOCK": 256}, target=target)
planted = "remove_layout_conversions#1"
wrong = passes.named(planted).text.replace("arith.addf", "arith.subf")

found = triton_runner.bisect(
    scale_and_shift,
    arguments,
    lambda **given: {"out_ptr": given["factor"] * given["x_ptr"] + 1},
    grid=(4,),
    replace_after={planted: wrong},
)
print(found)
assert found.culprit.label == planted
print(f"bisect names {planted}, the pass after which the result is not that of torch")
