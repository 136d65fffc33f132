"""What torch.compile generates on a GPU goes through triton_runner: forward, backward, dynamic shapes, CUDA graphs."""

import pytest
import torch
import triton
import triton.language as tl
from kernels.models import MatmulBiasRelu, TransformerBlock, forward_and_backward

import triton_runner


@pytest.fixture(autouse=True)
def _configured(tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "triton"))
    torch._dynamo.reset()
    triton_runner.set_launch_message(False)
    triton_runner.configure_jit_backend()
    yield
    triton_runner.restore_jit_backend()
    triton_runner.set_launch_message(True)
    torch._dynamo.reset()


def check(model, compiled, shapes, tolerance):
    for shape in shapes:
        x = torch.randn(shape, device="cuda")
        for got, expected in zip(forward_and_backward(compiled, x), forward_and_backward(model, x), strict=True):
            torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)


def ours():
    kernels = triton_runner.inductor_kernels()
    assert kernels, "inductor compiled nothing through triton_runner"
    assert all({"ttir", "ttgir", "llir", "ptx", "cubin"} <= set(kernel.artifacts) for kernel in kernels)
    assert all(kernel.folder.is_dir() for kernel in kernels)
    return {kernel.name for kernel in kernels}


@pytest.mark.parametrize("dynamic", [False, True])
def test_matmul_bias_relu(dynamic):
    model = MatmulBiasRelu().cuda()
    shapes = [(64, 48), (100, 48)] if dynamic else [(64, 48)]
    check(model, torch.compile(model, fullgraph=True, dynamic=dynamic), shapes, 1e-3)
    assert any("relu" in name for name in ours())


def test_matmul_of_a_triton_template():
    model = MatmulBiasRelu(128, 128).cuda().half()
    options = {"max_autotune": True, "max_autotune_gemm_backends": "TRITON", "autotune_in_subproc": False}
    compiled = torch.compile(model, options=options)
    x = torch.randn(256, 128, device="cuda", dtype=torch.half)
    torch.testing.assert_close(compiled(x), model(x), rtol=1e-2, atol=1e-2)
    assert any("triton_tem" in name for name in ours())


@pytest.mark.parametrize("dynamic", [False, True])
def test_transformer_block(dynamic):
    model = TransformerBlock(64, 4).cuda()
    shapes = [(2, 16, 64), (3, 40, 64)] if dynamic else [(2, 16, 64)]
    check(model, torch.compile(model, dynamic=dynamic), shapes, 2e-3)
    assert len(ours()) >= 5


def test_cuda_graph_trees_replay_our_kernels():
    model = TransformerBlock(64, 4).cuda()
    compiled = torch.compile(model, mode="reduce-overhead")
    with torch.no_grad():
        for seed in range(5):  # a warm-up, a recording, replays
            x = torch.randn(2, 16, 64, device="cuda", generator=torch.Generator("cuda").manual_seed(seed))
            torch.testing.assert_close(compiled(x), model(x), rtol=2e-3, atol=2e-3)
    ours()


@triton.jit
def add_one(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, tl.load(x_ptr + i, mask=i < n) + 1, mask=i < n)


def test_a_kernel_of_the_user_inside_a_compiled_model():
    def model(x):
        out = torch.empty_like(x)
        add_one[(triton.cdiv(x.numel(), 128),)](x * 2, out, x.numel(), BLOCK=128)
        return out * 3

    x = torch.randn(300, device="cuda")
    torch.testing.assert_close(torch.compile(model, fullgraph=True)(x), (x * 2 + 1) * 3)
    assert any("add_one" in name for name in ours())


def test_registers_reach_inductor():
    compiled = torch.compile(lambda x: torch.softmax(x, dim=-1))
    compiled(torch.randn(8, 2000, device="cuda"))
    assert all(kernel.n_regs > 0 for kernel in triton_runner.inductor_kernels())


def test_launches_go_to_the_current_stream():
    compiled = torch.compile(lambda x: torch.sin(x) + 1)
    x = torch.randn(1000, device="cuda")
    compiled(x)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        out = compiled(x)
    stream.synchronize()
    torch.testing.assert_close(out, torch.sin(x) + 1)


def test_after_restore_inductor_is_its_own_again():
    triton_runner.restore_jit_backend()
    before = len(triton_runner.inductor_kernels())
    x = torch.randn(1000, device="cuda")
    torch.testing.assert_close(torch.compile(lambda x: torch.cos(x) + 3)(x), torch.cos(x) + 3)
    assert len(triton_runner.inductor_kernels()) <= before
