"""From PTX alone, with no Triton: the block size and the parameters are read from the `.entry`, the types are given."""

from pathlib import Path

import torch

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


def main():
    device = get_active_torch_device()
    signature = {"x": "*fp32", "y": "*fp32", "a": "fp32", "n": "i32"}
    kernel = triton_runner.load(Path(__file__).with_name("saxpy.ptx"), signature=signature)
    # What the kernel does with each pointer is found in its code: x is an input of the op, y an output.
    print([(param.name, param.access) for param in kernel.spec.params if param.kind == "pointer"])
    n = 1000
    x, y = torch.randn(n, device=device), torch.randn(n, device=device)
    expected = torch.addcmul(y.double(), x.double(), torch.full_like(x, 2.5).double()).float()
    kernel[(-(-n // 128),)](x, y, 2.5, n)
    assert torch.equal(y, expected)
    print(f"saxpy.ptx on {device}: equal to torch")


if __name__ == "__main__":
    main()
