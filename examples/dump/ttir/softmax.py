"""Dump into a buffer of one's own, from a TTIR file in a folder: the launch keywords."""

import tempfile
from pathlib import Path

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def softmax(x_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row, column = tl.program_id(0), tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * columns + column, mask=column < columns, other=-float("inf"))
    largest = tl.max(x, axis=0)
    power = tl.exp(x - largest)
    total = tl.sum(power, axis=0)
    tl.store(out_ptr + row * columns + column, power / total, mask=column < columns)


def main():
    device = get_active_torch_device()
    rows, columns = 5, 300
    x = torch.randn(rows, columns, device=device)
    out = torch.empty_like(x)
    arguments = (x, out, columns, 512)
    grid = (rows,)
    kernel = softmax[grid](*arguments)
    name = next(slot.name for slot in kernel.dumpable("ttir") if slot.op == "math.exp")
    buffer = torch.empty(512, device=device)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "softmax.ttir").write_text(kernel.artifacts["ttir"])
        softmax[grid](*arguments, ttir_dir=folder, dump_tensor=buffer, dump_value=name, dump_grid=(2, 0, 0))
    torch.testing.assert_close(buffer[:columns], (x[2] - x[2].max()).exp())
    print(f"softmax on {device}: {name} of program 2 is that of torch")


if __name__ == "__main__":
    main()
