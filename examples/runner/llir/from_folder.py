"""From LLVM IR: how much shared memory the kernel needs is not in its text, so `<name>.json` lies beside it."""

import shutil
import tempfile

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def row_norm(x_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * columns + column, mask=column < columns, other=0.0)
    tl.store(out_ptr + row, tl.sqrt(tl.sum(x * x, axis=0)))


def main():
    device = get_active_torch_device()
    rows, columns = 6, 300
    x, out = torch.randn(rows, columns, device=device), torch.empty(rows, device=device)
    signature = {"x_ptr": "*fp32", "out_ptr": "*fp32", "columns": "i32"}
    made = triton_runner.compile(
        row_norm, signature=signature, constexprs={"BLOCK": 512}, to="ptx", options={"num_warps": 8}
    )
    print(f"num_warps {made.spec.num_warps}, shared memory {made.spec.shared} bytes")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("row_norm.llir", "row_norm.json"):
            shutil.copy(made.folder / name, folder)  # made.folder is the cache entry that holds all levels
        row_norm[(rows,)](x, out, columns, BLOCK=512, llir_dir=folder)
    torch.testing.assert_close(out, torch.linalg.vector_norm(x, dim=1))
    print(f"row_norm.llir on {device}: agrees with torch")


if __name__ == "__main__":
    main()
