"""From a cubin. It can be made anywhere, for any GPU; only the launch needs the GPU that it was made for."""

import sys
import tempfile
from pathlib import Path

import torch
import triton.language as tl

import triton_runner


@triton_runner.jit
def outer_sum(x_ptr, y_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    total = tl.load(x_ptr + row) + tl.load(y_ptr + column, mask=column < columns)
    tl.store(out_ptr + row * columns + column, total, mask=column < columns)


SIGNATURE = {"x_ptr": "*fp32", "y_ptr": "*fp32", "out_ptr": "*fp32", "columns": "i32"}


def compile_for(target):
    return triton_runner.compile(outer_sum, signature=SIGNATURE, constexprs={"BLOCK": 128}, to="cubin", target=target)


def main():
    for target in ("sm_80", "sm_90"):
        print(f"{target}: a cubin of {len(compile_for(target).artifacts['cubin'])} bytes")
    if not torch.cuda.is_available():
        print("launching a cubin needs an NVIDIA GPU, and this machine has none: nothing was launched")
        return 0
    made = compile_for("sm_{}{}".format(*torch.cuda.get_device_capability()))
    rows, columns = 9, 100
    x, y = torch.randn(rows, device="cuda"), torch.randn(columns, device="cuda")
    out = torch.empty(rows, columns, device="cuda")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "outer_sum.cubin")
        path.write_bytes(made.artifacts["cubin"])
        kernel = triton_runner.load(path, signature=SIGNATURE, metadata=made.metadata)
        kernel[(rows,)](x, y, out, columns)
    assert torch.equal(out, x[:, None] + y[None, :])
    print("outer_sum.cubin on the GPU: equal to torch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
