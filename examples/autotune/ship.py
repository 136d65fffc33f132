"""Tuned here, shipped as files, run from them in another process that has no Triton."""

import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.autotune(
    [triton.Config({"BLOCK": block}, num_warps=warps) for block, warps in ((128, 1), (256, 2))], key=["n"], rep=20
)
@triton_runner.jit
def scale(x_ptr, out_ptr, n, factor, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, factor * tl.load(x_ptr + i, mask=i < n), mask=i < n)


ELSEWHERE = """
import sys
sys.modules["triton"] = None  # as if it were not installed
import torch, triton_runner
from triton_runner.torch_utils import get_active_torch_device

scale = triton_runner.autotune(dir=sys.argv[1])
for n in (1000, 4000, 3000):
    x = torch.randn(n, device=get_active_torch_device())
    out = torch.empty_like(x)
    scale[lambda meta: (-(-n // meta["BLOCK"]),)](x, out, n, 2.0)
    torch.testing.assert_close(out, 2 * x)
    print(n, "ran with the config of", scale.chosen.found.text, scale.chosen.config)
"""


def main():
    device = get_active_torch_device()
    for n in (1000, 4000):
        x = torch.randn(n, device=device)
        out = torch.empty_like(x)
        scale[lambda meta: (triton.cdiv(meta["n"], meta["BLOCK"]),)](x, out, n, 3.0)
        torch.testing.assert_close(out, 3 * x)
    with tempfile.TemporaryDirectory() as folder:
        scale.tuned.export(folder, targets=["sm_80", "sm_90"])
        print(*sorted(path.name for path in Path(folder).iterdir()), sep="\n")
        subprocess.run([sys.executable, "-c", ELSEWHERE, folder], check=True)
    print(f"scale on {device}: agrees with torch, here and there")


if __name__ == "__main__":
    main()
