"""configure_jit_backend and restore_jit_backend: Triton's own functions through us, and everything back."""

import subprocess
import sys

import pytest
import torch
import triton
import triton.language as tl
from kernels.gluon_kernels import gluon_scale_kernel
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

import triton_runner
from triton_runner.errors import UnsupportedError

SIZE = 256


@triton.jit
def before(x_ptr, out_ptr, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + index, tl.load(x_ptr + index) + 1.0)


def holders():
    modules = (triton, triton.compiler, sys.modules["triton.compiler.compiler"])
    return [vars(JITFunction)["run"], *(vars(module)["compile"] for module in modules)]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path / "cache"))
    # Triton's key leaves out the path of the source, which its artifacts hold: another checkout's would be found.
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "triton"))
    yield
    triton_runner.restore_jit_backend()


def run(function):
    x, out = torch.randn(SIZE), torch.zeros(SIZE)
    kernel = function[(SIZE // 64,)](x, out, BLOCK=64)
    assert torch.equal(out, x + 1)
    return kernel


def test_functions_decorated_before_and_after_go_through_us():
    triton_runner.configure_jit_backend()

    @triton.jit
    def after(x_ptr, out_ptr, BLOCK: tl.constexpr):
        index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        tl.store(out_ptr + index, tl.load(x_ptr + index) + 1.0)

    for function in (before, after):
        assert type(run(function)).__module__.startswith("triton_runner")


def test_gluon_functions_and_launch_keywords_go_through_us():
    triton_runner.configure_jit_backend()
    x, out = torch.randn(SIZE), torch.zeros(SIZE)
    gluon_scale_kernel[(1,)](x, out, SIZE, 0.5, BLOCK=256)
    assert torch.equal(out, x * 0.5)
    kernel = run(before)
    x, out = torch.randn(SIZE), torch.zeros(SIZE)
    before[(SIZE // 64,)](x, out, BLOCK=64, ttir_dir=kernel.folder)
    assert torch.equal(out, x + 1)


def test_compile_goes_through_us():
    source = ASTSource(before, {"x_ptr": "*fp32", "out_ptr": "*fp32", "BLOCK": "constexpr"}, {"BLOCK": 64})
    plain = triton.compile(source, target=GPUTarget("cuda", 80, 32), options={"num_warps": 2})
    triton_runner.configure_jit_backend()
    ours = triton.compile(source, target=GPUTarget("cuda", 80, 32), options={"num_warps": 2})
    assert type(ours).__module__.startswith("triton_runner")
    assert {level: ours.asm[level] for level in ("ttir", "ttgir", "llir", "ptx", "cubin")} == {
        level: plain.asm[level] for level in ("ttir", "ttgir", "llir", "ptx", "cubin")
    }
    assert ours.metadata.num_warps == plain.metadata.num_warps == 2
    with pytest.raises(UnsupportedError, match="num_warp"):
        triton.compile(source, target=GPUTarget("cuda", 80, 32), options={"num_warp": 2})


def test_compile_of_a_file_goes_through_us(tmp_path):
    source = ASTSource(before, {"x_ptr": "*fp32", "out_ptr": "*fp32", "BLOCK": "constexpr"}, {"BLOCK": 64})
    plain = triton.compile(source, target=GPUTarget("cuda", 80, 32))
    path = tmp_path / "before.ttir"
    path.write_text(plain.asm["ttir"])
    triton_runner.configure_jit_backend()
    assert triton.compile(str(path), target=GPUTarget("cuda", 80, 32)).asm["cubin"] == plain.asm["cubin"]


def test_restore_puts_everything_back():
    originals, attributes = holders(), set(vars(before))
    triton_runner.configure_jit_backend()
    assert all(now is not then for now, then in zip(holders(), originals, strict=True))
    run(before)
    triton_runner.restore_jit_backend()
    assert all(now is then for now, then in zip(holders(), originals, strict=True))
    assert set(vars(before)) == attributes


def test_calling_either_twice_changes_nothing():
    originals = holders()
    triton_runner.restore_jit_backend()
    assert all(now is then for now, then in zip(holders(), originals, strict=True))
    triton_runner.configure_jit_backend()
    configured = holders()
    triton_runner.configure_jit_backend()
    assert all(now is then for now, then in zip(holders(), configured, strict=True))
    triton_runner.restore_jit_backend()
    triton_runner.restore_jit_backend()
    assert all(now is then for now, then in zip(holders(), originals, strict=True))


def test_our_own_functions_survive_a_restore():
    ours = triton_runner.jit(before.fn)
    run(ours)
    triton_runner.configure_jit_backend()
    triton_runner.restore_jit_backend()
    run(ours)


def test_importing_changes_nothing_of_triton():
    program = (
        "import triton, triton.runtime.jit as jit\n"
        "before = (jit.JITFunction.run, triton.compile, triton.jit)\n"
        "import triton_runner, triton_runner.backend, triton_runner.decorator\n"
        "assert before == (jit.JITFunction.run, triton.compile, triton.jit)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
