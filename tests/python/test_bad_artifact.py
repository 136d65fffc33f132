"""Artifacts and metadata that are missing, truncated, foreign or of another kernel. Each error says what was found."""

import json
import stat

import pytest
import torch
from kernels import case_named
from kernels.handwritten import BLOCK, SCALE_ADD, scale_add_record, scale_add_sidecar
from kernels.plain import compile_plain, metadata_of, signature_of, write_folder

import triton_runner
from triton_runner import _C, errors

SIZE = 256
GRID = (SIZE // BLOCK,)
UNTOUCHED = 77.0


def vectors():
    return torch.ones(SIZE), torch.ones(SIZE), torch.full((SIZE,), UNTOUCHED)


def expect_refusal(error, words, text=SCALE_ADD, sidecar=None, arguments=(SIZE, 1.0)):
    """Loads and launches, which fails at one of the two; the output is untouched, and the good kernel still works."""
    x, y, out = vectors()
    with pytest.raises(error, match=words):
        triton_runner.load(text, level="ptx", metadata=sidecar or scale_add_sidecar())[GRID](x, y, out, *arguments)
    assert (out == UNTOUCHED).all()
    triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_sidecar())[GRID](x, y, out, SIZE, 1.0)
    assert (out == 2).all()


def test_missing_file(tmp_path):
    with pytest.raises(errors.ArtifactNotFoundError, match=r"absent\.ptx"):
        triton_runner.load(tmp_path / "absent.ptx")
    with pytest.raises(FileNotFoundError):
        triton_runner.load(str(tmp_path / "absent.cubin"))


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx", "cubin"])
def test_empty_file(level, tmp_path):
    path = tmp_path / f"scale_add.{level}"
    path.write_bytes(b"")
    with pytest.raises(errors.ArtifactError, match=r"empty"):
        triton_runner.load(path)


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
def test_text_of_another_kind(level, tmp_path):
    path = tmp_path / f"scale_add.{level}"
    path.write_text("This is a letter and no kernel.\nYours sincerely\n")
    with pytest.raises(errors.ArtifactError, match=rf"{level}.*This is a letter"):
        triton_runner.load(path)


def compile_and_key(path, signature):
    """PTX is parsed where the kernel is registered, everything above it where it is compiled."""
    return triton_runner.compile(path, signature=signature, to="ptx", target="sm_80").key


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
def test_truncated_text(level, tmp_path):
    plain = compile_plain(case_named("vector_add"), 80)
    path = write_folder(plain, tmp_path, level)
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    with pytest.raises((errors.ArtifactError, errors.CompileError), match=rf"(?i){level}"):
        compile_and_key(path, signature_of(plain))


def elf(machine: int, size: int = 256) -> bytes:
    header = bytearray(64)
    header[:7] = b"\x7fELF\x02\x01\x01"
    header[18:20] = machine.to_bytes(2, "little")
    header[52:54] = (64).to_bytes(2, "little")
    return bytes(header).ljust(size, b"\0")


def test_elf_that_is_no_cubin(tmp_path):
    path = tmp_path / "scale_add.cubin"
    path.write_bytes(elf(62))
    with pytest.raises(errors.ArtifactError, match=r"x86-64"):
        triton_runner.load(path)


def test_hsaco_on_nvidia(tmp_path):
    path = tmp_path / "scale_add.cubin"
    path.write_bytes(elf(224))
    with pytest.raises(errors.Error, match=r"hsaco|AMD"):
        triton_runner.load(path, metadata=scale_add_sidecar())
    with pytest.raises(errors.Error, match=r"hsaco|AMD"):
        triton_runner.load(path.rename(tmp_path / "scale_add.hsaco"), metadata=scale_add_sidecar())


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95])
def test_truncated_cubin(kept, tmp_path):
    plain = compile_plain(case_named("vector_add"), 80)
    path = write_folder(plain, tmp_path, "cubin")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(errors.ArtifactError, match=r"truncated"):
        triton_runner.load(path, signature=signature_of(plain))


def test_cubin_on_the_cpu(tmp_path):
    case = case_named("vector_add")
    plain = compile_plain(case, 80)
    kernel = triton_runner.load(write_folder(plain, tmp_path, "cubin"), signature=signature_of(plain))
    arguments = case.arguments("cpu")
    with pytest.raises(errors.ArtifactError, match=r"vector_add_kernel.*PTX"):
        kernel[case.grid](*arguments.values())
    assert (arguments["out_ptr"] == UNTOUCHED).all()


@pytest.mark.parametrize("unknown", ["frobnicate.rn.f32", "fma.sideways.f32", "fma.rn.f99"])
def test_instruction_that_the_cpu_does_not_know(unknown):
    text = SCALE_ADD.replace("fma.rn.f32", unknown)
    line = text[: text.index(unknown)].count("\n") + 1
    opcode = unknown.split(".")[0]
    expect_refusal(errors.Error, rf"(?s)(line |:){line}\b.*{opcode}|{opcode}.*(line |:){line}\b", text)


def test_cluster_whose_blocks_meet_on_the_cpu():
    text = SCALE_ADD.replace(".target sm_75", ".target sm_90").replace("DONE:", "barrier.cluster.arrive;\nDONE:")
    line = text[: text.index("barrier.cluster")].count("\n") + 1
    words = rf"scale_add.*cluster of 2.*barrier\.cluster\.arrive in PTX line {line}\b"
    hopper = {"backend": "cuda", "arch": "90", "warp_size": 32}
    expect_refusal(errors.UnsupportedError, words, text, scale_add_sidecar(num_ctas=2, target=hopper))


def test_more_shared_memory_than_any_device_has():
    expect_refusal(errors.ResourceError, rf"scale_add.*{1 << 30}.*shared", sidecar=scale_add_sidecar(shared=1 << 30))


def test_more_threads_than_the_entry_was_made_for():
    expect_refusal(errors.Error, r"scale_add.*(128|reqntid|num_warps)", sidecar=scale_add_sidecar(num_warps=8))


def test_metadata_of_another_kernel(tmp_path):
    vector, softmax = (compile_plain(case_named(name), 80) for name in ("vector_add", "softmax"))
    with pytest.raises(errors.MetadataError, match=r"softmax_kernel.*vector_add_kernel"):
        triton_runner.load(
            vector.asm["ptx"], level="ptx", metadata=metadata_of(softmax), signature=signature_of(vector)
        )


def test_record_with_other_parameters():
    sidecar = scale_add_sidecar()
    sidecar["triton_runner"]["params"].pop()
    expect_refusal(errors.Error, r"scale_add.*param", sidecar=sidecar, arguments=(SIZE,))


@pytest.mark.parametrize("text", ["{", "[]", "null", '"name"', "3"])
def test_metadata_that_is_none(text, tmp_path):
    path = tmp_path / "scale_add.ptx"
    path.write_text(SCALE_ADD)
    path.with_suffix(".json").write_text(text)
    with pytest.raises(errors.MetadataError):
        triton_runner.load(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_warps": 0}, "num_warps"),
        ({"num_warps": 3.5}, "num_warps"),
        ({"shared": -1}, "shared"),
        ({"params": [{"name": "x", "type": "*fp12"}]}, "fp12"),
        ({"params": [{"type": "i32"}]}, "name"),
        ({"target": {"backend": "cuda"}}, "arch"),
        ({"version": 99}, "version"),
        ({"name": ""}, "name"),
    ],
)
def test_record_with_a_bad_field(change, words):
    with pytest.raises(errors.MetadataError, match=words):
        _C.KernelSpec.from_json(scale_add_record(**change))


def test_read_only_source_folder(tmp_path):
    path = tmp_path / "scale_add.ptx"
    path.write_text(SCALE_ADD)
    path.with_suffix(".json").write_text(json.dumps(scale_add_sidecar()))
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        x, y, out = vectors()
        triton_runner.load(path)[GRID](x, y, out, SIZE, 1.0)
        assert (out == 2).all()
    finally:
        tmp_path.chmod(stat.S_IRWXU)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["scale_add.json", "scale_add.ptx"]
