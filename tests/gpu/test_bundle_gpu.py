"""A bundle on the GPU of this machine: what is picked is right for it, from cubin and from PTX, with no compile."""

import pytest
import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner import bundle

pytestmark = pytest.mark.gpu
N = 1000


@triton.jit
def scale(x_ptr, out_ptr, n, factor, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, factor * tl.load(x_ptr + i, mask=i < n), mask=i < n)


def make(folder, *targets):
    signature = {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16", "n": "i32", "factor": "fp32"}
    bundle.make(scale, targets=targets, output=folder, signature=signature, constexprs={"BLOCK": 256})
    return folder


def check(kernel, device):
    x, out = torch.randn(N, device=device), torch.empty(N, device=device)
    kernel[(triton.cdiv(N, 256),)](x, out, N, 2.0)
    torch.testing.assert_close(out, 2 * x)


def test_the_cubin_of_this_gpu_and_its_ptx_for_the_cpu(tmp_path, capsys):
    here = bundle.current_device()
    kernel = triton_runner.load(make(tmp_path / "b", "sm_75", "sm_80", here.name, "gfx942"))
    assert f"scale: {here.name}" in capsys.readouterr().out
    assert kernel.spec.target.arch == str(here.arch)
    check(kernel, "cuda")


def test_ptx_where_no_cubin_fits(tmp_path, capsys):
    if torch.cuda.get_device_capability()[0] < 9:
        pytest.skip("needs a GPU newer than sm_89")
    kernel = triton_runner.load(make(tmp_path / "b", "sm_75", "sm_80", "gfx942"))
    assert "scale: sm_80 ptx" in capsys.readouterr().out
    assert set(kernel.artifacts) == {"ptx"}
    check(kernel, "cuda")
    check(kernel, "cpu")
