"""Each example under examples/runner, dump, autotune, passes runs alone, elsewhere, and checks itself against torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
KINDS = ("runner", "dump", "autotune", "passes")
EXAMPLES = sorted(path for kind in KINDS for path in (ROOT / "examples" / kind).rglob("*.py"))
LEVELS = {"python", "ttir", "ttgir", "llir", "ptx", "cubin", "gluon"}


# What examples/dump/python shows too runs at the lower levels in `make exhaustive`; vector addition stands for them.
SUBJECTS = {path.name for path in (ROOT / "examples" / "dump" / "python").iterdir()} - {"vector_add.py"}


def marked(path):
    repeats = path.parents[1].name == "dump" and path.parent.name != "python" and path.name in SUBJECTS
    return pytest.param(path, id=name_of(path), marks=[pytest.mark.exhaustive] if repeats else [])


def name_of(path):
    return "-".join([*path.relative_to(ROOT / "examples").parts[:-1], path.stem])


def run(path, folder):
    search = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "TRITON_RUNNER_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": search}
    return subprocess.run(
        [sys.executable, str(path)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_level_has_an_example():
    assert {path.parent.name for path in EXAMPLES if path.parents[1].name == "runner"} == LEVELS
    # Values of a cubin have no names.
    assert {path.parent.name for path in EXAMPLES if path.parents[1].name == "dump"} == LEVELS - {"cubin"}


def test_every_subject_has_an_example_at_every_level_of_a_dump():
    levels = {path.parent.name for path in EXAMPLES if path.parents[1].name == "dump"} - {"python", "gluon"}
    assert levels == {"ttir", "ttgir", "llir", "ptx"}
    missing = [
        f"{level}/{subject}"
        for level in levels
        for subject in SUBJECTS - {"in_the_kernel.py"}
        if not (ROOT / "examples" / "dump" / level / subject).is_file()
    ]
    assert not missing


@pytest.mark.parametrize("path", [marked(path) for path in EXAMPLES])
def test_runs_alone(path, tmp_path):
    before = set(path.parent.iterdir())
    finished = run(path, tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    last = finished.stdout.splitlines()[-1]
    if path.parent.name == "cubin" and not torch.cuda.is_available():
        assert "needs an NVIDIA GPU" in last
    else:
        assert "torch" in last or "after it" in last
    written = {entry for entry in path.parent.iterdir() if entry.name != "__pycache__"} - before
    assert not written, "an example writes into a temporary folder only"


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_has_a_purpose_in_its_first_line(path):
    first = path.read_text().splitlines()[0]
    assert first.startswith('"""')
    assert len(first) <= 120
