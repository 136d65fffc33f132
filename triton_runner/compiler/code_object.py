"""What an AMD code object (hsaco) and AMDGCN text say of their kernels: name, target, arguments, waves.

Both carry the same metadata of LLVM's AMDGPU backend ("Code Object V5 Metadata" of its user guide): the code object as
MessagePack in an ELF note, the text as YAML between two directives. Tested in tests/python/test_amd_recover.py.
"""

from __future__ import annotations

import importlib.util
import io
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from triton_runner.compiler.recover_ir import AbiParam, Interface
from triton_runner.errors import ArtifactError, Error, MetadataError, UnsupportedError

_NOTE_OWNER = "AMDGPU"
_NOTE_METADATA = 32  # NT_AMDGPU_METADATA
_HIDDEN = "hidden_"  # what the HIP runtime fills in itself
# Major opcode of every instruction that addresses local memory, in the top six bits of its first word: "DS" of the ISA
# manuals of CDNA and RDNA.
_DS_ENCODING = 0b110110


@dataclass(frozen=True)
class Argument:
    """One explicit argument of a kernel."""

    offset: int
    size: int
    kind: str  # "global_buffer", "by_value"


@dataclass(frozen=True)
class CodeObject:
    """One kernel of a code object."""

    name: str
    arch: str
    arguments: tuple[Argument, ...]
    threads: int  # the most of a block
    wave_size: int
    uses_no_local_memory: bool  # certainly
    fixed_local_bytes: int  # of a block, without what the launch adds
    vector_registers: int  # of a lane
    stack_bytes: int  # of a lane, where its registers did not suffice
    code_bytes: int = 0

    def interface(self) -> Interface:
        """The kernel's binary interface."""
        return Interface(
            name=self.name,
            params=tuple(_abi_param(argument) for argument in self.arguments),
            num_warps=self.threads // self.wave_size,
            arch=self.arch,
            shared=0 if self.uses_no_local_memory else None,
        )


def read_code_object(content: bytes, name: str | None = None) -> CodeObject:
    """Read the notes of a hsaco. ArtifactError for what is no whole code object of AMD."""
    _check_libraries()
    try:
        notes, code = _read_elf(content)
    except Error:
        raise
    except Exception as error:  # the libraries raise many kinds on bytes that lie
        raise ArtifactError(f"the hsaco is damaged: {type(error).__name__}: {error}") from error
    kernel, arch = _choose(notes, name)
    found = _code_object(kernel, arch, not _has_local_memory_instruction(code))
    return replace(found, code_bytes=len(code))


def read_amdgcn(text: str, name: str | None = None) -> Interface:
    """The binary interface of the kernel that AMDGCN text defines."""
    return read_directives(text, name).interface()


def read_directives(text: str, name: str | None = None) -> CodeObject:
    """What the metadata in AMDGCN text says of a kernel."""
    metadata = re.search(r"^\s*\.amdgpu_metadata\n(.*?)^\s*\.end_amdgpu_metadata", text, re.MULTILINE | re.DOTALL)
    if metadata is None:
        raise ArtifactError("the AMDGCN has no whole .amdgpu_metadata block: it is truncated, or not made by LLVM")
    kernel, arch = _choose(_parse_metadata(metadata[1]), name)
    uses_local_memory = re.search(r"^\s+ds_\w", text, re.MULTILINE) is not None
    return _code_object(kernel, arch, not uses_local_memory)


def _check_libraries() -> None:
    missing = [name for name in ("elftools", "msgpack") if importlib.util.find_spec(name) is None]
    if missing:
        raise UnsupportedError(
            f"reading the notes of a hsaco needs {' and '.join(missing)}: pip install pyelftools msgpack. "
            "A hsaco beside its sidecar of triton_runner is loaded without"
        )


def _read_elf(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The notes, and the machine code."""
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(content))
    if elf["e_machine"] != "EM_AMDGPU":
        raise ArtifactError(f"the hsaco is an ELF file for {elf['e_machine']}, expected EM_AMDGPU (224)")
    return _notes(elf), b"".join(part.data() for part in elf.iter_sections() if part.name == ".text")


def _notes(elf: Any) -> dict[str, Any]:
    import msgpack

    for segment in elf.iter_segments(type="PT_NOTE"):
        for note in segment.iter_notes():
            if note["n_name"] == _NOTE_OWNER and note["n_type"] in (_NOTE_METADATA, "NT_AMDGPU_METADATA"):
                unpacked = msgpack.unpackb(note["n_descdata"])
                if isinstance(unpacked, dict):
                    return unpacked
    raise ArtifactError("the hsaco has no AMDGPU metadata note (code object V3 or newer): it was not made by LLVM")


def _choose(notes: Mapping[str, Any], name: str | None) -> tuple[Mapping[str, Any], str]:
    """The notes of the kernel meant, and the architecture."""
    kernels = {kernel[".name"]: kernel for kernel in notes.get("amdhsa.kernels", ()) if ".name" in kernel}
    # amdgcn-amd-amdhsa--gfx90a:sramecc+; from Triton 3.9 on amdgpu9.42-amd-amdhsa-unknown-gfx942
    target = re.match(r"amdg[\w.]*-amd-amdhsa-\w*-(gfx\w+)", str(notes.get("amdhsa.target", "")))
    if not kernels or target is None:
        raise ArtifactError("the notes of the code object name no kernel, or no target such as gfx942")
    if name is None and len(kernels) > 1:
        raise MetadataError(
            f"the code object holds {len(kernels)} kernels ({', '.join(kernels)}): give the one meant as name="
        )
    if name is not None and name not in kernels:
        raise MetadataError(f"expected kernel {name!r}, but the code object holds {', '.join(map(repr, kernels))}")
    return kernels[name or next(iter(kernels))], target[1]


def _code_object(kernel: Mapping[str, Any], arch: str, uses_no_local_memory: bool) -> CodeObject:
    try:
        arguments = tuple(
            Argument(int(entry[".offset"]), int(entry[".size"]), str(entry[".value_kind"]))
            for entry in kernel.get(".args", ())
            if not str(entry[".value_kind"]).startswith(_HIDDEN)
        )
        return CodeObject(
            name=str(kernel[".name"]),
            arch=arch,
            arguments=arguments,
            threads=int(kernel[".max_flat_workgroup_size"]),
            wave_size=int(kernel[".wavefront_size"]),
            uses_no_local_memory=uses_no_local_memory and int(kernel[".group_segment_fixed_size"]) == 0,
            fixed_local_bytes=int(kernel[".group_segment_fixed_size"]),
            vector_registers=int(kernel[".vgpr_count"]),
            stack_bytes=int(kernel[".private_segment_fixed_size"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the notes of kernel {kernel.get('.name')!r} are incomplete: {error!r}") from error


def _abi_param(argument: Argument) -> AbiParam:
    return AbiParam("*opaque" if argument.kind == "global_buffer" else f"any{argument.size}")


def _has_local_memory_instruction(code: bytes) -> bool:
    """False only where no word can begin one; a literal that looks like one counts."""
    whole = len(code) - len(code) % 4
    return any(word >> 26 == _DS_ENCODING for (word,) in struct.iter_unpack("<I", code[:whole]))


def _parse_metadata(text: str) -> dict[str, Any]:
    """The part of the YAML that is read here, in the one form in which LLVM prints it."""
    kernels = []
    for part in re.split(r"^  - (?=\.)", text, flags=re.MULTILINE)[1:]:
        entries = re.split(r"^      - (?=\.)", part, flags=re.MULTILINE)
        kernel: dict[str, Any] = dict(re.findall(r"^(?:    )?(\.\w+):[ ]+(\S.*)$", part, re.MULTILINE))
        kernel[".args"] = [
            dict(re.findall(r"^(?:        )?(\.\w+):[ ]+(\S.*)$", entry, re.MULTILINE)) for entry in entries[1:]
        ]
        kernels.append(kernel)
    target = re.search(r"^amdhsa\.target:\s+(\S+)", text, re.MULTILINE)
    return {"amdhsa.kernels": kernels, "amdhsa.target": target[1].strip("'\"") if target else ""}
