"""The artifacts that other versions of Triton made (tests/gpu/artifacts): what needs no GPU and no Triton of theirs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import triton_runner
from triton_runner.errors import ArgumentError, ArtifactError, MetadataError

GPU_TESTS = Path(__file__).parents[1] / "gpu"
ARTIFACTS = GPU_TESTS / "artifacts"
VERSIONS = sorted(path.name for path in ARTIFACTS.iterdir())


def test_every_version_is_there():
    assert VERSIONS == ["3.0.0", "3.1.0", "3.2.0", "3.3.1", "3.4.0", "3.5.1", "3.6.0", "3.7.1", "3.8.0", "3.9.0"]
    small = {path: path.stat().st_size for path in ARTIFACTS.rglob("*") if path.is_file()}
    assert max(small.values()) < 30_000
    assert sum(small.values()) < 1_000_000


def test_all_run_on_the_cpu_without_triton():
    command = [sys.executable, str(GPU_TESTS / "launch_artifacts.py"), "cpu"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    results = json.loads(finished.stdout)
    assert len(results) >= 3 * len(VERSIONS)
    assert not [(artifact, error) for artifact, error in results.items() if error]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_binary_interface_follows_the_version(version):
    minor = int(version.split(".")[1])
    for kind in ("ptx", "cubin"):
        spec = triton_runner.load(ARTIFACTS / version / f"plain.{kind}").spec
        assert (spec.global_scratch is not None, spec.profile_scratch is not None) == (minor >= 3, minor >= 5)
        assert [param.type for param in spec.params[:5]] == ["*fp32", "*fp32", "*fp32", "i32", "fp32"]
        assert triton_runner.load(ARTIFACTS / version / f"cluster.{kind}").spec.num_ctas == 2


def edited(tmp_path, name, change):
    """A copy of one artifact of 3.6.0 whose metadata is changed."""
    for kind in ("ptx", "cubin"):
        shutil.copy(ARTIFACTS / "3.6.0" / f"{name}.{kind}", tmp_path)
    metadata = json.loads((ARTIFACTS / "3.6.0" / f"{name}.json").read_text())
    change(metadata)
    (tmp_path / f"{name}.json").write_text(json.dumps(metadata))
    return tmp_path / f"{name}.ptx"


def test_another_version_than_the_metadata_says(tmp_path):
    path = edited(tmp_path, "plain", lambda metadata: metadata.update(triton_version="3.2.0"))
    with pytest.raises(MetadataError, match=r"scratch slots of Triton 3\.2\.0|declares 7"):
        triton_runner.load(path)


def test_another_capability_than_the_metadata_says(tmp_path):
    path = edited(tmp_path, "plain", lambda metadata: metadata["target"].update(arch=80))
    with pytest.raises((MetadataError, ArtifactError), match=r"sm_80.*sm_90"):
        triton_runner.load(path)


def test_another_capability_than_is_asked_for():
    with pytest.raises(ArgumentError, match=r"was made for sm_90, but target is .*80"):
        triton_runner.load(ARTIFACTS / "3.6.0" / "plain.cubin", target="sm_80")


def test_another_kernel_than_the_metadata_says(tmp_path):
    path = edited(tmp_path, "plain", lambda metadata: metadata.update(name="other"))
    with pytest.raises(MetadataError, match=r"'other'.*'plain'"):
        triton_runner.load(path)


def test_another_kernel_than_is_asked_for():
    with pytest.raises(MetadataError, match=r"'plain'.*'other'|'other'.*'plain'"):
        triton_runner.load(ARTIFACTS / "3.6.0" / "plain.ptx", name="other")
