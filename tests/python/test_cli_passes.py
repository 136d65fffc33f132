"""``passes`` from the command line; the page that it writes is tested in test_report.py."""

import pytest
from cli_support import cli, compiled, folder  # noqa: F401

from triton_runner.cli import answer

# ruff: noqa: F811


@pytest.fixture(scope="module")
def words():
    return ("cli_kernels.py:scale", "--target", "sm_80")


def test_a_table_of_all_passes(cli, words):
    done = cli("passes", *words)
    assert done.status == answer.OK, done.err
    assert "TritonGPUCoalesce" in done.out
    changed = cli("passes", *words, "--changed", "--stage", "ttgir", "--json").data["passes"]
    assert "coalesce" in [entry["label"] for entry in changed]
    assert all(entry["changed"] and entry["stage"] == "ttgir" for entry in changed)


def test_the_module_after_a_pass_and_the_difference(cli, words):
    shown = cli("passes", *words, "--show", "coalesce").out
    assert "#blocked1" in shown
    assert "loc(" in shown
    told = cli("passes", *words, "--diff", "TritonGPUCoalesce").out
    assert told.startswith("--- before coalesce\n+++ after coalesce\n")
    assert "\n+#blocked1" in told
    assert "loc(" not in told
    wrong = cli("passes", *words, "--diff", "coalese")
    assert wrong.status == answer.USAGE
    assert "near are coalesce" in wrong.err


def test_a_file_for_each_pass(cli, words, tmp_path):
    done = cli("passes", *words, "-o", tmp_path / "mlir", "--json")
    files = sorted(path.name for path in (tmp_path / "mlir").iterdir())
    assert len(files) == len(done.data["passes"])
    assert any(name.endswith("-changed-TritonGPUCoalesce.mlir") for name in files)
    assert cli("passes", *words, "-o", "report.txt").status == answer.USAGE


def test_from_ttgir_with_a_stop(cli, compiled):
    done = cli("passes", compiled / "scale.ttgir", "--stop-pass", "scf_to_cf", "--json")
    assert done.status == answer.OK, done.err
    assert done.data["passes"][0]["stage"] == "llir"
    assert done.data["passes"][-1]["label"] == "scf_to_cf"
