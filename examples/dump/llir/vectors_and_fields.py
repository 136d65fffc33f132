"""Vectors and structs of LLVM IR: a vector has one more dimension, and of a struct each field is a value."""

import tempfile
from pathlib import Path

import torch

import triton_runner
from triton_runner.torch_utils import get_active_torch_device

TEXT = """\
target triple = "nvptx64-nvidia-cuda"

define ptx_kernel void @pairs(ptr addrspace(1) %out, ptr addrspace(1) readnone %0, ptr addrspace(1) readnone %1) #0 {
entry:
  %t = tail call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %single = sitofp i32 %t to float
  %root = tail call float @llvm.nvvm.sqrt.rn.f(float %single)
  %pair0 = insertelement <2 x float> poison, float %single, i32 0
  %pair = insertelement <2 x float> %pair0, float %root, i32 1
  %narrow = fptrunc <2 x float> %pair to <2 x bfloat>
  %both0 = insertvalue { i32, <2 x bfloat> } poison, i32 %t, 0
  %both = insertvalue { i32, <2 x bfloat> } %both0, <2 x bfloat> %narrow, 1
  %large = fcmp ogt <2 x float> %pair, <float 4.0, float 4.0>
  %address = getelementptr <2 x float>, ptr addrspace(1) %out, i32 %t
  store <2 x float> %pair, ptr addrspace(1) %address
  ret void
}

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare float @llvm.nvvm.sqrt.rn.f(float)

attributes #0 = { "nvvm.reqntid"="32" }
"""


def main():
    device = get_active_torch_device()
    metadata = {
        "name": "pairs",
        "num_warps": 1,
        "shared": 0,
        "target": {"backend": "cuda", "arch": 80, "warp_size": 32},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pairs.llir")
        path.write_text(TEXT)
        kernel = triton_runner.compile(path, signature={"out": "*fp32"}, metadata=metadata, to="ptx", target="sm_80")
    print(kernel.dumpable())
    out = torch.empty(32, 2, device=device)
    dumps = kernel.dump("%pair", "%both#0", "%both#1", "%large", "%address")[(1,)](out)

    thread = torch.arange(32, device=device)
    want = torch.stack([thread.float(), thread.double().sqrt().float()], 1)
    assert torch.equal(dumps["%pair"].tensor[0, 0, 0], want)
    assert torch.equal(dumps["%both#0"].tensor[0, 0, 0], thread.int())
    assert torch.equal(dumps["%both#1"].tensor[0, 0, 0], want.bfloat16())
    assert torch.equal(dumps["%large"].tensor[0, 0, 0], want > 4)
    assert torch.equal(dumps["%address"].tensor[0, 0, 0], out.data_ptr() + 8 * thread)
    assert torch.equal(out, want)
    print(f"vectors and fields on {device}: equal to torch")


if __name__ == "__main__":
    main()
