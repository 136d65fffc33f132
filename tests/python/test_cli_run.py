"""``run`` and ``bench`` from the command line, on the CPU."""

import pytest
import torch
from cli_support import LAUNCH, cli, compiled, folder  # noqa: F401

from triton_runner.cli import answer

# ruff: noqa: F811


def test_a_function_of_python(cli):
    done = cli("run", "cli_kernels.py:scale", *LAUNCH, "--check", "cli_kernels.py:reference", "--json")
    assert done.status == answer.OK, done.err
    output = done.data["outputs"]["out_ptr"]
    assert (output["dtype"], output["shape"], output["nan"]) == ("float32", [1000], 0)
    assert list(done.data["outputs"]) == ["out_ptr"]
    assert done.data["check"]["out_ptr"]["passed"]
    assert (done.data["grid"], done.data["device"]) == ([4], "cpu")


def test_a_wrong_result_is_status_1_and_names_the_element(cli):
    done = cli("run", "cli_kernels.py:scale", *LAUNCH, "--check", "cli_kernels.py:wrong")
    assert done.status == answer.NO
    assert "1 of 1000 elements differ, most by 1 at index (7,)" in done.out
    assert cli("run", "cli_kernels.py:scale", *LAUNCH, "--check", "cli_kernels.py:wrong", "--atol", "1.5").status == 0


def test_a_reference_that_writes_in_place(cli):
    assert cli("run", "cli_kernels.py:scale", *LAUNCH, "--check", "cli_kernels.py:in_place").status == answer.OK


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
def test_every_level_with_arguments_in_order(cli, compiled, level):
    words = ("fp32[1000]", "fp32[1000]=empty", "1000", "2.0", "--grid", "4", "--device", "cpu")
    done = cli("run", compiled / f"scale.{level}", *words, "--check", "cli_kernels.py:reference", "--save", "out.pt")
    assert done.status == answer.OK, done.err
    generator = torch.Generator("cpu").manual_seed(0)
    assert torch.equal(torch.load("out.pt")["out_ptr"], 2 * torch.randn(1000, generator=generator))


def test_options_may_stand_between_the_arguments(cli):
    words = ("--grid", "4", "cli_kernels.py:scale", *LAUNCH[:2], "--seed", "3", *LAUNCH[2:4], "--device", "cpu")
    done = cli("run", *words)
    assert done.status == answer.OK, done.err
    assert "out_ptr  float32  1000" in done.out


def test_an_autotuned_function_runs_with_one_config(cli):
    words = ("x_ptr=fp32[100]=zeros", "n=100", "--grid", "cdiv(n,BLOCK)", "--device", "cpu", "--json")
    first = cli("run", "cli_kernels.py:tuned", *words)
    second = cli("run", "cli_kernels.py:tuned", *words, "--config", "1")
    assert first.data["grid"] == [2], first.err
    assert second.data["grid"] == [1]
    assert second.data["outputs"]["x_ptr"]["min"] == second.data["outputs"]["x_ptr"]["max"] == 1


def test_a_fault_is_a_launch_that_failed(cli):
    done = cli("run", "cli_kernels.py:scale", "x_ptr=fp32[8]", *LAUNCH[1:])
    assert done.status == answer.LAUNCH_FAILED
    assert "ExecutionError" in done.err
    assert len([line for line in done.err.splitlines() if line != "this module prints"]) == 1


def test_arguments_that_do_not_fit(cli):
    done = cli("run", "cli_kernels.py:scale", "x_ptr=fp32[8]", "--grid", "1", "--device", "cpu")
    assert done.status == answer.USAGE
    assert "out_ptr" in done.err
    done = cli("run", "cli_kernels.py:scale", *LAUNCH, "--check", "cli_kernels.py:reference2")
    assert done.status == answer.USAGE


def test_bench_compares_files(cli, compiled):
    files = (compiled / "scale.ptx", "cli_kernels.py:scale")
    done = cli("bench", *files, *LAUNCH, "--rounds", "3", "--flops", "n", "--bytes", "8*n", "--json")
    assert done.status == answer.OK, done.err
    results = done.data["results"]
    assert [result["file"] for result in results] == [str(file) for file in files]
    for result in results:
        assert 0 < result["min"] <= result["q1"] <= result["median"] <= result["q3"] <= result["max"]
        assert result["gbs"] == pytest.approx(8000 / result["median"] / 1e3)
    told = cli("bench", *files, *LAUNCH, "--rounds", "3", "--bytes", "8*n")
    assert "against the first" in told.out
    assert "say nothing about a GPU" in told.out


def test_bench_leaves_out_what_fails_and_says_so(cli, compiled):
    done = cli("bench", "none.ptx", compiled / "scale.ptx", *LAUNCH, "--rounds", "2", "--json")
    assert done.status == answer.NO
    assert [failure["file"] for failure in done.data["failures"]] == ["none.ptx"]
    assert len(done.data["results"]) == 1
    assert cli("bench", "none.ptx", *LAUNCH).status == answer.UNREADABLE
    assert cli("bench", *LAUNCH).status == answer.USAGE
