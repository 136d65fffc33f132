"""Take the module after one pass, edit it, and launch from there: the rest is Triton's own pipeline."""

import torch
import triton
import triton.language as tl

import triton_runner


@triton.jit
def softmax(x_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row, column = tl.program_id(0), tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * columns + column, mask=column < columns, other=-float("inf"))
    numerator = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * columns + column, numerator / tl.sum(numerator, axis=0), mask=column < columns)


device = triton_runner.torch_utils.get_active_torch_device()
target = "sm_80" if device.type == "cpu" else None
x = torch.randn(8, 100, device=device)
out = torch.empty_like(x)

signature = {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16", "columns": "i32"}
passes = triton_runner.passes(softmax, signature=signature, constexprs={"BLOCK": 128}, target=target)
print(f"{len(passes)} passes, of which these changed the module:")
for record in passes:
    if record.changed:
        print(f"{record.position:4} {record.stage:5} {record.label:32} {record.seconds * 1e3:6.1f} ms")

launch = triton_runner.jit(softmax)[(8,)]
module = passes.named("coalesce").text
launch(x, out, 100, BLOCK=128, ttgir_src=module, start_pass="coalesce")
torch.testing.assert_close(out, torch.softmax(x, dim=1))

# The edited module is another kernel: it multiplies where it subtracted.
edited = module.replace("arith.subf", "arith.mulf", 1)
launch(x, out, 100, BLOCK=128, ttgir_src=edited, start_pass="coalesce")
assert not torch.allclose(out, torch.softmax(x, dim=1))

# Leaving a pass out, and putting one in.
kernel = triton_runner.compile(
    softmax,
    signature=signature,
    constexprs={"BLOCK": 128},
    target=target,
    to="ptx",
    skip_passes=["prefetch", "reorder_instructions"],
    insert_after={"coalesce": "cse"},
)
kernel[(8,)](x, out, 100)
torch.testing.assert_close(out, torch.softmax(x, dim=1))
print("the launches from the middle and without passes agree with torch")
