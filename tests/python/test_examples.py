"""Each example under examples/runner and examples/dump runs alone, elsewhere, and checks itself against torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path for kind in ("runner", "dump") for path in (ROOT / "examples" / kind).rglob("*.py"))
LEVELS = {"python", "ttir", "ttgir", "llir", "ptx", "cubin", "gluon"}


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


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
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
