"""PTX and cubins of every Triton, launched from their folder alone in a process without any Triton.

tests/python/test_artifacts.py has what needs no GPU.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent
ARTIFACTS = sorted(
    str(path.relative_to(HERE / "artifacts"))
    for kind in ("ptx", "cubin")
    for path in (HERE / "artifacts").rglob(f"*.{kind}")
)


@pytest.fixture(scope="module")
def results():
    command = [sys.executable, str(HERE / "launch_artifacts.py"), "cuda"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_matches_torch(artifact, results):
    if torch.cuda.get_device_capability() != (9, 0):
        pytest.skip("the artifacts are for sm_90")
    assert results[artifact] is None
