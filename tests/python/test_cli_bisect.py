"""``bisect`` from the command line: a module that was edited, found again. test_bisect.py tests the search itself."""

import pytest
from cli_support import LAUNCH, cli, compiled, folder  # noqa: F401

from triton_runner.cli import answer

# ruff: noqa: F811


@pytest.fixture
def edited(cli, tmp_path):
    """The module after ``coalesce``, with a product made a sum."""
    text = cli("passes", "cli_kernels.py:scale", "--target", "sm_80", "--show", "coalesce").out
    assert "arith.mulf" in text
    path = tmp_path / "edited.mlir"
    path.write_text(text.replace("arith.mulf", "arith.addf"))
    return path


def test_the_pass_that_breaks_it(cli, edited):
    words = ("bisect", "cli_kernels.py:scale", *LAUNCH, "--target", "sm_80", "--replace", f"coalesce={edited}")
    done = cli(*words, "--check", "cli_kernels.py:reference", "--json")
    assert done.status == answer.NO, done.err
    assert done.data["culprit"]["label"] == "coalesce"
    assert "arith.addf" in done.data["diff"]
    told = cli(*words, "--check", "cli_kernels.py:in_place")
    assert "coalesce (TritonGPUCoalesce" in told.out
    assert "+" in told.out
    assert "arith.addf" in told.out


def test_nothing_is_wrong(cli):
    done = cli("bisect", "cli_kernels.py:scale", *LAUNCH, "--target", "sm_80", "--check", "cli_kernels.py:reference")
    assert done.status == answer.OK, done.err
    assert "nothing is wrong" in done.out


def test_what_does_not_fit(cli, compiled):
    assert cli("bisect", "cli_kernels.py:scale", *LAUNCH).status == answer.USAGE
    assert cli("bisect", "cli_kernels.py:scale", *LAUNCH, "--replace", "coalesce").status == answer.USAGE
    mixed = ("fp32[1000]", "out_ptr=fp32[1000]", "n=1000", "factor=2.0", "--grid", "4", "--device", "cpu")
    assert cli("bisect", compiled / "scale.ttir", *mixed).status == answer.USAGE
