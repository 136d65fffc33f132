"""The case studies: their artifacts say what the pages say, run on the CPU, and are what Triton makes."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from triton_runner.compiler.resources import read_resources
from triton_runner.compiler.versions import installed_version

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "case_studies"
SCRIPTS = {"7096": "matmul_7096", "7268": "attention_7268"}
MEMORY_OF_AN_L4 = 101376  # bytes of shared memory that a block may have on sm_86 and sm_89


@pytest.fixture(autouse=True)
def as_a_script(monkeypatch):
    """Python puts the folder of a script on its path."""
    monkeypatch.syspath_prepend(str(FOLDER))


def study_of(issue):
    return runpy.run_path(str(FOLDER / f"{SCRIPTS[issue]}.py"))["STUDY"]


@pytest.mark.parametrize("issue", SCRIPTS)
def test_runs_on_the_cpu(issue, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("triton_runner.torch_utils.get_active_torch_device", lambda: __import__("torch").device("cpu"))
    monkeypatch.setattr(sys, "argv", ["study", "--json", str(tmp_path / "times.json")])
    runpy.run_path(str(FOLDER / f"{SCRIPTS[issue]}.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == f"triton-lang/triton #{issue}: every launch on cpu agrees with torch"
    ptx = [variant.name for variant in study_of(issue).variants if variant.level == "ptx"]
    assert all(re.search(rf", {name}: largest error", out) for name in ptx)
    assert not (tmp_path / "times.json").exists(), "the CPU's times mean nothing"


@pytest.mark.parametrize("issue", SCRIPTS)
def test_artifacts_are_those_that_are_noted(issue):
    study = study_of(issue)
    made = study.made()
    assert list(made) == [variant.name for variant in study.variants]
    assert {path.name for path in study.folder.iterdir() if path.is_dir()} == set(made)
    for variant in study.variants:
        kernel = study.load(variant)
        assert kernel.spec.shared == made[variant.name]["shared"]
        assert kernel.spec.triton_version == variant.triton
        if variant.level == "cubin":
            taken = read_resources(kernel.artifacts["cubin"])
            noted = made[variant.name]
            assert (taken.registers, taken.spill_bytes) == (noted["registers"], noted["spills"])
            assert f"sm_{taken.arch}" == variant.target


def test_7096_is_two_choices_on_ampere():
    made = study_of("7096").made()
    choices = {name: (facts["warps"], facts["prefetch"]) for name, facts in made.items() if name.endswith("sm_80")}
    before, between, after = ("[2, 2]", True), ("[1, 4]", False), ("[1, 4]", True)
    assert choices == {
        **{f"{version}-sm_80": before for version in ("3.1.0", "3.2.0")},
        **{f"{version}-sm_80": between for version in ("3.3.1", "3.4.0", "3.5.1", "3.6.0", "3.7.1")},
        **{f"{version}-sm_80": after for version in ("3.8.0", "3.9.0")},
    }
    # Hopper's own path takes neither.
    assert {(facts["warps"], facts["prefetch"]) for name, facts in made.items() if name.endswith("sm_90")} == {
        ("[4, 1]", False)
    }


def test_7268_is_one_buffer_more():
    made = study_of("7268").made()
    shared = {name: facts["shared"] for name, facts in made.items()}
    assert shared["3.2.0-sm_89"] == 98304 <= MEMORY_OF_AN_L4
    assert all(shared[f"{version}-sm_89"] == 114688 > MEMORY_OF_AN_L4 for version in ("3.3.1", "3.6.0", "3.9.0"))
    assert all(value == 98304 for name, value in shared.items() if name.endswith("sm_90"))
    assert shared["3.6.0-sm_89-turned"] == 98304, "without the rewrite the buffer goes"
    before, after = (made[f"{version}-sm_89"]["buffers"].split() for version in ("3.2.0", "3.3.1"))
    assert len(after) == len(before) + 1
    assert 114688 - 98304 == 128 * 64 * 2


def test_7268_is_the_pass_that_bisect_finds():
    found = json.loads((FOLDER / "results" / "bisect_7268.json").read_text())
    shared = {point["what"]: point["shared"] for point in found["points"]}
    assert found["culprit"] == "remove_layout_conversions#2"
    assert (shared["source"], shared["accelerate_matmul"], shared[found["culprit"]]) == (114688, 114688, 98304)
    page = (ROOT / "docs" / "case_studies" / "triton_7268.md").read_text()
    assert found["conclusion"] in page


@pytest.mark.parametrize(("issue", "name"), [("7096", "3.6.0-sm_80"), ("7268", "3.6.0-sm_90")])
def test_triton_makes_the_artifact(issue, name, tmp_path):
    if not (installed_version() or "").startswith("3.6."):
        pytest.skip("the artifact is that of Triton 3.6")
    study = study_of(issue)
    variant = next(variant for variant in study.variants if variant.name == name)
    program = (
        "import sys, make_artifacts as make; from pathlib import Path; "
        f"study = make.find_study({issue!r}); "
        f"variant = next(v for v in study.variants if v.name == {name!r}); "
        "content = make.compile_variant(study, variant).artifacts[variant.level]; "
        "Path(sys.argv[1]).write_bytes(content if isinstance(content, bytes) else content.encode())"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(FOLDER), str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "TRITON_DISABLE_LINE_INFO": "1",
        "TRITON_RUNNER_CACHE_DIR": str(tmp_path / "cache"),
    }
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "made")], env=environment, check=True)
    committed = study.folder / name / f"{study.kernel.__name__}.{variant.level}"
    assert (tmp_path / "made").read_bytes() == committed.read_bytes()


@pytest.mark.parametrize("issue", SCRIPTS)
def test_the_page_quotes_what_was_measured(issue):
    page = (ROOT / "docs" / "case_studies" / f"triton_{issue}.md").read_text()
    for name, facts in study_of(issue).made().items():
        assert re.search(rf"^\| {re.escape(name)} \|.*\b{facts['shared']:,}\b", page, re.M), f"the page lacks {name}"
    results = FOLDER / "results" / f"triton_{issue}.json"
    if not results.exists():
        pytest.skip("not measured yet")
    from quote_times import table

    assert table(json.loads(results.read_text())) in page, "python examples/case_studies/quote_times.py"
