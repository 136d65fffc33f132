"""Export a model with a named op and a plain launch, and package it with AOTInductor for Python and for C++."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton.jit
def softmax(x_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * columns + column, mask=column < columns, other=-float("inf"))
    exponent = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * columns + column, exponent / tl.sum(exponent, axis=0), mask=column < columns)


@triton.jit
def triple(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, 3 * tl.load(x_ptr + i, mask=i < n), mask=i < n)


def compile_kernels(to):
    pointers = {"x_ptr": "*fp32", "out_ptr": "*fp32"}
    rows = triton_runner.compile(softmax, signature={**pointers, "columns": "i32"}, constexprs={"BLOCK": 256}, to=to)
    flat = triton_runner.compile(triple, signature={**pointers, "n": "i32"}, constexprs={"BLOCK": 256}, to=to)
    triton_runner.register_op(
        "models::softmax", rows, "(Tensor x) -> Tensor", grid="x.size(0)", args={"columns": "x.size(1)"}
    )
    return flat


class Model(torch.nn.Module):
    """softmax(2x) * 3 + 1"""

    def __init__(self, flat):
        super().__init__()
        self.key = flat.key  # a string: it stays in the graph as it is

    def forward(self, x):
        probabilities = torch.ops.models.softmax(x * 2)
        out = torch.empty_like(probabilities)
        n = x.numel()
        torch.ops.triton_runner.launch(self.key, [probabilities], [out], [n], [], [(n + 255) // 256])
        return out + 1


def write(folder):
    """The kernels, the exported model and the package. Returns the device that they are for."""
    device = get_active_torch_device()
    flat = compile_kernels("cubin" if device.type == "cuda" else "ptx")
    triton_runner.save_ops(folder / "kernels", ["models::softmax", flat])
    rows, columns = torch.export.Dim("rows", min=2, max=1000), torch.export.Dim("columns", min=2, max=256)
    x = torch.randn(12, 200, device=device)
    program = torch.export.export(Model(flat), (x,), dynamic_shapes=({0: rows, 1: columns},))
    torch.export.save(program, folder / "model.pt2")
    torch._inductor.aoti_compile_and_package(program, package_path=str(folder / "package.pt2"))
    return device


READER = """
import sys, torch, triton_runner
folder, device = sys.argv[1:]
triton_runner.load_ops(folder + "/kernels")
for rows, columns in ((12, 200), (7, 33)):
    x = torch.randn(rows, columns, device=device)
    expected = torch.softmax(x * 2, dim=1) * 3 + 1
    torch.testing.assert_close(torch.export.load(folder + "/model.pt2").module()(x), expected, rtol=1e-4, atol=1e-5)
    packaged = torch._inductor.aoti_load_package(folder + "/package.pt2")
    torch.testing.assert_close(packaged(x), expected, rtol=1e-4, atol=1e-5)
"""


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else name)
        folder.mkdir(exist_ok=True)
        device = write(folder)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", READER, str(folder), str(device)], check=True, env=environment)
    print(f"exported and packaged model on {device}: a fresh process agrees with torch")


if __name__ == "__main__":
    main()
