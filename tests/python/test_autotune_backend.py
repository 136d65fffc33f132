"""configure_autotune_backend: existing @triton.autotune code goes through triton_runner, and everything is put back."""

import pytest
import torch
import triton
from autotune_kernels import SIZE, add_even_kernel, blocks, fixed_times, grid, run_scale, scale_kernel
from triton.runtime.autotuner import Autotuner

import triton_runner
from triton_runner.errors import UnsupportedError


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def configured():
    triton_runner.configure_autotune_backend()
    yield
    triton_runner.restore_autotune_backend()


def existing(configs, **options):
    return triton.autotune(configs, key=["n"], **options)(scale_kernel)


def test_code_that_was_decorated_before_and_after():
    before = existing(blocks(64, 128), do_bench=fixed_times([2.0, 1.0]))
    triton_runner.configure_autotune_backend()
    try:
        after = existing(blocks(64, 32), do_bench=fixed_times([1.0, 2.0]))
        for kernel in (before, after):
            run_scale(kernel)  # on the CPU, which Triton alone cannot do
            run_scale(kernel, SIZE)
        assert before.best_config.kwargs == {"BLOCK": 128}
        assert after.best_config.kwargs == {"BLOCK": 64}
        assert "scale_kernel, autotuned" in str(before.tuned)
        assert before.cache == {(SIZE, "torch.float32", "torch.float32"): before.best_config}
        assert list(before.configs_timings.values()) == [[2.0] * 3, [1.0] * 3]
    finally:
        triton_runner.restore_autotune_backend()


def test_everything_is_put_back():
    names = ("run", "warmup", "__getitem__", "tuned")
    found = {name: vars(Autotuner).get(name) for name in names} | {"init": triton.Config.__init__}
    kernel = existing(blocks(64, 128), do_bench=fixed_times([2.0, 1.0]))
    fields = set(vars(kernel))
    triton_runner.configure_autotune_backend()
    triton_runner.configure_autotune_backend()
    assert vars(Autotuner)["run"] is not found["run"]
    run_scale(kernel)
    triton_runner.restore_autotune_backend()
    triton_runner.restore_autotune_backend()
    assert {name: vars(Autotuner).get(name) for name in names} | {"init": triton.Config.__init__} == found
    left = set(vars(kernel)) - fields
    assert left <= {"best_config", "bench_time", "configs_timings", "nargs"}


@pytest.mark.usefixtures("configured")
def test_tritons_config_takes_the_keyword(tmp_path):
    compiled = triton_runner.compile(
        scale_kernel,
        signature={"x_ptr": "*fp32", "out_ptr": "*fp32", "n": "i32", "factor": "fp32"},
        constexprs={"BLOCK": 32},
        target="sm_80",
    )
    kernel = existing(
        [*blocks(64), triton.Config({}, autotune_ptx_dir=compiled.folder)], do_bench=fixed_times([2.0, 1.0])
    )
    run_scale(kernel)
    assert kernel.best_config.kwargs["BLOCK"] == 32
    with pytest.raises(UnsupportedError, match="unknown to Triton"):
        triton.Config({}, autotune_cubins_dir=compiled.folder)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("order", ["above", "below"])
@pytest.mark.parametrize("ours", [False, True])
def test_heuristics_above_and_below(order, ours):
    autotune = triton_runner.autotune if ours else triton.autotune
    tune = autotune(blocks(64, 128), key=["n"], do_bench=fixed_times([2.0, 1.0] * 2))
    seen = []

    def value(args):
        seen.append(args.get("BLOCK"))
        return args["n"] % args.get("BLOCK", 128) == 0

    heuristics = triton.heuristics({"EVEN": value})
    kernel = heuristics(tune(add_even_kernel)) if order == "above" else tune(heuristics(add_even_kernel))
    for n in (256, 300, 256, 300):
        x, out = torch.randn(n), torch.empty(n)
        kernel[grid](x, out, n)
        torch.testing.assert_close(out, x + 1)
    assert set(seen) == ({None} if order == "above" else {64, 128})


@pytest.mark.usefixtures("configured")
def test_it_works_together_with_the_jit_backend():
    triton_runner.configure_jit_backend()
    try:
        kernel = existing(blocks(64, 128), do_bench=fixed_times([2.0, 1.0]))
        run_scale(kernel)
        scale_kernel[(5,)](torch.ones(SIZE), torch.empty(SIZE), SIZE, 1.0, BLOCK=64)
    finally:
        triton_runner.restore_jit_backend()
    run_scale(kernel)


@pytest.mark.usefixtures("configured")
def test_run_and_warmup_as_triton_spells_them():
    kernel = existing(blocks(64, 128), do_bench=fixed_times([2.0, 1.0]))
    x, out = torch.randn(SIZE), torch.empty(SIZE)
    assert len(kernel.warmup(x, out, SIZE, 2.0, grid=grid)) == 2
    assert len(kernel.run(x, out, SIZE, 2.0, grid=grid, warmup=True)) == 2
    kernel.run(x, out, SIZE, 2.0, grid=grid, warmup=False)
    torch.testing.assert_close(out, 2 * x)
