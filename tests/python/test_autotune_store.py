"""Results persist across processes, keyed by content, device and versions."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
import triton
from autotune_kernels import SIZE, blocks, fixed_times, grid, run_scale, scale_kernel, tuned_scale

import triton_runner
from triton_runner import cache
from triton_runner.tuning import store


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """What is compiled is shared; results are each test's own."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def results(compiled, monkeypatch):
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(compiled))
    yield
    for path in compiled.glob("*/*.autotune.json"):
        path.unlink()
        path.parent.rmdir()


def stored(compiled):
    return sorted(compiled.glob("*/*.autotune.json"))


def test_another_autotuner_finds_the_result(compiled):
    run_scale(tuned_scale(blocks(64, 128, 96), do_bench=fixed_times([2.0, 1.0])))
    assert len(stored(compiled)) == 1
    again = tuned_scale(blocks(64, 128, 96), do_bench=fixed_times([]))
    run_scale(again)
    (result,) = again.tuned
    assert result.from_cache
    assert result.winner == 1
    assert [outcome.times for outcome in result.outcomes] == [(2.0,) * 3, (1.0,) * 3, None]
    assert "power of 2" in result.left_out[0].error
    assert "found in the cache" in str(again.tuned)


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from autotune_kernels import blocks, fixed_times, run_scale, tuned_scale
kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([]))
run_scale(kernel)
(result,) = kernel.tuned
assert result.from_cache, result
print(result.best.config.split(",")[0], result.best.times[0])
"""


def test_another_process_finds_the_result():
    run_scale(tuned_scale(blocks(64, 128), do_bench=fixed_times([2.0, 1.5])))
    command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == "BLOCK: 128 1.5"


def test_cache_results_false_measures_anew(compiled):
    for _ in range(2):
        kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([2.0, 1.0]), cache_results=False)
        run_scale(kernel)
        assert not kernel.tuned.results[0].from_cache
    assert stored(compiled) == []


def content(**changes):
    function = changes.pop("function", scale_kernel)
    device = changes.pop("device", "CPU a")
    how = changes.pop("how", [])
    configs = [
        store.Candidate(triton.Config({"BLOCK": 64}), {"BLOCK": 64}, {"num_warps": 1} | changes.pop("options", {}))
    ]
    assert not changes
    from triton_runner.compiler.target import parse_target
    from triton_runner.tuning.result import Key

    key = Key((("n", 1),), (("x", "torch.float32"),), "sm_80", device)
    return store.content_key(function, [], configs, key, parse_target("sm_80"), how)


def test_the_key_is_what_decides(monkeypatch):
    first = content()
    assert content() == first
    assert content(options={"num_stages": 5}) != first
    assert content(device="CPU b") != first
    assert content(how=["rtol", 1]) != first
    from autotune_kernels import accumulate_kernel

    assert content(function=accumulate_kernel) != first
    monkeypatch.setattr(torch, "__version__", "9.9")
    assert content() != first


def test_a_function_of_the_user_is_told_by_its_code():
    def make(n):
        return lambda args: args["x"] + n

    assert store.identity(make(1)) == store.identity(make(1))
    assert store.identity(make(1)) != store.identity(make(2))
    assert store.identity(lambda args: args["y"]) != store.identity(lambda args: args["x"])
    assert store.identity(lambda a: [lambda b: b + 1]) != store.identity(lambda a: [lambda b: b + 2])
    assert json.dumps(store.identity(lambda a: [lambda b: b]))  # no address in it
    assert "0x" not in json.dumps(store.identity(lambda a: [lambda b: b]))


def test_a_damaged_result_is_measured_anew(compiled, caplog):
    run_scale(tuned_scale(blocks(64, 128), do_bench=fixed_times([2.0, 1.0])))
    (path,) = stored(compiled)
    saved = json.loads(path.read_text())
    saved["autotune"]["winner"] = 7
    path.write_text(json.dumps(saved))
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 2.0]))
    run_scale(kernel)
    assert kernel.best_config.kwargs == {"BLOCK": 64}
    assert "cannot be used" in caplog.text


def test_a_cache_that_cannot_be_written_costs_a_warning(monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 2.0]))
    monkeypatch.setattr(cache, "_publish_files", refuse)
    run_scale(kernel)
    assert "cannot be written" in caplog.text


def test_searches_at_once_leave_one_result(compiled):
    kernels = [tuned_scale(blocks(64, 128), do_bench=fixed_times([2.0, 1.0])) for _ in range(4)]
    threads = [threading.Thread(target=run_scale, args=(kernel,)) for kernel in kernels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored(compiled)) == 1
    assert {kernel.tuned.results[0].winner for kernel in kernels} == {1}


def test_the_content_of_an_artifact_counts(compiled, tmp_path):
    made = triton_runner.compile(
        scale_kernel,
        signature={"x_ptr": "*fp32", "out_ptr": "*fp32", "n": "i32", "factor": "fp32"},
        constexprs={"BLOCK": 32},
        target="sm_80",
        to="ptx",
    )

    def tune(root, times):
        root.mkdir(exist_ok=True)
        (root / "scale_kernel.json").write_bytes((made.folder / "scale_kernel.json").read_bytes())
        (root / "scale_kernel.ptx").write_text(made.asm["ptx"] + f"// {len(times)}\n")
        configs = [*blocks(64), triton_runner.Config({}, autotune_ptx_dir=root)]
        kernel = tuned_scale(configs, do_bench=fixed_times(times), reference=lambda args: 3.0 * args["x_ptr"])
        kernel[grid](torch.ones(SIZE), torch.ones(SIZE), SIZE, 3.0)
        return kernel.tuned.results[0]

    assert not tune(tmp_path / "a", [2.0, 1.0]).from_cache
    assert tune(tmp_path / "b", [2.0, 1.0]).from_cache  # the same files elsewhere
    (tmp_path / "a" / "scale_kernel.ptx").unlink()
    assert not tune(tmp_path / "a", [2.0, 1.0, 1.0]).from_cache
