"""The benchmarks as programs: what they launch, the verdict on speed, and runs from end to end without a GPU."""

import ctypes
import importlib.util
import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

sys.path.extend(str(Path(__file__).parents[2] / "benchmark" / folder) for folder in ("", "launch_latency"))

import native
import theirs
from cases import case_19, make_cases
from common import build, kernel_speed, report
from common.signature import signature
from common.timing import Missing, Row

ROOT = Path(__file__).parents[2]
BENCHMARK = ROOT / "benchmark"
BENCHES = ("launch_latency", "matmul", "flash_attention")
CPU = torch.device("cpu")


# ---- the argument lists, and the launch without Triton ----


def test_the_lists_have_as_many_arguments_as_they_say():
    found = {case.name: case for case in make_cases(CPU)}
    kinds = {name: [type(value) for value in case.args.values()] for name, case in found.items()}
    assert kinds["no arguments"] == []
    assert (kinds["19 arguments"].count(torch.Tensor), kinds["19 arguments"].count(int)) == (5, 9)
    assert len(found["19 arguments"].constexprs) == 5
    assert (kinds["58 arguments"].count(torch.Tensor), len(kinds["58 arguments"])) == (14, 40)
    assert len(found["58 arguments"].constexprs) == 18


def test_signature_specializes_as_triton_does():
    aligned = torch.zeros(32)
    assert signature({"a": aligned, "b": aligned[1:], "n": 32, "m": 3, "x": 0.5}) == {
        "a": "*fp32:16",
        "b": "*fp32",
        "n": "i32:16",
        "m": "i32",
        "x": "fp32",
    }


# A driver that writes down what it is asked to launch: the first four bytes of each parameter.
RECORDING_DRIVER = """
#include <stdint.h>
#include <stdio.h>
#include <string.h>
int cuLaunchKernelEx(const unsigned* config, void* function, void** params, void** extra) {
  printf("launch %u %u %u %d", config[0], config[3], config[6], extra == 0 && function == (void*)16);
  for (int i = 0; i < COUNT; ++i) printf(" %u", *(unsigned*)params[i]);
  printf("\\n"); fflush(stdout);
  return 0;
}
int cuModuleLoadData(void** module, const char* image) { *module = (void*)8; return strcmp(image, "image") ? 300 : 0; }
int cuModuleGetFunction(void** function, void* module, const char* name) {
  *function = (void*)16;
  return strcmp(name, "kernel") ? 500 : 0;
}
int cuStreamSynchronize(void* stream) { return 0; }
int cuTensorMapEncodeTiled(unsigned* map, int type, uint32_t rank, unsigned* base, const uint64_t* dims,
    const uint64_t* strides, const uint32_t* box) {
  printf("encode %d %u %lu %lu %lu %u %u\\n", type, rank, dims[0], dims[1], strides[0], box[0], box[1]); fflush(stdout);
  *map = *base;
  return 0;
}
"""

LAUNCH_WITHOUT_TRITON = """
import sys
sys.path += sys.argv[1:]
import torch
from pathlib import Path
from types import SimpleNamespace
from native import Floor
from triton.tools.tensor_descriptor import TensorDescriptor
bases = [torch.full((64, 48), 7 + turn, dtype=torch.int32) for turn in range(2)]
descriptor = TensorDescriptor.from_tensor(bases[0], [32, 16])
meta = {"swizzle": 0, "elem_size": 4, "elem_type": 4, "block_size": [32, 16]}
metadata = SimpleNamespace(num_warps=4, shared=1024, tensordesc_meta=[meta])
floor = Floor(metadata, (3, 1, 1), [descriptor, 5], 0).load(b"image", "kernel")
floor.run(2)
floor.turn(bases)
floor.run(2, encode=True)
for image, name in ((b"other", "kernel"), (b"image", "other")):
    try:
        floor.load(image, name)
    except RuntimeError as error:
        print(error)
Path("cubin").write_bytes(b"image")
print(floor.first_launch(Path("cubin"), "kernel") > 0)
"""


def test_the_floor_hands_the_driver_what_it_was_given(tmp_path):
    source = tmp_path / "driver.c"
    source.write_text(RECORDING_DRIVER)
    # map, shape, strides, the number, and the two scratch slots
    command = ["g++", "-x", "c", str(source), "-shared", "-fPIC", "-DCOUNT=8", "-o", str(tmp_path / "libcuda.so.1")]
    subprocess.run(command, check=True)
    paths = [str(BENCHMARK), str(BENCHMARK / "launch_latency")]
    finished = run_python(["-c", LAUNCH_WITHOUT_TRITON, *paths], tmp_path, LD_LIBRARY_PATH=str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    encode = "encode 4 2 48 64 192 16 32"
    launch = "launch 3 128 1024 1 {} 64 48 48 1 5 0 0"
    assert finished.stdout.splitlines() == [
        encode,
        *[launch.format(7)] * 2,
        *[encode, launch.format(7), encode, launch.format(8)],
        "cuModuleLoadData failed: CUDA error 300",
        "cuModuleLoadData failed: CUDA error 500",
        launch.format(8),
        "True",
    ]


def test_the_floor_and_its_binding_agree_on_the_layout():
    library = ctypes.CDLL(str(build.build(BENCHMARK / "launch_latency" / "floor.cc")))  # asserts the sizes
    assert library.floor_open() in (0, -1)
    assert (ctypes.sizeof(native.Launch), ctypes.sizeof(native.TensorMap)) == (48, 136)


def test_a_source_that_does_not_compile_says_why(tmp_path):
    source = tmp_path / "broken.cc"
    source.write_text("int f() { return nothing; }\n")
    with pytest.raises(RuntimeError, match="nothing"):
        build.build(source, folder=tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["broken.cc"]


# ---- launch latency ----


@pytest.fixture(scope="module")
def latency():
    """benchmark/launch_latency/bench.py as a module, and its Bench on the CPU."""
    place = importlib.util.spec_from_file_location("latency_bench", BENCHMARK / "launch_latency" / "bench.py")
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    options = SimpleNamespace(batch=4, rounds=3, quick=False, rows="*", lists="*")
    return SimpleNamespace(module=module, bench=module.Bench(CPU, options))


def test_a_row_is_held_against_the_floor_of_its_round(latency):
    floor = theirs.FLOOR
    rows = [
        Row(floor, lambda count: count * 3e-6),
        Row("ours", lambda count: count * 5e-6, True),
        Missing("peer", "none"),
    ]
    group = latency.bench.measure("19 arguments", rows, floor)
    assert (group.judged, group.baseline) == ("above the floor", floor)
    assert group.entry("ours").values["above the floor"].median == pytest.approx(2.0)
    assert group.entry(floor).values["above the floor"].median == 0.0
    assert group.entry("peer").missing == "none"


def test_the_launches_of_a_graph_share_its_time(latency):
    rows = [Row(theirs.TRITON, lambda count: count * 1e-4), Row("ours", lambda count: count * 2e-4, True)]
    group = latency.bench.measure("graph", rows, theirs.TRITON, batch=2, per_call=100)
    assert group.entry("ours").values["host"].median == pytest.approx(2.0)
    assert group.entry("ours").values[f"above {theirs.TRITON}"].median == pytest.approx(1.0)


def test_a_row_with_a_wrong_result_is_not_measured(latency):
    case = case_19(CPU)
    (row,) = latency.bench.prepare([("ours", lambda: lambda count: 0.0)], case, is_ours=True)
    assert isinstance(row, Missing)
    assert row.ours
    assert row.reason.startswith("AssertionError")


# ---- kernel speed ----


def make_work(out, expected):
    return kernel_speed.Work(
        "fp16 64", [out], (1,), out, expected, "torch", lambda: expected, tolerance=0.01, flops=1e6
    )


def speed_group(launchers, monkeypatch, microseconds):
    """The group of made-up launchers, each of which takes its made-up time."""

    def fake(launches, rounds, device):
        scatter = random.Random(0)
        return {name: [microseconds[name] + scatter.uniform(-1, 1) for _ in range(rounds)] for name in launches}

    monkeypatch.setattr(kernel_speed, "measure_device", fake)
    out = torch.empty(4)
    return kernel_speed.measure_work(make_work(out, torch.ones(4)), launchers, {"ours": True}, 21, CPU)


def right(grid, args):
    args[0].fill_(1.0)


def wrong(grid, args):
    args[0].fill_(1.5)


def test_a_wrong_result_is_not_timed(monkeypatch):
    launchers = {"Triton": (False, right), "ours": (True, wrong), "none": (True, lambda grid, args: None)}
    group = speed_group(launchers, monkeypatch, {"torch": 50.0, "Triton": 100.0})
    assert "wrong result: it is off by 0.5" in group.entry("ours").missing
    assert "wrong result: it is off by nan" in group.entry("none").missing
    assert group.entry("torch").values["TFLOP/s"].median == pytest.approx(1e6 / 50 / 1e6, rel=0.05)


@pytest.mark.parametrize(("time", "equal"), [(100.0, "yes"), (110.0, "no")])
def test_the_verdict(monkeypatch, time, equal):
    launchers = {"Triton": (False, right), "ours": (True, right)}
    group = speed_group(launchers, monkeypatch, {"torch": 50.0, "Triton": 100.0, "ours": time})
    assert group.entry("ours").notes == {"equals Triton": equal, "cubin": "the same"}
    assert group.entry("ours").values["time against Triton"].median == pytest.approx(time / 100, abs=0.02)
    said = kernel_speed.verdict([group])
    assert said.startswith("All 1 rows" if equal == "yes" else "1 of 1 rows")


def test_without_triton_there_is_no_verdict(monkeypatch):
    group = speed_group({"ours": (True, right)}, monkeypatch, {"torch": 50.0, "ours": 100.0})
    assert group.judged is None
    assert kernel_speed.verdict([group]).startswith("Triton itself was not measured")


def test_a_launcher_that_cannot_be_made_says_why():
    def fail():
        raise KeyError("no such level")

    subject = SimpleNamespace(launchers=lambda levels: [("ours", True, fail)])
    assert kernel_speed.prepare(subject, ["ttir"]) == {"ours": (True, "KeyError: 'no such level'")}


# ---- from end to end ----


def run_python(arguments, folder, **environment):
    search = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    caches = {name: str(folder / "cache") for name in ("TRITON_CACHE_DIR", "TRITON_RUNNER_CACHE_DIR")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **caches, "PYTHONPATH": search, "CUDA_VISIBLE_DEVICES": "", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def run_bench(name, folder, *arguments):
    """The report of a benchmark that ran without a GPU."""
    script = BENCHMARK / name / "bench.py"
    finished = run_python([str(script), "--output", str(folder), "--rounds", "2", *arguments], folder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return report.read(folder / f"{name}.json")


def test_launch_latency_runs_on_the_cpu(tmp_path):
    found = run_bench("launch_latency", tmp_path, "--only", "warm", "--rows", "*[!+]", "--lists", "19*", "--batch", "2")
    (group,) = found.groups
    measured = {entry.name for entry in group.entries if entry.values["host"].median > 0}
    assert measured >= {"@triton_runner.jit", "triton_runner Kernel[grid](...)", "torch.ops.triton_runner.launch"}
    assert group.judged is None, "there is no floor without a GPU"


@pytest.mark.slow  # compiles a file against torch's headers
def test_launch_latency_calls_the_op_from_cpp(tmp_path):
    found = run_bench("launch_latency", tmp_path, "--only", "warm", "--rows", "*C++", "--lists", "*arguments")
    assert [entry.name for group in found.groups for entry in group.entries] == [
        "torch.ops.triton_runner.launch from C++"
    ] * 3


def test_cold_starts_run_on_the_cpu(tmp_path):
    found = run_bench("launch_latency", tmp_path, "--only", "cold", "--cold-starts", "1")
    times = {entry.name: entry.values["first launch"].median for group in found.groups for entry in group.entries}
    assert list(times) == [
        "triton_runner.load, PTX",
        "@triton_runner.jit, empty cache",
        "@triton_runner.jit, from the cache",
    ]
    assert all(time > 0 for time in times.values())


def test_matmul_runs_on_the_cpu(tmp_path):
    found = run_bench("matmul", tmp_path, "--dtypes", "fp16", "--sizes", "32", "--levels", "python,ptx")
    assert [group.name for group in found.groups] == ["fp16 dot 32", "fp16 tma 32"]
    for group in found.groups:
        rows = ["torch.mm", "triton_runner, Python", "triton_runner, PTX by the driver"]
        assert [entry.name for entry in group.entries] == rows
        assert all(entry.missing is None for entry in group.entries)


def test_flash_attention_runs_on_the_cpu(tmp_path):
    sizes = ("--widths", "16", "--lengths", "130", "--tokens", "130", "--levels", "python")
    found = run_bench("flash_attention", tmp_path, *sizes)
    assert [group.name for group in found.groups] == [
        f"fp16 {mask}, width 16, length 130" for mask in ("full", "causal")
    ]
    assert all(entry.missing is None for group in found.groups for entry in group.entries)


@pytest.mark.parametrize("name", BENCHES)
def test_the_document_says_how_to_run_each(name):
    assert f"python benchmark/{name}/bench.py" in (ROOT / "docs" / "benchmarks.md").read_text()


def test_a_case_checks_the_result_of_a_launch():
    case = case_19(CPU)
    with pytest.raises(AssertionError):
        case.check(lambda count: 0.0, lambda: None)

    def launch(count):
        case.out.copy_(case.expected)
        return 0.0

    case.check(launch, lambda: None)
