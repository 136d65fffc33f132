"""PTX and cubins of every Triton, launched from their folder alone in a process without any Triton.

tests/python/test_artifacts.py has what needs no GPU.
"""

import json
import re
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


def refusal(path):
    """What the error says where this driver cannot assemble the PTX as it is meant; None where it can."""
    if path.suffix != ".ptx":
        return None
    driver = torch._C._cuda_getDriverVersion()
    cuda = (driver // 1000, driver % 1000 // 10)
    text = path.read_text()
    major, minor = (int(part) for part in re.search(r"^\.version (\d+)\.(\d+)", text, re.MULTILINE).groups())
    # CUDA 12.5 and 12.6 have PTX 8.5, later ones of 12 are one ahead, 13.x has 9.x ("Release Notes" of the PTX ISA).
    newest = (cuda[0] - 4, cuda[1] - (1 if cuda[0] == 12 and cuda[1] > 5 else 0))
    if (major, minor) > newest:
        return rf"ArtifactError: .*version {major}\.{minor}, and the driver supports CUDA {cuda[0]}\.{cuda[1]}"
    if (major, minor) <= (8, 5) and cuda > (12, 6) and "tensormap.replace.tile.global_stride" in text:
        return r"ArtifactError: .*stride of a tensor map in units of 16 bytes"
    return None


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_matches_torch(artifact, results):
    if torch.cuda.get_device_capability() != (9, 0):
        pytest.skip("the artifacts are for sm_90")
    expected = refusal(HERE / "artifacts" / artifact)
    if expected is None:
        assert results[artifact] is None
    else:
        assert results[artifact] is not None
        assert re.search(expected, results[artifact])
