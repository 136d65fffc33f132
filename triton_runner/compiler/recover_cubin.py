"""The kernel record of a cubin that came without one.

Two sources inside the ELF file: the PTX that ptxas embeds with its line information, which tells everything that PTX
tells; else the ``.nv.info`` section, which knows offset and size of each parameter, and which are pointers, but no
types. Tested in tests/python/test_recover.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triton_runner.compiler.metadata import build_record, check_same_kernel, complete_metadata, metadata_target
from triton_runner.compiler.recover_ir import TENSOR_MAP, AbiParam, Interface
from triton_runner.compiler.signature import attach, group, normalize, record_params
from triton_runner.compiler.target import Target
from triton_runner.compiler.versions import hidden_parameters, installed_version
from triton_runner.errors import ArtifactError, MetadataError, UnsupportedError

logger = logging.getLogger(__name__)

# Attributes of .nv.info, as `cuobjdump --dump-elf` names them.
_REQNTID = 0x10
_KPARAM_INFO = 0x17
_CLUSTER_DIM = 0x3D
# Formats of an entry: a value of two bytes or one inside the header, or the size of a value that follows.
_SIZED = 4
_POINTER_FLAG = 0x400
_SIZE_SHIFT = 18
_SCALARS = {1: "i8", 2: "i16", 4: "i32", 8: "i64"}


@dataclass(frozen=True)
class Cubin:
    """What the ELF file of one kernel says."""

    interface: Interface
    arch: int
    ptx: str | None  # embedded, without comments and debug sections


def recover_cubin(
    content: bytes, metadata: Mapping[str, Any], signature: Sequence[tuple[str, str]] | None, name: str | None
) -> dict[str, Any]:
    """The record (csrc/runtime/record_json.h) of the kernel in ``content``; ``metadata`` may hold any field or none."""
    cubin = read_cubin(content, name)
    found = {key: value for key, value in metadata.items() if value is not None}
    where = f"cubin of kernel {cubin.interface.name!r}"
    check_same_kernel(found, cubin.interface.name, where)
    target = Target("cuda", cubin.arch)
    stated = metadata_target(found)
    if stated is not None and stated.arch != target.arch:
        raise MetadataError(f"{where} is for {target.name}, but its metadata is of a kernel for {stated.name}")
    if (
        cubin.ptx is not None
        and (record := _record_of_ptx(cubin.ptx, cubin.interface.name, found, signature)) is not None
    ):
        return {**record, "target": target.record()}
    return record_of_binary(cubin.interface, found, signature, target, where)


def read_cubin(content: bytes, name: str | None = None) -> Cubin:
    """Read the ELF file."""
    from triton_runner import _C

    capability, sections = _C.cubin_sections(content)
    kernels = [
        key.removeprefix(".text.") for key in sections if key.startswith(".text.") and f".nv.info.{key[6:]}" in sections
    ]
    chosen = _choose(kernels, name)
    entries = list(info_entries(sections[f".nv.info.{chosen}"]))
    interface = _interface(chosen, entries, f".nv.shared.{chosen}" in sections)
    return Cubin(interface, capability, _embedded_ptx(sections.get(".nv_debug_ptx_txt")))


def _choose(kernels: Sequence[str], name: str | None) -> str:
    if not kernels:
        raise ArtifactError("the cubin holds no kernel")
    if name is None and len(kernels) > 1:
        raise MetadataError(
            f"the cubin holds {len(kernels)} kernels ({', '.join(kernels)}): give the one meant as name="
        )
    if name is not None and name not in kernels:
        raise MetadataError(f"expected kernel {name!r}, but the cubin holds {', '.join(map(repr, kernels))}")
    return name or kernels[0]


def info_entries(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(attribute, value) of each entry of a ``.nv.info`` section."""
    position = 0
    while position + 4 <= len(data):
        form, attribute = data[position], data[position + 1]
        value = data[position + 2 : position + 4]
        position += 4
        if form == _SIZED:
            size = int.from_bytes(value, "little")
            value = data[position : position + size]
            if len(value) != size:
                raise ArtifactError("the cubin is damaged: an entry of .nv.info reaches beyond its section")
            position += size
        yield attribute, value


def _interface(name: str, entries: Sequence[tuple[int, bytes]], uses_shared: bool) -> Interface:
    params = sorted(_param(value) for attribute, value in entries if attribute == _KPARAM_INFO)
    block = next((_product(value) for attribute, value in entries if attribute == _REQNTID), None)
    cluster = next((_product(value) for attribute, value in entries if attribute == _CLUSTER_DIM), 1)
    return Interface(
        name=name,
        params=tuple(param for _, param in params),
        num_warps=block // 32 if block else None,
        num_ctas=cluster,
        shared=None if uses_shared else 0,
    )


def _param(value: bytes) -> tuple[int, AbiParam]:
    # index (4 bytes), ordinal (2), offset (2), flags (4)
    ordinal, flags = int.from_bytes(value[4:6], "little"), int.from_bytes(value[8:12], "little")
    size = flags >> _SIZE_SHIFT
    if flags & _POINTER_FLAG:
        return ordinal, AbiParam("*opaque")
    return ordinal, AbiParam(TENSOR_MAP if size == 128 else f"any{size}")


def _product(value: bytes) -> int:
    dims = [int.from_bytes(value[index : index + 4], "little") for index in range(0, 12, 4)]
    return dims[0] * dims[1] * dims[2]


def _embedded_ptx(data: bytes | None) -> str | None:
    if not data:
        return None
    text = data.replace(b"\0", b"\n").decode(errors="replace")
    return text.split("\n.section", 1)[0] + "\n"


def _record_of_ptx(
    ptx: str, name: str, metadata: Mapping[str, Any], signature: Sequence[tuple[str, str]] | None
) -> dict[str, Any] | None:
    from triton_runner import _C

    try:
        spec = _C.recover_ptx(ptx, name, signature, json.dumps(metadata))
    except (UnsupportedError, ArtifactError) as error:
        logger.info("kernel %s: the PTX inside the cubin was not read (%s); .nv.info is used instead", name, error)
        return None
    record: dict[str, Any] = json.loads(spec.to_json())
    return record


def record_of_binary(
    interface: Interface,
    metadata: dict[str, Any],
    signature: Sequence[tuple[str, str]] | None,
    target: Target,
    where: str,
) -> dict[str, Any]:
    """The record of a kernel whose binary states the sizes of its parameters only."""
    complete = complete_metadata(
        metadata, interface, metadata.get("triton_version") or installed_version() or "", where
    )
    if not complete["triton_version"]:
        raise MetadataError(
            f"{where}: 'triton_version' is missing, which says whether scratch pointers follow the parameters: "
            "pass metadata={'triton_version': '3.6.0'}"
        )
    hidden = hidden_parameters(complete["triton_version"])
    abi = interface.params[: len(interface.params) - sum(hidden)]
    for present, prefix in zip(hidden, ("global", "profile"), strict=True):
        if present and f"{prefix}_scratch_size" not in complete:
            raise MetadataError(
                f"{where}: '{prefix}_scratch_size' (bytes a block) is missing and the binary does not state it: put "
                f"the kernel's JSON beside it, or pass metadata={{'{prefix}_scratch_size': 0}} where it uses none"
            )
    if signature is not None:
        names = [name for name, _ in signature]
        constants = {name: None for name, type_name in signature if type_name == "constexpr"}
        params = attach(record_params(names, *normalize(names, dict(signature), constants)), abi, where)
    else:
        params = group([AbiParam(_guess(param.type)) for param in abi], where)
        logger.warning(
            "%s states no types: its parameters are taken as %s; pass signature= where that is wrong",
            where,
            [param["type"] for param in params],
        )
    return build_record(interface.name, params, complete, target, global_scratch=hidden[0], profile_scratch=hidden[1])


def _guess(type_name: str) -> str:
    return _SCALARS.get(int(type_name[3:]), "opaque") if type_name.startswith("any") else type_name
