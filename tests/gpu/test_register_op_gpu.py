"""Named ops on CUDA tensors: opcheck, autograd, torch.compile, CUDA graph trees, streams, and packages for C++."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from kernels import ops

import triton_runner

SOFTMAX = {"grid": "x.size(0)", "args": {"columns": "x.size(1)"}}


@pytest.fixture(scope="module")
def softmax():
    triton_runner.register_op(
        "tr_gpu::softmax_grad",
        ops.compiled(ops.softmax_backward, "cubin"),
        "(Tensor grad, Tensor out) -> Tensor grad_x",
        grid="grad.size(0)",
        args={"columns": "grad.size(1)", "y_ptr": "out", "out_ptr": "grad_x"},
    )
    kernel = ops.compiled(ops.softmax, "cubin")
    return triton_runner.register_op(
        "tr_gpu::softmax", kernel, "(Tensor x) -> Tensor", backward="tr_gpu::softmax_grad", **SOFTMAX
    )


@pytest.fixture(scope="module")
def add_scaled():
    return triton_runner.register_op(
        "tr_gpu::add_scaled_",
        ops.compiled(ops.add_scaled, "cubin"),
        "(Tensor(a!) x, Tensor y, float scale) -> ()",
        grid="cdiv(x.numel(), BLOCK)",
        args={"n": "x.numel()"},
    )


def test_opcheck(softmax, add_scaled):
    x, y = torch.randn(300, device="cuda"), torch.randn(300, device="cuda")
    for op, args in (
        (softmax, (torch.randn(4, 60, device="cuda", requires_grad=True),)),
        (add_scaled, (x, y, 0.5)),
    ):
        report = torch.library.opcheck(op.default, args)
        assert set(report.values()) == {"SUCCESS"}, (op, report)


def test_forward_and_backward(softmax):
    x, weight = torch.randn(64, 100, device="cuda", requires_grad=True), torch.randn(64, 100, device="cuda")
    got = torch.autograd.grad((softmax(x) * weight).sum(), x)[0]
    expected = torch.autograd.grad((torch.softmax(x, 1) * weight).sum(), x)[0]
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


class Model(torch.nn.Module):
    def __init__(self, softmax, add_scaled):
        super().__init__()
        self.layer = torch.nn.Linear(48, 100)
        self.softmax, self.add_scaled = softmax, add_scaled

    def forward(self, x):
        scores = self.layer(x)
        out = self.softmax(scores)
        self.add_scaled(out, scores, 0.5)
        return out * 2


def expected(model, x):
    scores = model.layer(x)
    return (torch.softmax(scores, 1) + 0.5 * scores) * 2


@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_compiled_with_cuda_graph_trees(softmax, add_scaled, mode):
    model = Model(softmax, add_scaled).cuda()
    compiled = torch.compile(model, fullgraph=True, mode=mode)
    with torch.no_grad():
        for seed in range(5):  # a warm-up, a recording, replays
            x = torch.randn(32, 48, device="cuda", generator=torch.Generator("cuda").manual_seed(seed))
            torch.testing.assert_close(compiled(x), expected(model, x), rtol=1e-3, atol=1e-4)


def test_graph_trees_replay_a_plain_launch(softmax):
    kernel = ops.compiled(ops.softmax, "cubin")

    def call(x):
        out = torch.empty_like(x)
        torch.ops.triton_runner.launch(kernel.key, [x * 2], [out], [x.shape[1]], [], [x.shape[0]])
        return out + 1

    compiled = torch.compile(call, fullgraph=True, mode="reduce-overhead")
    for _ in range(4):
        x = torch.randn(32, 100, device="cuda")
        torch.testing.assert_close(compiled(x), torch.softmax(x * 2, 1) + 1, rtol=1e-4, atol=1e-5)


def test_runs_on_the_current_stream_and_in_a_captured_graph(softmax):
    x = torch.randn(32, 100, device="cuda")
    softmax(x)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = softmax(x)
    x.copy_(torch.randn(32, 100, device="cuda"))
    graph.replay()
    torch.testing.assert_close(out, torch.softmax(x, 1), rtol=1e-4, atol=1e-5)


def test_one_op_serves_both_devices(softmax):
    x = torch.randn(8, 100)
    torch.testing.assert_close(softmax(x), softmax(x.cuda()).cpu(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["named_op", "inductor", "package"])
def test_examples_of_models(name, tmp_path):
    """With `package`, AOTInductor compiles for this GPU, and a fresh process loads and runs it."""
    root = Path(__file__).parents[2]
    search = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": search, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "inductor")}
    example = root / "examples" / "models" / f"{name}.py"
    finished = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "on cuda" in finished.stdout.splitlines()[-1]
