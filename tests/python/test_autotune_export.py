"""kernel.tuned.export and autotune(dir=...): winners as files, run without a benchmark and without Triton."""

import json
import subprocess
import sys

import pytest
import torch
import triton
from autotune_kernels import SIZE, add_even_kernel, blocks, fixed_times, grid, run_scale, scale_kernel, tuned_scale

import triton_runner
from triton_runner.errors import ArgumentError, ArtifactError
from triton_runner.tuning.result import Key
from triton_runner.tuning.shipped_entry import ShippedEntry, read_entries


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def kernel(_own_cache):
    """Tuned for n = 300 (128 wins), n = 2000 (64 wins) and n = 300 in fp16."""
    kernel = tuned_scale(blocks(64, 128), do_bench=fixed_times([2.0, 1.0, 1.0, 2.0, 1.0, 2.0]), cache_results=False)
    run_scale(kernel)
    run_scale(kernel, 2000)
    run_scale(kernel, dtype=torch.float16)
    return kernel


@pytest.fixture(scope="module")
def folder(kernel, tmp_path_factory):
    root = tmp_path_factory.mktemp("shipped")
    kernel.tuned.export(root, targets=["sm_90", 80, "gfx942"])
    return root


def test_a_folder_has_ptx_for_the_cpu_and_a_binary_for_each_target(folder):
    entries = read_entries(folder)
    found = {(entry.key.text, dict(entry.key.dtypes)["x_ptr"], entry.runs_on) for entry in entries}
    keys = [("n=300", "torch.float32"), ("n=2000", "torch.float32"), ("n=300", "torch.float16")]
    assert found == {(*key, runs_on) for key in keys for runs_on in ("cpu", "sm_80", "sm_90", "gfx942")}
    for entry in entries:
        assert list(entry.kernel.artifacts) == [{"cpu": "ptx", "gfx942": "hsaco"}.get(entry.runs_on, "cubin")]
        assert entry.runs_on in ("cpu", str(entry.kernel.spec.target))
        (block,) = (param.constant for param in entry.kernel.spec.params if param.name == "BLOCK")
        assert f"BLOCK: {block}," in entry.result.best.config
    # One kernel as it was launched, and one that assumes nothing.
    assert {entry.general for entry in entries} == {False, True}
    assert not any(p.divisible_by_16 for entry in entries if entry.general for p in entry.kernel.spec.params)


PROGRAM = """
import sys
for name in [name for name in sys.modules if name.split(".")[0] == "triton"]:
    del sys.modules[name]
sys.modules["triton"] = None
import torch, triton_runner

def scale_kernel(x_ptr, out_ptr, n, factor, BLOCK):
    raise AssertionError

decorated = triton_runner.autotune(dir=sys.argv[1])(scale_kernel)
for kernel in (triton_runner.autotune(dir=sys.argv[1]), decorated):
    for n in (300, 2000, 1500):
        x = torch.randn(n)
        out = torch.empty_like(x)
        kernel[lambda meta: (-(-n // meta["BLOCK"]),)](x, out, n, factor=2.0)
        torch.testing.assert_close(out, 2 * x)
        print(kernel.chosen.config.split(",")[0], kernel.chosen.exact, kernel.chosen.found.text)
print(kernel.tuned)
assert sys.modules["triton"] is None
assert not [name for name in sys.modules if name.startswith("triton.")]
"""


def test_it_runs_without_triton(folder):
    finished = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    chosen = [line for line in finished.stdout.splitlines() if line.startswith("BLOCK")]
    assert chosen == ["BLOCK: 128 True n=300", "BLOCK: 64 True n=2000", "BLOCK: 64 False n=2000"] * 2
    assert "[triton_runner] scale_kernel: nothing was tuned for n=1500; the nearest, n=2000, runs" in finished.stdout
    assert "scale_kernel, autotuned" in finished.stdout


@pytest.fixture
def shipped(folder):
    return triton_runner.autotune(dir=folder)(scale_kernel)


def test_the_nearest_key_of_the_same_dtypes_runs_and_is_told(shipped, caplog):
    caplog.set_level("INFO")
    run_scale(shipped, 310)
    assert shipped.chosen.found.text == "n=300"
    assert not shipped.chosen.exact
    assert shipped.tuned.last.key == shipped.chosen.found
    assert "nothing was tuned for n=310" in caplog.text
    run_scale(shipped, 2000, dtype=torch.float16)
    assert dict(shipped.chosen.found.dtypes)["x_ptr"] == "torch.float16"
    with pytest.raises(ArgumentError, match=r"has no config for n=300 \(x_ptr: torch.float64(?s:.*)It has:"):
        run_scale(shipped, dtype=torch.float64)


def test_a_known_form_goes_to_the_kernels_door(shipped, monkeypatch):
    run_scale(shipped)
    monkeypatch.setattr(type(shipped), "launch", None)
    monkeypatch.setattr(type(shipped), "launch_first", None)
    run_scale(shipped)
    x, out = torch.randn(SIZE), torch.empty(SIZE)
    shipped[grid](x, out, SIZE, 2.0)
    torch.testing.assert_close(out, 2 * x)
    assert shipped.best_config == shipped.chosen.config


def test_arguments_of_another_specialization_take_the_general_kernel(shipped):
    for _ in range(2):
        x, out = torch.randn(SIZE + 1)[1:], torch.empty(SIZE + 1)[1:]  # addresses that 16 does not divide
        shipped[grid](x, out, SIZE, 2.0)
        torch.testing.assert_close(out, 2 * x)
    run_scale(shipped, 1)  # an integer that is 1


def test_wrong_arguments_are_refused(shipped):
    x, out = torch.randn(SIZE), torch.empty(SIZE)
    with pytest.raises(ArgumentError, match="unknown 'm'"):
        shipped[grid](x, out, SIZE, m=2)
    with pytest.raises(ArgumentError, match="'factor' is missing"):
        shipped[grid](x, out, SIZE)
    with pytest.raises(ArgumentError, match="'n' twice"):
        shipped[grid](x, out, SIZE, 2.0, n=3)


def test_no_benchmark_and_no_compile(folder, monkeypatch):
    monkeypatch.setattr("triton_runner.launcher.run", None)
    monkeypatch.setattr("triton_runner.tuning.timing.Timer.measure", None)
    kernel = triton_runner.autotune(blocks(64, 128), key=["n"], dir=folder)(triton_runner.jit(scale_kernel))
    run_scale(kernel)


def tuned_even(heuristic):
    tune = triton_runner.autotune(blocks(64, 128), key=["n"], do_bench=fixed_times([1.0, 2.0] * 2), cache_results=False)
    return tune(triton.heuristics({"EVEN": heuristic})(add_even_kernel))


def is_even(args):
    return args["n"] % args["BLOCK"] == 0


def test_a_constant_that_heuristics_decide_is_never_guessed(tmp_path):
    kernel = tuned_even(is_even)
    for n in (256, 300):
        kernel[grid](torch.randn(n), torch.empty(n), n)
    kernel.tuned.export(tmp_path)
    plain = triton_runner.autotune(dir=tmp_path)
    stacked = plain(triton.heuristics({"EVEN": is_even})(add_even_kernel))
    above = triton.heuristics({"EVEN": lambda args: args["n"] % 64 == 0})(plain)
    x, out = torch.randn(257), torch.zeros(257)
    with pytest.raises(ArgumentError, match="'EVEN' is missing; it was tuned with"):
        plain[grid](x, out, 257)
    for launch in (stacked[grid], above[grid]):
        out.zero_()
        launch(x, out, 257)  # nearest is 256, whose kernel has no mask
        torch.testing.assert_close(out, x + 1)
    plain[grid](x, out, 257, EVEN=False)
    torch.testing.assert_close(out, x + 1)


def test_exports_add_up_and_replace(kernel, tmp_path):
    first = tuned_scale(blocks(64, 128), do_bench=fixed_times([1.0, 2.0]), cache_results=False)
    run_scale(first)
    one = first.tuned.export(tmp_path)
    assert len(one) == 2
    kernel.tuned.export(tmp_path)  # other keys, and another winner for n = 300
    entries = read_entries(tmp_path)
    assert {entry.key.text for entry in entries} == {"n=300", "n=2000"}
    fp32 = [e for e in entries if e.key.text == "n=300" and dict(e.key.dtypes)["x_ptr"] == "torch.float32"]
    assert {entry.constants["BLOCK"] for entry in fp32} == {128}
    even = tuned_even(is_even)
    even[grid](torch.randn(256), torch.empty(256), 256)
    even.tuned.export(tmp_path)
    both = triton_runner.autotune(dir=tmp_path)
    with pytest.raises(ArgumentError, match="several kernels"):
        run_scale(both)
    run_scale(both("scale_kernel"))
    with pytest.raises(ArgumentError, match="has no kernel 'other'"):
        both("other")


def test_a_winner_from_an_artifact_is_shipped(tmp_path, caplog):
    made = triton_runner.compile(
        scale_kernel,
        signature={"x_ptr": "*fp32", "out_ptr": "*fp32", "n": "i32", "factor": "fp32"},
        constexprs={"BLOCK": 32},
        target="sm_80",
        to="ptx",
    )
    kernel = tuned_scale([triton_runner.Config({}, autotune_ptx_dir=made.folder)])
    run_scale(kernel)
    kernel.tuned.export(tmp_path, targets=["sm_90"])
    assert "is not compiled again for sm_90" in caplog.text
    shipped = triton_runner.autotune(dir=tmp_path)
    run_scale(shipped)
    assert "BLOCK: 32" in shipped.chosen.config


def test_a_folder_with_nothing_or_something_else(tmp_path, folder):
    with pytest.raises(ArtifactError, match="no kernel that"):
        triton_runner.autotune(dir=tmp_path)
    with pytest.raises(ArgumentError, match="has not been tuned"):
        tuned_scale(blocks(64)).tuned.export(tmp_path)
    path = next(folder.glob("*cpu*/*.json"))
    broken = tmp_path / path.parent.name
    broken.mkdir()
    fields = json.loads(path.read_text())
    del fields["triton_runner_tuned"]["key"]
    (broken / path.name).write_text(json.dumps(fields))
    with pytest.raises(ArtifactError, match="is no entry that export wrote"):
        triton_runner.autotune(dir=tmp_path)


def test_an_image_that_was_changed_is_refused(kernel, tmp_path):
    kernel.tuned.export(tmp_path)
    for path in tmp_path.glob("*/*.ptx"):
        path.write_text(path.read_text().replace("mul.f32", "add.f32"))
    with pytest.raises(ArtifactError, match="export it again"):
        run_scale(triton_runner.autotune(dir=tmp_path)(scale_kernel))


def entry_for(runs_on, **values):
    key = {"values": values, "dtypes": {"x": "torch.float32"}, "target": runs_on, "device": "any"}
    return ShippedEntry(
        "path",
        {"kernel": "k", "arg_names": [], "constants": {}, "defaults": {}, "key": key, "runs_on": runs_on,
         "general": False, "outcomes": [], "winner": 0, "seconds": 0.0},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("runs_on", "target", "fits"),
    [
        ("sm_80", "sm_86", True), ("sm_86", "sm_80", False), ("sm_90", "sm_90", True), ("sm_80", "sm_90", False),
        ("sm_100", "sm_103", True), ("cpu", "cpu", True), ("cpu", "sm_90", False), ("sm_90", "cpu", False),
        ("gfx942", "gfx942", True), ("gfx942", "gfx90a", False),
    ],
)  # fmt: skip
def test_which_gpu_a_cubin_runs_on(runs_on, target, fits):
    assert entry_for(runs_on, n=1).fits_target(target) is fits


def test_the_distance_of_keys_is_in_octaves_over_numbers_alone():
    def asked(**values):
        return Key(tuple(values.items()), (("x", "torch.float32"),), "sm_90", "here")

    entry = entry_for("sm_90", n=127, causal=True)
    assert entry.distance(asked(n=127, causal=True)) == 0
    assert entry.distance(asked(n=255, causal=True)) == pytest.approx(1)
    assert entry.distance(asked(n=31, causal=True)) == pytest.approx(2)
    assert entry.distance(asked(n=127, causal=False)) == float("inf")
    assert entry.distance(asked(n="127", causal=True)) == float("inf")
    assert entry.distance(Key((("n", 127), ("causal", True)), (), "sm_90", "here")) == float("inf")
