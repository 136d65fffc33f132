"""Configs that name an artifact: what comes from the JSON beside it, what is launched, and what is left out."""

import json

import pytest
import torch
import triton
from autotune_kernels import SIZE, blocks, fixed_times, grid, run_scale, scale_kernel, tuned_scale

import triton_runner
from triton_runner.errors import ArgumentError, UnsupportedError
from triton_runner.tuning.config import candidate

SIGNATURE = {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16", "n": "i32", "factor": "fp32"}


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All levels of the kernel for BLOCK = 128 and two warps, with the JSON that triton_runner writes."""
    options = {"num_warps": 2, "num_stages": 2, "maxnreg": 64}
    compiled = triton_runner.compile(
        scale_kernel, signature=SIGNATURE, constexprs={"BLOCK": 128}, options=options, target="sm_80"
    )
    root = tmp_path_factory.mktemp("artifacts")
    for path in compiled.folder.iterdir():
        (root / path.name).write_bytes(path.read_bytes())
    return root


def copied(folder, to, edit=lambda text: text):
    """The PTX and its JSON, edited."""
    (to / "scale_kernel.ptx").write_text(edit((folder / "scale_kernel.ptx").read_text()))
    (to / "scale_kernel.json").write_bytes((folder / "scale_kernel.json").read_bytes())
    return to


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
def test_an_artifact_wins_and_is_launched(folder, level):
    configs = [*blocks(64), triton_runner.Config({}, **{f"autotune_{level}_dir": folder})]
    kernel = tuned_scale(configs, do_bench=fixed_times([2.0, 1.0]), cache_results=False)
    for _ in range(2):
        run_scale(kernel)
    best = kernel.best_config
    assert best.kwargs["BLOCK"] == 128
    assert (best.num_warps, best.num_stages, best.num_ctas, best.maxnreg) == (2, 2, 1, 64)
    assert level in kernel.tuned.results[0].best.config


def test_what_is_launched_is_the_artifact(folder, tmp_path):
    root = copied(folder, tmp_path, lambda text: text.replace("mul.f32", "add.f32"))
    kernel = tuned_scale([triton_runner.Config({}, autotune_ptx_dir=root)])
    x, out = torch.randn(SIZE), torch.empty(SIZE)
    for _ in range(2):
        kernel[grid](x, out, SIZE, 3.0)
        torch.testing.assert_close(out, x + 3)


def test_an_edited_artifact_that_computes_something_else_is_rejected(folder, tmp_path):
    root = copied(folder, tmp_path, lambda text: text.replace("mul.f32", "add.f32"))
    configs = [*blocks(64), triton_runner.Config({}, autotune_ptx_dir=root)]
    kernel = tuned_scale(configs, do_bench=fixed_times([1.0]), cache_results=False)
    run_scale(kernel)
    assert "differs from the reference" in kernel.tuned.results[0].left_out[0].error


def test_an_edit_after_tuning_is_seen(folder, tmp_path):
    root = copied(folder, tmp_path)
    configs = [*blocks(64), triton_runner.Config({}, autotune_ptx_dir=root)]
    kernel = tuned_scale(configs, do_bench=fixed_times([2.0, 1.0, 2.0]), cache_results=False)
    run_scale(kernel)
    assert kernel.tuned.results[0].winner == 1
    copied(folder, tmp_path, lambda text: text.replace("mul.f32", "add.f32"))
    run_scale(kernel)  # tuned again: it is wrong now
    assert [result.winner for result in kernel.tuned] == [0]


def test_a_known_form_goes_to_the_kernels_door(folder, monkeypatch):
    kernel = tuned_scale([triton_runner.Config({}, autotune_ptx_dir=folder)])
    run_scale(kernel)
    monkeypatch.setattr(type(kernel._tuner), "launch", None)
    monkeypatch.setattr("triton_runner.launcher.run", None)
    run_scale(kernel)


def test_arguments_that_the_artifact_does_not_take_go_to_the_next_config(folder):
    configs = [*blocks(64), triton_runner.Config({}, autotune_ptx_dir=folder)]
    kernel = tuned_scale(configs, do_bench=fixed_times([2.0, 1.0]), cache_results=False)
    run_scale(kernel)
    x, out = torch.randn(SIZE + 1)[1:], torch.empty(SIZE)  # compiled for addresses divisible by 16
    kernel[grid](x, out, SIZE, 3.0)
    torch.testing.assert_close(out, 3 * x)
    assert len(kernel.tuned) == 1


def test_a_cubin_is_left_out_for_cpu_tensors(folder):
    kernel = tuned_scale([*blocks(64), triton_runner.Config({}, autotune_cubin_dir=folder)], cache_results=False)
    run_scale(kernel)
    assert "a cubin runs on the GPU only" in kernel.tuned.results[0].left_out[0].error


def test_the_json_gives_what_a_cubin_needs(folder):
    config = triton_runner.Config({}, autotune_cubin_dir=folder)
    read = candidate(config, scale_kernel)
    assert read.keywords == {"BLOCK": 128, "cubin_dir": str(folder)}
    assert (config.num_warps, config.num_stages, config.num_ctas, config.maxnreg) == (2, 2, 1, 64)


def test_tritons_own_config_may_carry_it(folder):
    config = triton.Config({"autotune_ptx_dir": folder})
    assert candidate(config, scale_kernel).keywords == {"BLOCK": 128, "ptx_dir": str(folder)}
    assert candidate(config, scale_kernel).constants == {"BLOCK": 128}  # reading it twice is the same


def test_the_json_of_triton_needs_the_constants_in_the_config(folder, tmp_path):
    root = copied(folder, tmp_path)
    metadata = json.loads((root / "scale_kernel.json").read_text())
    del metadata["triton_runner"]
    (root / "scale_kernel.json").write_text(json.dumps(metadata))
    config = triton_runner.Config({"BLOCK": 128}, autotune_ptx_dir=root)
    assert candidate(config, scale_kernel).constants == {"BLOCK": 128}
    run_scale(tuned_scale([config]))
    assert config.num_warps == 2


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (lambda at: triton_runner.Config({"BLOCK": 64}, autotune_ptx_dir=at), "BLOCK is 128, but the config says 64"),
        (
            lambda at: triton_runner.Config({}, num_warps=8, autotune_ptx_dir=at),
            "num_warps is 2, but the config says 8",
        ),
        (lambda at: triton_runner.Config({}, autotune_ptx_dir=at / "nowhere"), "which does not exist"),
        (
            lambda at: triton_runner.Config({}, autotune_ptx_dir=at, autotune_ttir_dir=at),
            "names several artifacts",
        ),
    ],
)
def test_a_config_that_contradicts_its_artifact_is_left_out(folder, config, reason):
    kernel = tuned_scale([*blocks(64, 128), config(folder)], do_bench=fixed_times([2.0, 1.0]), cache_results=False)
    run_scale(kernel)
    (result,) = kernel.tuned
    assert result.winner == 1
    assert reason in result.left_out[0].error


def test_an_option_that_triton_lacks_is_an_error():
    with pytest.raises(UnsupportedError, match="'waves_per_eu' is unknown to Triton"):
        triton_runner.Config({}, waves_per_eu=2)


def test_ir_override_is_the_artifact(folder, tmp_path):
    root = copied(folder, tmp_path, lambda text: text.replace("mul.f32", "add.f32"))
    config = triton.Config({"BLOCK": 128}, num_warps=2, ir_override=str(root / "scale_kernel.ptx"))
    x, out = torch.randn(SIZE), torch.empty(SIZE)
    tuned_scale([config])[grid](x, out, SIZE, 3.0)
    torch.testing.assert_close(out, x + 3)
    with pytest.raises(ArgumentError, match="ir_override"):
        candidate(triton.Config({"BLOCK": 128}, ir_override="kernel.cubin"), scale_kernel)
