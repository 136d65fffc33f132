"""The arguments of autotune and Config are those of the installed Triton, in its order."""

import inspect

import pytest
import triton
from autotune_kernels import blocks, scale_kernel

import triton_runner
from triton_runner.compiler.versions import autotuning


def test_the_arguments_of_triton_come_first_and_in_its_order():
    ours = inspect.signature(triton_runner.autotune).parameters
    theirs = inspect.signature(triton.autotune).parameters
    assert list(ours)[: len(theirs)] == list(theirs)
    newer = {"do_bench", "cache_results"}  # that this Triton may not have yet
    further = [name for name in list(ours)[len(theirs) :] if name not in newer]
    assert all(ours[name].kind is inspect.Parameter.KEYWORD_ONLY for name in further)
    # But for what may be left out in favour of dir, and results being kept by default.
    same = [name for name in theirs if name not in ("configs", "key", "cache_results", "warmup", "rep")]
    assert [ours[name].default for name in same] == [theirs[name].default for name in same]


def test_config_takes_what_tritons_takes_by_position():
    ours, theirs = triton_runner.Config({"A": 1}, 8, 2, 1), triton.Config({"A": 1}, 8, 2, 1)
    assert ours.all_kwargs() == theirs.all_kwargs()
    assert isinstance(ours, triton.Config)


def test_the_result_is_an_autotuner_of_triton():
    tuned = triton_runner.autotune(blocks(64), key=["n"])(scale_kernel)
    assert isinstance(tuned, triton.runtime.Autotuner)
    assert tuned.arg_names == scale_kernel.arg_names
    assert tuned.base_fn is scale_kernel.fn
    assert autotuning.key_names(tuned) == ["n"]


def test_config_defaults_are_read_off_triton():
    defaults = autotuning.config_defaults()
    assert {name: getattr(triton.Config({}), name) for name in defaults} == defaults


def test_a_benchmark_of_the_user_is_told_from_tritons():
    def do_bench(call, quantiles):
        return [1.0, 1.0, 1.0]

    assert autotuning.own_benchmark(triton.autotune(blocks(64), key=[], do_bench=do_bench)(scale_kernel)) is do_bench
    with pytest.warns(DeprecationWarning, match="warmup"):
        slow = triton.autotune(blocks(64), key=[], warmup=1)(scale_kernel)
    assert autotuning.own_benchmark(slow) is None
    assert autotuning.own_benchmark(triton.autotune(blocks(64), key=[])(scale_kernel)) is None
