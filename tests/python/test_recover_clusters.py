"""What artifacts of Triton up to 3.5 say of clusters: nothing but that they ask for their place in one."""

import json
from pathlib import Path

import pytest

from triton_runner.compiler.artifact import read_artifact
from triton_runner.compiler.recover_ir import read_ptx
from triton_runner.compiler.text import compile_artifact
from triton_runner.errors import MetadataError

ARTIFACTS = Path(__file__).parents[1] / "gpu" / "artifacts"


@pytest.mark.parametrize(
    ("version", "stated", "asks"), [("3.0.0", None, True), ("3.5.1", None, True), ("3.6.0", 2, False)]
)
def test_a_cluster_in_ptx(version, stated, asks):
    interface = read_ptx((ARTIFACTS / version / "cluster.ptx").read_text())
    assert (interface.num_ctas, interface.in_cluster) == (stated, asks)


def test_a_cluster_whose_size_nobody_states_is_an_error():
    metadata = json.loads((ARTIFACTS / "3.5.1" / "cluster.json").read_text())
    for name in ("num_ctas", "cluster_dims"):
        del metadata[name]
    artifact = read_artifact((ARTIFACTS / "3.5.1" / "cluster.ptx").read_text())
    with pytest.raises(MetadataError, match=r"'num_ctas' .* is missing, and this kernel is for a cluster"):
        compile_artifact(artifact, to="ptx", target=None, options={}, metadata=metadata)
