"""Which level a source holds, how levels are ordered, and which Triton is covered."""

import os

import pytest
from kernels import case_named
from kernels.plain import compile_plain

from triton_runner.compiler import levels, versions
from triton_runner.compiler.artifact import detect_level, read_artifact, read_source
from triton_runner.errors import ArgumentError, ArtifactError, ArtifactNotFoundError

LEVELS = ("ttir", "ttgir", "llir", "ptx", "cubin")


@pytest.fixture(scope="module")
def plain():
    return compile_plain(case_named("vector_add"), 80)


@pytest.mark.parametrize("level", LEVELS)
def test_detects_a_level_from_content(plain, level):
    assert detect_level(plain.asm[level]) == level
    assert read_artifact(plain.asm[level]).level == level


@pytest.mark.parametrize("level", LEVELS)
def test_detects_a_level_from_the_suffix(plain, level, tmp_path):
    path = tmp_path / f"kernel.{level}"
    content = plain.asm[level]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    artifact = read_artifact(str(path))
    assert (artifact.level, artifact.content, artifact.path) == (level, content, path)


def test_a_suffix_of_llvm_and_text_in_bytes(plain, tmp_path):
    path = tmp_path / "kernel.ll"
    path.write_text(plain.asm["llir"])
    assert read_artifact(path).level == "llir"
    assert read_artifact(plain.asm["ptx"].encode()).content == plain.asm["ptx"]


def test_a_ttgir_module_may_be_taken_for_ttir_and_the_other_way(plain):
    assert read_artifact(plain.asm["ttir"], "ttgir").level == "ttgir"
    assert read_artifact(plain.asm["ttgir"], "ttir").level == "ttir"


@pytest.mark.parametrize("claimed", ["ttir", "llir", "cubin"])
def test_content_that_is_not_of_the_level_given(plain, claimed):
    with pytest.raises(ArtifactError, match=rf"expected {claimed}, but it looks like ptx"):
        read_artifact(plain.asm["ptx"], claimed)


def _elf(machine: int, size: int = 64) -> bytes:
    header = bytearray(size)
    header[:7] = b"\x7fELF\x02\x01\x01"
    header[18:20] = machine.to_bytes(2, "little")
    return bytes(header)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\n", "it is empty"),
        (b"", "it is empty"),
        ("dear reader,\nno kernel here\n", "text of no known level, starting with 'dear reader,'"),
        (b"\x00\x01\x02\x03", "binary data that starts with 00 01 02 03"),
        (b"\xff\xfe text", "neither an ELF file nor text: byte 0"),
        (_elf(62), "an ELF file for x86-64 is no kernel"),
        (_elf(9999), "an ELF file for machine 9999 is no kernel"),
        (_elf(190)[:20], "an ELF file of 20 bytes is truncated"),
    ],
)
def test_content_of_no_level(content, words):
    with pytest.raises(ArtifactError, match=words):
        detect_level(content)


def test_a_truncated_cubin_is_told_by_its_header(plain):
    cubin = plain.asm["cubin"]
    with pytest.raises(ArtifactError, match=rf"cubin is truncated: {len(cubin) // 2} bytes of"):
        detect_level(cubin[: len(cubin) // 2])


def test_an_amd_elf_is_a_hsaco():
    assert detect_level(_elf(224)) == "hsaco"


def test_missing_and_unreadable_paths(tmp_path):
    with pytest.raises(ArtifactNotFoundError, match=r"absent\.ptx: no such file"):
        read_source(tmp_path / "absent.ptx")
    with pytest.raises(FileNotFoundError):
        read_source("absent.ptx")
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_source(tmp_path)
    with pytest.raises(ArtifactError, match="the source is a int"):
        read_source(3)


def test_order_of_levels():
    assert levels.is_at_or_below("cubin", "ptx")
    assert not levels.is_at_or_below("ttir", "ttgir")
    levels.check_lowering("llir", "ptx")
    with pytest.raises(ArgumentError, match="'ptx' cannot be compiled to 'ttir': expected one of ptx, cubin"):
        levels.check_lowering("ptx", "ttir")
    levels.check_lowering("llir", "amdgcn")
    with pytest.raises(ArgumentError, match="'ptx' cannot be compiled to 'hsaco': expected one of ptx, cubin"):
        levels.check_lowering("ptx", "hsaco")
    with pytest.raises(ArgumentError, match="'amdgcn' cannot be compiled to 'llir': expected one of amdgcn, hsaco"):
        levels.check_lowering("amdgcn", "llir")
    with pytest.raises(ArgumentError, match="level 'hsaco' belongs to AMD GPUs, but the target is sm_90: expected one"):
        levels.check_backend("hsaco", "cuda", "sm_90")
    with pytest.raises(ArgumentError, match="level is 'spirv', expected one of python, ttir"):
        levels.check_level("spirv")


def test_the_environment_is_left_alone():
    before = dict(os.environ)
    versions.adapter()
    assert dict(os.environ) == before
