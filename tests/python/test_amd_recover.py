"""Records of AMD code objects: from their notes, their sidecars, and against the layout of the kernarg segment."""

import json
from pathlib import Path

import pytest
import triton
import triton.language as tl
from code_objects import needs_code_objects
from kernels import case_named
from kernels.plain import compile_plain, metadata_of, signature_of, write_folder

import triton_runner
from triton_runner import _C
from triton_runner.compiler.code_object import read_amdgcn, read_code_object
from triton_runner.compiler.target import AMD_WARP_SIZES
from triton_runner.compiler.versions import hidden_parameters
from triton_runner.errors import ArtifactError, MetadataError, UnsupportedError

# Scalars of every width, pointers, descriptors taken apart, constants, shared memory, waves of both sizes.
CASES = (
    ("scalars", "gfx942"),
    ("scalars", "gfx1201"),
    ("tma_host_matmul", "gfx942"),
    ("optional_none", "gfx90a"),
    ("matmul_fp16_s3", "gfx1100"),
)


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def plain(request):
    name, target = request.param
    return compile_plain(case_named(name), target)


def metadata_without(plain, *names):
    return {key: value for key, value in metadata_of(plain).items() if key not in names}


def layout_of_notes(content):
    return [(argument.offset, argument.size) for argument in read_code_object(content).arguments]


def layout_of(spec):
    return [(offset, size) for _, offset, size in _C.layout(spec)]


@needs_code_objects
def test_the_kernarg_segment_is_laid_out_as_the_notes_declare(plain):
    compiled = triton_runner.load(
        plain.asm["ttir"], target=str(plain.metadata.target.arch), signature=signature_of(plain)
    )
    for kernel in (
        compiled,
        triton_runner.load(plain.asm["hsaco"], signature=signature_of(plain), metadata=metadata_of(plain)),
    ):
        assert layout_of(kernel.spec) == layout_of_notes(plain.asm["hsaco"])
        assert kernel.spec.target.warp_size == AMD_WARP_SIZES[kernel.spec.target.arch]


@needs_code_objects
@pytest.mark.parametrize(
    "type_name", ["*fp32", "*k fp16".replace(" ", ""), "i1", "u1", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64",
                  "fp16", "bf16", "fp32", "fp64", "tensordesc<fp16[32, 64]>"]
)  # fmt: skip
def test_each_kind_of_parameter_between_two_bytes(type_name):
    """A byte before it and one after it, so that its alignment and its size both show."""
    signature = {"before": "i8", "x": type_name, "after": "i8"}
    kernel = triton_runner.compile(_passes_three, signature=signature, target="gfx942")
    assert layout_of(kernel.spec) == layout_of_notes(kernel.artifacts["hsaco"])


@triton.jit
def _passes_three(before, x, after):
    tl.device_print("", before + after)


@needs_code_objects
def test_parameters_come_from_the_notes_where_there_is_no_signature(plain, caplog):
    kernel = triton_runner.load(plain.asm["hsaco"], metadata=metadata_of(plain))
    assert layout_of(kernel.spec) == layout_of_notes(plain.asm["hsaco"])
    assert "states no types" in caplog.text
    assert kernel.spec.name == plain.metadata.name
    assert (kernel.spec.num_warps, kernel.spec.shared) == (plain.metadata.num_warps, plain.metadata.shared)


@needs_code_objects
def test_amdgcn_text_says_the_same(plain):
    stated = read_amdgcn(plain.asm["amdgcn"])
    noted = read_code_object(plain.asm["hsaco"]).interface()
    assert stated == noted


def test_a_folder_of_triton(plain, tmp_path):
    path = write_folder(plain, tmp_path, "hsaco")
    assert triton_runner.load(path, signature=signature_of(plain)).spec.target.arch == plain.metadata.target.arch


def test_what_triton_runner_wrote_needs_no_library(tmp_path, monkeypatch):
    kernel = triton_runner.compile(_passes_three, signature=["i8", "i32", "i8"], target="gfx942")
    monkeypatch.setattr("triton_runner.compiler.code_object.read_code_object", None)
    assert triton_runner.load(kernel.folder / f"{kernel.spec.name}.hsaco").spec == kernel.spec


def test_without_the_libraries_it_says_what_to_install(monkeypatch):
    plain = compile_plain(case_named("vector_add"), "gfx942")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match=r"needs elftools and msgpack: pip install pyelftools msgpack"):
        triton_runner.load(plain.asm["hsaco"], metadata=metadata_of(plain))


@needs_code_objects
def test_shared_memory_is_known_only_where_the_code_uses_none():
    # 'shared' is an argument of the launch and stands nowhere in the file.
    plain = compile_plain(case_named("vector_add"), "gfx942")
    assert triton_runner.load(plain.asm["hsaco"], metadata=metadata_without(plain, "shared")).spec.shared == 0
    plain = compile_plain(case_named("softmax"), "gfx942")
    with pytest.raises(MetadataError, match=r"'shared' .* is missing"):
        triton_runner.load(plain.asm["hsaco"], metadata=metadata_without(plain, "shared"))


@pytest.fixture(scope="module")
def hsaco():
    return compile_plain(case_named("vector_add"), "gfx942").asm["hsaco"]


METADATA = {"shared": 0, "profile_scratch_size": 0, "triton_version": "3.6.0"}


@pytest.mark.parametrize("kept", [0.01, 0.1, 0.5, 0.99])
def test_truncated(hsaco, kept, tmp_path):
    path = tmp_path / "vector_add_kernel.hsaco"
    path.write_bytes(hsaco[: int(len(hsaco) * kept)])
    with pytest.raises(ArtifactError, match=r"truncated"):
        triton_runner.load(path, metadata=METADATA)


@needs_code_objects
def test_damaged_notes(hsaco):
    start = hsaco.index(b"amdhsa.kernels") - 2
    for damage in (b"\xc1", b"\xff\xff", b"\x81\xa1x\x05"):
        broken = hsaco[:start] + damage + hsaco[start + len(damage) :]
        with pytest.raises(ArtifactError, match=r"the hsaco is damaged|the notes|metadata note"):
            triton_runner.load(broken, metadata=METADATA)


def test_foreign(hsaco, tmp_path):
    path = tmp_path / "vector_add_kernel.hsaco"
    path.write_bytes(hsaco[:18] + (190).to_bytes(2, "little") + hsaco[20:])
    with pytest.raises(ArtifactError, match=r"expected hsaco, but it looks like cubin"):
        triton_runner.load(path)
    path.write_text("no kernel\nat all\n")
    with pytest.raises(ArtifactError, match=r"expected hsaco, but it is text of no known level"):
        triton_runner.load(path)


@needs_code_objects
def test_metadata_of_another_kernel(hsaco):
    with pytest.raises(MetadataError, match=r"metadata is of kernel 'other', but the artifact holds"):
        triton_runner.load(hsaco, metadata={**METADATA, "name": "other"})
    target = {"backend": "hip", "arch": "gfx950", "warp_size": 64}
    with pytest.raises(MetadataError, match=r"is for gfx942, but its metadata is of a kernel for gfx950"):
        triton_runner.load(hsaco, metadata={**METADATA, "target": target})
    with pytest.raises(MetadataError, match=r"num_warps is 8, but the artifact was built for 4"):
        triton_runner.load(hsaco, metadata={**METADATA, "num_warps": 8})
    with pytest.raises(MetadataError, match=r"expected kernel 'g'"):
        triton_runner.load(hsaco, metadata=METADATA, name="g")


@needs_code_objects
def test_a_signature_that_does_not_fit(hsaco):
    signature = {"x": "*fp32", "y": "*fp32", "out": "*fp32", "n": "i64"}
    with pytest.raises(MetadataError, match=r"argument 'n' is i64, but the artifact's parameter 3 is any4"):
        triton_runner.load(hsaco, metadata=METADATA, signature=signature)


def test_the_sidecar_keeps_what_the_compiler_assumed():
    text = compile_plain(case_named("vector_add"), "gfx942").asm["ttir"]
    assert "tt.pointer_range = 32" in text  # Triton marks tensors below 2 GB for AMD
    kernel = triton_runner.compile(text, level="ttir", target="gfx942", to="llir")
    assert [param.pointer_range for param in kernel.spec.params] == [32, 32, 32, 0]
    assert json.loads(kernel.spec.to_json())["params"][0]["pointer_range"] == 32


KERNARG = json.loads((Path(__file__).parents[1] / "amd" / "data" / "kernarg.json").read_text())
KINDS = ("*fp32", "i8", "i16", "i1", "i32", "i64", "fp16", "bf16", "fp32", "fp64")


@pytest.mark.parametrize("version", KERNARG)
def test_the_layout_of_every_version(version):
    """What real code objects of each Triton declare, scratch pointers included: tests/amd/record_kernarg.py."""
    for arch, noted in KERNARG[version].items():
        scratch = [{"size": 0, "align": 1} if present else None for present in hidden_parameters(version)]
        record = {
            "version": 1, "name": "k", "num_warps": 4, "num_ctas": 1, "shared": 0, "cooperative": False, "pdl": False,
            "params": [{"name": f"p{index}", "type": kind} for index, kind in enumerate(KINDS)],
            "global_scratch": scratch[0], "profile_scratch": scratch[1], "triton_version": version,
            "target": {"backend": "hip", "arch": arch, "warp_size": noted["wave_size"]},
        }  # fmt: skip
        spec = _C.KernelSpec.from_json(json.dumps(record))
        assert [list(field) for field in layout_of(spec)] == noted["arguments"], arch
        assert AMD_WARP_SIZES[arch] == noted["wave_size"]
