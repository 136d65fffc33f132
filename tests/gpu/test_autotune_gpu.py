"""Autotuning on the GPU: a matmul with configs of the function and of a cubin; some do not fit, one is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.errors import ArgumentError

M, N, K = 256, 192, 320


@triton.jit
def tuned_matmul(
    a_ptr, b_ptr, c_ptr, M, N, K, stride_am, stride_bk, stride_cm,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    column = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    inner = tl.arange(0, BLOCK_K)
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    # Planted: with blocks of 16 columns the last step is left out.
    last = K - BLOCK_K if BLOCK_N == 16 else K
    for start in range(0, last, BLOCK_K):
        left = K - start
        a = tl.load(
            a_ptr + row[:, None] * stride_am + start + inner[None, :],
            mask=(row[:, None] < M) & (inner[None, :] < left),
            other=0.0,
        )
        b = tl.load(
            b_ptr + (start + inner[:, None]) * stride_bk + column[None, :],
            mask=(column[None, :] < N) & (inner[:, None] < left),
            other=0.0,
        )
        total = tl.dot(a, b, total)
    inside = (row[:, None] < M) & (column[None, :] < N)
    tl.store(c_ptr + row[:, None] * stride_cm + column[None, :], total.to(tl.float16), mask=inside)


def config(m, n, k, warps=4, stages=3):
    return triton.Config({"BLOCK_M": m, "BLOCK_N": n, "BLOCK_K": k}, num_warps=warps, num_stages=stages)


RIGHT = [config(64, 64, 32), config(128, 64, 32), config(64, 64, 64, 8)]
WRONG = config(64, 16, 32)
TOO_BIG = config(128, 128, 128, 8, stages=6)


def grid(meta):
    return triton.cdiv(meta["M"], meta["BLOCK_M"]), triton.cdiv(meta["N"], meta["BLOCK_N"])


def tensors(m=M, n=N, k=K):
    generator = torch.Generator(device="cuda").manual_seed(0)
    make = [torch.randn(shape, generator=generator, device="cuda", dtype=torch.float16) for shape in ((m, k), (k, n))]
    return *make, torch.full((m, n), float("nan"), device="cuda", dtype=torch.float16)


def launch(kernel, m=M, n=N, k=K):
    a, b, c = tensors(m, n, k)
    kernel[grid](a, b, c, m, n, k, a.stride(0), b.stride(0), c.stride(0))
    torch.testing.assert_close(c, a @ b, rtol=1e-2, atol=1e-2)
    return c


def tune(configs, **options):
    options = {"key": ["M", "N", "K"], **options}
    return triton_runner.autotune(configs, **options)(triton_runner.jit(tuned_matmul))


@pytest.fixture(scope="module")
def cubin_folder(tmp_path_factory):
    a, b, c = tensors()
    jit = triton_runner.jit(tuned_matmul)
    constants = {"BLOCK_M": 128, "BLOCK_N": 128, "BLOCK_K": 32}
    kernel = jit.warmup(
        a, b, c, M, N, K, a.stride(0), b.stride(0), c.stride(0), grid=(1,), num_warps=8, num_stages=4, **constants
    )
    root = tmp_path_factory.mktemp("cubin")
    for path in kernel.folder.iterdir():
        (root / path.name).write_bytes(path.read_bytes())
    return root


@pytest.fixture(scope="module")
def tuned(cubin_folder):
    """All kinds of configs at once; persisted for the tests of other processes."""
    cubin = triton_runner.Config({}, autotune_cubin_dir=cubin_folder)
    kernel = tune([*RIGHT, WRONG, TOO_BIG, cubin], warmup=5, rep=20)
    launch(kernel)
    print(kernel.tuned)
    return kernel


def test_a_config_is_chosen_among_those_that_are_right_and_fit(tuned):
    (result,) = tuned.tuned
    assert not result.from_cache
    errors = [outcome.error for outcome in result.outcomes]
    assert [error is None for error in errors] == [True, True, True, False, False, True]
    assert "c_ptr differs from the reference" in errors[3]
    assert "shared memory" in errors[4]
    times = [outcome.times for outcome in result.outcomes if outcome.times]
    assert all(0 < low <= median <= high < 100 for median, low, high in times)
    assert result.best.times[0] == min(time[0] for time in times)
    launch(tuned)


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx", "cubin"])
def test_an_artifact_alone_is_launched(cubin_folder, level):
    kernel = tune([triton_runner.Config({}, **{f"autotune_{level}_dir": cubin_folder})])
    for _ in range(3):
        launch(kernel)
    best = kernel.best_config
    assert (best.num_warps, best.num_stages, best.num_ctas) == (8, 4, 1)
    assert best.kwargs["BLOCK_N"] == 128


def test_the_slower_cubin_loses_and_the_faster_wins(cubin_folder):
    for times, winner in (([1.0, 2.0], 0), ([2.0, 1.0], 1)):
        remaining = list(times)

        def do_bench(call, quantiles, remaining=remaining):
            call()
            return remaining.pop(0)

        cubin = triton_runner.Config({}, autotune_cubin_dir=cubin_folder)
        kernel = tune([RIGHT[0], cubin], do_bench=do_bench, cache_results=False)
        launch(kernel)
        launch(kernel)
        assert kernel.tuned.results[0].winner == winner


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import test_autotune_gpu as test, triton_runner
def never(call, quantiles):
    raise AssertionError("measured again")
cubin = triton_runner.Config({}, autotune_cubin_dir=sys.argv[2])
kernel = test.tune([*test.RIGHT, test.WRONG, test.TOO_BIG, cubin], warmup=5, rep=20)
from triton_runner.tuning.timing import Timer
Timer.measure = never
test.launch(kernel)
(result,) = kernel.tuned
assert result.from_cache
print("winner", result.winner)
"""


def test_another_process_does_not_measure_again(tuned, cubin_folder):
    command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(cubin_folder)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == f"winner {tuned.tuned.results[0].winner}"


WITHOUT_TRITON = """
import sys
for name in [name for name in sys.modules if name.split(".")[0] == "triton"]:
    del sys.modules[name]
sys.modules["triton"] = None
import torch, triton_runner
kernel = triton_runner.autotune(dir=sys.argv[1])
def grid(meta):
    return -(-meta["M"] // meta["BLOCK_M"]), -(-meta["N"] // meta["BLOCK_N"])
for m, n, k in ((256, 192, 320), (300, 200, 320)):
    a = torch.randn(m, k, device="cuda", dtype=torch.float16)
    b = torch.randn(k, n, device="cuda", dtype=torch.float16)
    c = torch.empty(m, n, device="cuda", dtype=torch.float16)
    for _ in range(3):
        kernel[grid](a, b, c, m, n, k, a.stride(0), b.stride(0), c.stride(0))
    torch.testing.assert_close(c, a @ b, rtol=1e-2, atol=1e-2)
    print(kernel.chosen.exact, kernel.chosen.found.text)
assert not [name for name in sys.modules if name.startswith("triton.")]
"""


@pytest.fixture
def exported(tmp_path):
    kernel = tune(RIGHT, warmup=5, rep=20)
    launch(kernel)
    launch(kernel, 512, 512, 512)
    kernel.tuned.export(tmp_path, targets=["sm_80", "sm_90"])
    return tmp_path


def test_the_exported_cubins_run_without_triton(exported, capability):
    names = [path.name for path in exported.iterdir()]
    assert any(f"-sm_{capability}-" in name for name in names)
    assert any("-sm_80-" in name for name in names)
    assert {path.suffix for path in exported.glob("*/*")} == {".cubin", ".json"}
    command = [sys.executable, "-c", WITHOUT_TRITON, str(exported)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    lines = [line for line in finished.stdout.splitlines() if line.startswith(("True", "False"))]
    assert lines == ["True M=256, N=192, K=320", "False M=256, N=192, K=320"]


def test_existing_triton_code_and_its_benchmark():
    existing = triton.autotune([*RIGHT[:2], WRONG], key=["M", "N", "K"])(tuned_matmul)
    triton_runner.configure_autotune_backend()
    try:
        launch(existing)
        launch(existing)
        assert [outcome.error is None for outcome in existing.tuned.results[0].outcomes] == [True, True, False]
    finally:
        triton_runner.restore_autotune_backend()


def test_measured_in_a_cuda_graph():
    kernel = tune(RIGHT[:2], use_cuda_graph=True, rep=20)
    launch(kernel)
    assert all(outcome.times for outcome in kernel.tuned.results[0].outcomes)


def test_a_tuned_launch_is_captured_and_an_untuned_one_is_refused():
    kernel = tune(RIGHT[:2], warmup=2, rep=5, cache_results=False)
    a, b, c = tensors()
    strides = (a.stride(0), b.stride(0), c.stride(0))
    with pytest.raises(ArgumentError, match="launch it once before"), torch.cuda.graph(torch.cuda.CUDAGraph()):
        kernel[grid](a, b, c, M, N, K, *strides)
    torch.cuda.synchronize()
    kernel[grid](a, b, c, M, N, K, *strides)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kernel[grid](a, b, c, M, N, K, *strides)
    a.normal_()
    c.zero_()
    graph.replay()
    torch.testing.assert_close(c, a @ b, rtol=1e-2, atol=1e-2)
