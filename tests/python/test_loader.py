"""load(): PTX with and without metadata. PTX by hand, so no Triton is needed."""

import json

import pytest
import torch
from test_kernel import PTX, RECORD

import triton_runner
from triton_runner import errors

METADATA = {
    "name": "affine",
    "num_warps": 1,
    "num_ctas": 1,
    "shared": 0,
    "target": {"backend": "cuda", "arch": 80, "warp_size": 32},
    "triton_version": "3.2.0",
}
SIGNATURE = {"x": "*fp32:16", "out": "*fp32", "scale": "fp32", "n": "i32"}


@pytest.fixture
def x():
    return torch.arange(32, dtype=torch.float32)


def check(kernel, x):
    out = torch.full_like(x, torch.nan)
    kernel[(1,)](x, out, 2.0, 5)
    torch.testing.assert_close(out, x * 2 + 5, rtol=0, atol=0)


def test_text_alone(x):
    kernel = triton_runner.load(PTX)
    assert [param.type for param in kernel.spec.params] == ["*opaque", "*opaque", "fp32", "i32"]
    assert [param.access for param in kernel.spec.params[:2]] == ["read", "write"]
    assert (kernel.spec.num_warps, str(kernel.spec.target)) == (1, "sm_80")
    check(kernel, x)


@pytest.mark.parametrize("signature", [SIGNATURE, list(SIGNATURE.values()), "*fp32:16, *fp32, fp32, i32"])
def test_signature_gives_the_types(x, signature):
    kernel = triton_runner.load(PTX, signature=signature)
    assert [param.type for param in kernel.spec.params] == ["*fp32", "*fp32", "fp32", "i32"]
    assert kernel.spec.params[0].divisible_by_16
    check(kernel, x)
    with pytest.raises(errors.ArgumentError, match="dtype"):
        kernel[(1,)](x.double(), x, 2.0, 5)


def test_path_with_our_sidecar_beside(tmp_path, x):
    (tmp_path / "affine.ptx").write_text(PTX)
    (tmp_path / "affine.json").write_text(json.dumps({**METADATA, "triton_runner": RECORD}))
    kernel = triton_runner.load(tmp_path / "affine.ptx")
    assert [param.name for param in kernel.spec.params] == ["x", "out", "scale", "BLOCK", "n"]
    check(kernel, x)


def test_the_record_alone_is_metadata(x):
    kernel = triton_runner.load(PTX, metadata=json.dumps(RECORD))
    assert kernel.spec.to_json() == json.dumps(RECORD, separators=(",", ":"))
    check(kernel, x)


def test_kernel_signature_entry(x):
    entry = [
        ["x", "*fp32", "D"],
        ["out", "*fp32", None],
        ["scale", "fp32", None],
        ["BLOCK", "constexpr", 32],
        ["n", "i32", None],
    ]
    kernel = triton_runner.load(PTX, metadata={**METADATA, "kernel_signature": entry})
    assert kernel.spec.params[3].constant == 32
    assert kernel.spec.params[1].access == "write"
    check(kernel, x)


def test_tritons_own_metadata_with_types_from_the_ptx(tmp_path, x):
    (tmp_path / "affine.ptx").write_text(PTX)
    (tmp_path / "affine.json").write_text(json.dumps(METADATA))
    check(triton_runner.load(str(tmp_path / "affine.ptx")), x)


def test_metadata_of_another_kernel_names_both(tmp_path):
    with pytest.raises(errors.MetadataError, match=r"softmax.*affine|affine.*softmax"):
        triton_runner.load(
            PTX, metadata={**METADATA, "name": "softmax", "triton_runner": {**RECORD, "name": "softmax"}}, name="affine"
        )
    with pytest.raises(errors.MetadataError, match="softmax"):
        triton_runner.load(PTX, metadata={**METADATA, "name": "softmax"})


def test_a_wrong_name_lists_what_is_there():
    with pytest.raises(errors.Error, match="affine"):
        triton_runner.load(PTX, name="missing")


def test_missing_file_and_text_that_is_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.ptx"):
        triton_runner.load(tmp_path / "nothing.ptx")
    with pytest.raises(errors.ArtifactError, match="no known level"):
        triton_runner.load("hello\nworld\n")
    with pytest.raises(errors.ArtifactError):
        triton_runner.load("")


def test_an_unknown_modifier_names_the_line():
    with pytest.raises(errors.UnsupportedError, match="line 26"):
        triton_runner.load(PTX.replace("fma.rn.f32", "fma.rn.zz.f32"))[(1,)](torch.zeros(32), torch.zeros(32), 1.0, 1)


def test_ptx_is_not_compiled_for_another_target():
    with pytest.raises(errors.ArgumentError, match="made for sm_80, but target is sm_90"):
        triton_runner.load(PTX, target="sm_90")


def test_source_of_another_kind():
    with pytest.raises(errors.ArtifactError, match="the source is a int"):
        triton_runner.load(7)
