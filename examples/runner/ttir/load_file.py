"""From TTIR alone, with no Python kernel: the parameters are read from the `tt.func`."""

from pathlib import Path

import torch

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


def main():
    device = get_active_torch_device()
    kernel = triton_runner.load(Path(__file__).with_name("scaled_sum.ttir"))
    print(kernel.spec.name, [f"{param.name}: {param.type}" for param in kernel.spec.params])
    n = 1000
    x, y = torch.randn(n, device=device), torch.randn(n, device=device)
    out = torch.empty_like(x)
    kernel[(-(-n // 128),)](x, y, out, n, 0.5)
    assert torch.equal(out, (x + y) * 0.5)
    print(f"scaled_sum.ttir on {device}: equal to torch")


if __name__ == "__main__":
    main()
