"""What a kernel takes of a multiprocessor, read from the cubin itself: registers, stack and static shared memory.

``.nv.info`` has entries that name a function by its index in the symbol table: REGCOUNT, and FRAME_SIZE, the bytes of
local memory that each thread has for what ptxas spilled. ``.nv.shared.<kernel>`` takes no room in the file, so its size
is in the section header alone; from sm_90 on it includes what the system keeps for itself in each block, which ptxas
does not count. Tested in tests/python/test_resources.py against cuobjdump and ptxas.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from triton_runner.compiler.recover_cubin import info_entries, read_cubin
from triton_runner.errors import ArtifactError

_FRAME_SIZE = 0x11
_REGCOUNT = 0x2F
_RESERVED_SECTION = ".nv.shared.reserved.0"
_RESERVED_SHARED = 1024  # CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK of these GPUs
_SYMBOL = struct.Struct("<IBBHQQ")  # Elf64_Sym: name, info, other, section, value, size
_SECTION = struct.Struct("<IIQQQQIIQQ")  # Elf64_Shdr: name, type, flags, address, offset, size, ...


@dataclass(frozen=True)
class Resources:
    """Of one kernel of a cubin. A field is None where the cubin does not state it."""

    kernel: str
    arch: int
    registers: int | None  # of a thread
    spill_bytes: int | None  # of a thread, in local memory
    static_shared: int  # bytes of a block, without what the launch adds
    reserved_shared: int  # bytes of a block that the system keeps for itself, as far as the cubin has them
    code_bytes: int


def read_resources(cubin: bytes, name: str | None = None) -> Resources:
    """The resources of kernel ``name``, which may be left out where the cubin holds one kernel."""
    from triton_runner import _C

    kernel = read_cubin(cubin, name).interface.name
    arch, sections = _C.cubin_sections(cubin)
    functions = _info_by_function(sections)
    stated = functions.get(kernel, {})
    shared = _section_sizes(cubin).get(f".nv.shared.{kernel}", 0)
    reserved = min(shared, _RESERVED_SHARED) if _RESERVED_SECTION in sections else 0
    return Resources(
        kernel=kernel,
        arch=arch,
        registers=stated.get(_REGCOUNT),
        spill_bytes=stated.get(_FRAME_SIZE),
        static_shared=shared - reserved,
        reserved_shared=reserved,
        code_bytes=len(sections[f".text.{kernel}"]),
    )


def _info_by_function(sections: dict[str, bytes]) -> dict[str, dict[int, int]]:
    """{function: {attribute: value}} of the entries of .nv.info that are of one function."""
    symbols = [entry[0] for entry in _SYMBOL.iter_unpack(_whole(sections.get(".symtab", b""), _SYMBOL))]
    names = sections.get(".strtab", b"")
    found: dict[str, dict[int, int]] = {}
    for attribute, value in info_entries(sections.get(".nv.info", b"")):
        if attribute not in (_REGCOUNT, _FRAME_SIZE) or len(value) != 8:
            continue
        index, number = struct.unpack("<II", value)
        if index >= len(symbols):
            raise ArtifactError(f"the cubin is damaged: .nv.info names symbol {index} of {len(symbols)}")
        found.setdefault(_string(names, symbols[index]), {})[attribute] = number
    return found


def _section_sizes(image: bytes) -> dict[str, int]:
    # _C.cubin_sections has checked that the headers lie within the image.
    (offset,) = struct.unpack_from("<Q", image, 40)
    count, names_index = struct.unpack_from("<HH", image, 60)
    headers = [_SECTION.unpack_from(image, offset + index * _SECTION.size) for index in range(count)]
    begin, size = headers[names_index][4:6]
    names = image[begin : begin + size]
    return {_string(names, header[0]): header[5] for header in headers}


def _string(table: bytes, offset: int) -> str:
    return table[offset : table.find(b"\0", offset)].decode(errors="replace")


def _whole(table: bytes, entry: struct.Struct) -> bytes:
    return table[: len(table) - len(table) % entry.size]
