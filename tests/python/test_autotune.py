"""@triton_runner.autotune: which config is launched, and what a search does on its way."""

import gc
import threading
import weakref

import pytest
import torch
import triton
from autotune_kernels import SIZE, blocks, double_kernel, fixed_times, grid, run_scale, scale_kernel, tuned_scale
from triton.tools.tensor_descriptor import TensorDescriptor

import triton_runner
from triton_runner.errors import ArgumentError, CompileError


@pytest.fixture(autouse=True)
def _measured_anew(monkeypatch, compiled):
    """Results of each test's own; what Triton compiles is shared."""
    monkeypatch.setattr("triton_runner.tuning.store.load", lambda *_: None)
    monkeypatch.setattr("triton_runner.tuning.store.save", lambda *_: None)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def test_the_fastest_config_is_launched():
    kernel = tuned_scale(blocks(64, 128, 256), do_bench=fixed_times([3.0, 1.0, 2.0]))
    run_scale(kernel)
    assert kernel.best_config.kwargs == {"BLOCK": 128}
    (result,) = kernel.tuned
    assert [outcome.times for outcome in result.outcomes] == [(3.0,) * 3, (1.0,) * 3, (2.0,) * 3]
    assert result.ranking == [1, 2, 0]


def test_the_wall_clock_measures_on_the_cpu():
    kernel = tuned_scale(blocks(64, 256), warmup=1, rep=2)
    run_scale(kernel)
    (result,) = kernel.tuned
    assert all(outcome.times[1] <= outcome.times[0] <= outcome.times[2] for outcome in result.outcomes)
    assert all(0 < outcome.times[0] < 1000 for outcome in result.outcomes)


def test_each_key_is_tuned_once():
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 2.0, 2.0, 1.0, 2.0, 1.0]))
    for n in (SIZE, SIZE, 200, SIZE, 200):
        run_scale(kernel, n)
    run_scale(kernel, dtype=torch.float16)  # another dtype is another key
    assert [dict(result.key.values)["n"] for result in kernel.tuned] == [SIZE, 200, SIZE]
    assert [result.winner for result in kernel.tuned] == [0, 1, 1]


def test_arguments_by_keyword_find_the_same_result():
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([2.0, 1.0]))
    x, out = torch.randn(SIZE), torch.empty(SIZE)
    kernel[grid](x, out, SIZE, factor=2.0)
    kernel[grid](x_ptr=x, out_ptr=out, n=SIZE, factor=4.0)
    kernel[grid](x, out, n=SIZE, factor=5.0)
    torch.testing.assert_close(out, 5 * x)
    assert len(kernel.tuned) == 1


def test_a_known_form_goes_to_the_door(monkeypatch):
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([2.0, 1.0]))
    run_scale(kernel)
    monkeypatch.setattr(type(kernel._tuner), "launch", None)
    monkeypatch.setattr("triton_runner.launcher.run", None)
    run_scale(kernel)


def test_one_config_is_not_measured():
    kernel = tuned_scale(blocks(64), do_bench=fixed_times([]))
    run_scale(kernel)
    assert kernel.best_config.kwargs == {"BLOCK": 64}


def test_a_config_that_does_not_compile_is_left_out(caplog):
    kernel = tuned_scale(blocks(96, 64, 128), do_bench=fixed_times([2.0, 1.0]))
    run_scale(kernel)
    (result,) = kernel.tuned
    assert result.winner == 2
    assert "power of 2" in result.left_out[0].error
    assert "BLOCK: 96" in caplog.text


def test_a_config_that_does_not_fit_is_left_out():
    # More threads than a block may have.
    kernel = tuned_scale([*blocks(64), triton.Config({"BLOCK": 64}, num_warps=64)], do_bench=fixed_times([1.0]))
    run_scale(kernel)
    (result,) = kernel.tuned
    assert result.winner == 0
    assert "at most 1024 threads" in result.left_out[0].error


def test_all_configs_failing_is_one_error_that_lists_them():
    kernel = tuned_scale(blocks(96, 48))
    with pytest.raises(CompileError, match=r"none of its 2 configs(?s:.*)BLOCK: 96(?s:.*)BLOCK: 48"):
        run_scale(kernel)
    assert len(kernel.tuned) == 0


def test_configs_compile_at_the_same_time(monkeypatch):
    from triton_runner.tuning.launching import Stack

    meeting = threading.Barrier(2, timeout=60)
    resolve = Stack.resolve

    def meet(self, args, kwargs, candidate):
        meeting.wait()
        return resolve(self, args, kwargs, candidate)

    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 2.0]))
    monkeypatch.setattr(Stack, "resolve", meet)
    monkeypatch.setattr(kernel._tuner, "_launch_config", lambda *_: None)
    kernel[grid](torch.randn(SIZE), torch.empty(SIZE), SIZE, 3.0)
    assert len(kernel.tuned) == 1


def test_pruning_sees_what_triton_shows_it():
    seen = {}

    def early(configs, named_args, **kwargs):
        seen.update(named_args, **kwargs)
        return [config for config in configs if config.kwargs["BLOCK"] > 64]

    def model(BLOCK, num_warps, n, **_):
        return BLOCK * num_warps + n

    prune = {"early_config_prune": early, "perf_model": model, "top_k": 2}
    kernel = tuned_scale(blocks(64, 512, 128, 256), prune_configs_by=prune, do_bench=fixed_times([2.0, 1.0]))
    run_scale(kernel)
    (result,) = kernel.tuned
    assert [outcome.config.split(",")[0] for outcome in result.outcomes] == ["BLOCK: 128", "BLOCK: 256"]
    assert seen["n"] == SIZE
    assert seen["grid"] is grid


def test_pruning_everything_is_an_error():
    kernel = tuned_scale(blocks(64, 128), prune_configs_by={"early_config_prune": lambda *_, **__: []})
    with pytest.raises(Exception, match="config"):
        run_scale(kernel)


def test_hooks_are_called_as_triton_calls_them():
    calls = []
    configs = [
        triton.Config({"BLOCK": 64}, num_warps=1, pre_hook=lambda args: calls.append(("config", args["BLOCK"]))),
        *blocks(128),
    ]
    kernel = tuned_scale(
        configs,
        pre_hook=lambda args, reset_only=False: calls.append(("pre", args["n"], reset_only)),
        post_hook=lambda args, exception: calls.append(("post", exception)),
        do_bench=fixed_times([1.0, 2.0]),
        check=False,
    )
    run_scale(kernel)
    measured = [("pre", SIZE, False), ("post", None)]
    hook = ("config", 64)  # once more before: a hook may decide on the specialization
    assert [call for call in calls if call != hook] == [*measured, *measured, ("pre", SIZE, True)]
    calls.clear()
    run_scale(kernel)
    assert calls == [hook]


def test_the_hook_of_a_config_sets_the_blocks_of_descriptors():
    def hook(args):
        for name in ("x_desc", "out_desc"):
            args[name].block_shape = [args["ROWS"], args["COLUMNS"]]

    shapes = ((8, 16), (16, 8))
    configs = [triton.Config({"ROWS": r, "COLUMNS": c}, num_warps=1, pre_hook=hook) for r, c in shapes]
    times = fixed_times([2.0, 1.0, 1.0, 2.0])
    kernel = triton_runner.autotune(configs, key=["n"], do_bench=times)(triton_runner.jit(double_kernel))
    for dtype in (torch.float32, torch.float32, torch.float16):
        x = torch.randn(32, 32).to(dtype)
        out = torch.zeros_like(x)
        descriptors = [TensorDescriptor.from_tensor(tensor, [1, 1]) for tensor in (x, out)]
        kernel[lambda meta: (32 // meta["ROWS"], 32 // meta["COLUMNS"])](*descriptors, 32)
        torch.testing.assert_close(out, 2 * x)
    assert [result.winner for result in kernel.tuned] == [1, 0]


def test_warmup_compiles_all_configs_and_launches_none():
    kernel = tuned_scale(blocks(64, 96, 128))
    x, out = torch.zeros(SIZE), torch.ones(SIZE)
    kernels = kernel.warmup(x, out, SIZE, 3.0, grid=grid)
    assert [next(p.constant for p in k.spec.params if p.name == "BLOCK") for k in kernels] == [64, 128]
    assert out.min() == 1


def test_no_tensor_is_held():
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 2.0]))
    x, out = torch.randn(SIZE), torch.empty(SIZE)
    kernel[grid](x, out, SIZE, 2.0)
    kernel[grid](x, out_ptr=out, n=SIZE, factor=2.0)
    references = [weakref.ref(x), weakref.ref(out)]
    del x, out
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_the_chosen_kernel_goes_into_a_model():
    tuned = tuned_scale(blocks(64, 128), do_bench=fixed_times([2.0, 1.0]))
    run_scale(tuned)
    (kernel,) = tuned.tuned.last.kernels

    def model(x):
        out = torch.empty_like(x)
        torch.ops.triton_runner.launch(kernel.key, [x], [out], [x.numel()], [0.5], [triton.cdiv(x.numel(), 128)])
        return out + 1

    x = torch.randn(SIZE)
    torch.testing.assert_close(torch.compile(model, fullgraph=True, backend="aot_eager")(x), x / 2 + 1)


@pytest.mark.parametrize("hook", [None, print])
def test_an_autotuned_function_is_freed(hook):
    configs = [triton.Config({"BLOCK": 64}, num_warps=1, pre_hook=hook and (lambda _: None))]
    kernel = tuned_scale(configs)
    run_scale(kernel)
    run_scale(kernel)
    references = [weakref.ref(kernel), weakref.ref(kernel._tuner)]
    del kernel, configs
    gc.collect()
    assert [reference() for reference in references] == [None, None]


@pytest.mark.filterwarnings("ignore:Accessing the data pointer")
def test_fake_tensors_are_not_measured():
    from torch._subclasses.fake_tensor import FakeTensorMode

    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([]))
    with FakeTensorMode():
        kernel[grid](torch.empty(SIZE), torch.empty(SIZE), SIZE, 2.0)
    assert len(kernel.tuned) == 0


def test_threads_tune_a_key_once():
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 2.0]))
    errors = []

    def launch():
        try:
            run_scale(kernel)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=launch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(kernel.tuned) == 1


def test_a_parameter_of_the_configs_cannot_be_given():
    kernel = tuned_scale(blocks(64, 128))
    with pytest.raises(ArgumentError, match="BLOCK given in the launch"):
        kernel[(1,)](torch.randn(SIZE), torch.empty(SIZE), SIZE, 2.0, BLOCK=64)


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ArgumentError, match=r"key names 'm'"):
        triton_runner.autotune(blocks(64), key=["m"])(triton_runner.jit(scale_kernel))
    with pytest.raises(ArgumentError, match=r"restore_value names 'out_prt'.*did you mean 'out_ptr'"):
        triton_runner.autotune(blocks(64), key=["n"], restore_value=["out_prt"])(triton_runner.jit(scale_kernel))


def test_a_plain_function_is_refused():
    with pytest.raises(ArgumentError, match=r"put @triton_runner\.jit"):
        triton_runner.autotune(blocks(64), key=[])(lambda x: None)


def test_the_progress_bar_counts(capfd):
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 2.0]), progress=True)
    run_scale(kernel)
    err = capfd.readouterr().err
    assert "scale_kernel: compile" in err
    assert "2/2" in err


def test_a_search_says_what_it_found(capsys):
    run_scale(tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 0.5])))
    out = capsys.readouterr().out
    assert "scale_kernel tuned for n=300: 2 configs" in out
    assert "best 0.5 ms with BLOCK: 128" in out
