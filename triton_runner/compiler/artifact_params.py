"""The parameters of a kernel that is held as an artifact, from whichever source knows them best.

In this order: the signature that the caller gave; the sidecar; what a launch found out about its arguments; the
artifact. Whatever it is, it is checked against the binary interface that the artifact itself declares. Tested in
tests/python/test_recover.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from triton_runner.compiler.artifact import Artifact
from triton_runner.compiler.metadata import RECORD_ENTRY
from triton_runner.compiler.recover_ir import AbiParam, Interface
from triton_runner.compiler.signature import RecordParam, adapt, attach, group, normalize, record_params
from triton_runner.compiler.versions import hidden_parameters, uses_global_scratch
from triton_runner.errors import ArgumentError, ArtifactError, Error, MetadataError


def read_params(
    artifact: Artifact,
    interface: Interface,
    metadata: Mapping[str, Any],
    signature: Any,
    launched: Sequence[RecordParam] | None,
) -> list[RecordParam]:
    """The kernel's parameters."""
    where = artifact.where
    if artifact.level == "ptx":
        return _ptx_params(artifact, interface, metadata, signature, launched)
    abi = _visible_parameters(artifact, interface, metadata)
    if signature is not None:
        return attach(_signature_params(signature, abi, where), abi, where)
    if names_parameters(metadata):
        return attach(_sidecar_params(metadata, interface.name), abi, where)
    return group(abi, where) if launched is None else adapt(launched, abi, where)


def names_parameters(metadata: Mapping[str, Any]) -> bool:
    """Whether a sidecar tells the kernel's parameters, as Triton's own does not."""
    return RECORD_ENTRY in metadata or "kernel_signature" in metadata


def _sidecar_params(metadata: Mapping[str, Any], name: str) -> list[RecordParam]:
    from triton_runner import _C

    return list(json.loads(_C.read_sidecar(json.dumps(metadata), name).to_json())["params"])


def _ptx_params(
    artifact: Artifact,
    interface: Interface,
    metadata: Mapping[str, Any],
    signature: Any,
    launched: Sequence[RecordParam] | None,
) -> list[RecordParam]:
    from triton_runner import _C

    if signature is None and names_parameters(metadata):
        return _sidecar_params(metadata, interface.name)
    if signature is None and launched is not None:
        return list(launched)
    given = (
        None
        if signature is None
        else [(param["name"], _type_text(param)) for param in _signature_params(signature, (), artifact.where)]
    )
    try:
        spec = _C.recover_ptx(artifact.text, interface.name, given, json.dumps(metadata))
    except Error as error:
        raise type(error)(f"{artifact.where}: {error}") from None
    return list(json.loads(spec.to_json())["params"])


def _type_text(param: RecordParam) -> str:
    return str(param["type"]) + (":16" if param.get("divisible_by_16") else "")


def _signature_params(signature: Any, abi: Sequence[AbiParam], where: str) -> list[RecordParam]:
    if isinstance(signature, Mapping):
        names = [str(key) for key in signature]
    else:
        if isinstance(signature, str):
            signature = [part.strip() for part in signature.split(",")]
        names = [f"arg{index}" for index in range(len(signature))]
        stated = list(dict.fromkeys(param.name for param in abi if param.name))
        if len(stated) == len(names):
            names = stated
    values = {
        name: None
        for name, text in (signature.items() if isinstance(signature, Mapping) else ())
        if text == "constexpr"
    }
    try:
        return record_params(names, *normalize(names, signature, values))
    except ArgumentError as error:
        raise ArgumentError(f"{where}: {error}") from None


def _visible_parameters(artifact: Artifact, interface: Interface, metadata: Mapping[str, Any]) -> Sequence[AbiParam]:
    """The binary interface without the scratch pointers that Triton appends below TTGIR."""
    if artifact.level in ("ttir", "ttgir") or (artifact.is_mlir and "tt.func" in artifact.text):
        return interface.params
    hidden = sum(hidden_parameters(str(metadata["triton_version"])))
    if len(interface.params) < hidden:
        raise ArtifactError(
            f"{artifact.where}: the kernel has {len(interface.params)} parameters, "
            f"expected at least the {hidden} scratch pointers"
        )
    visible = len(interface.params) - hidden
    tail = interface.params[visible:]
    sizes = [metadata.get(f"{prefix}_scratch_size") for prefix in ("global", "profile")]
    if not uses_global_scratch(metadata["target"]["backend"], str(metadata["triton_version"])):
        sizes[0] = sizes[0] or 0
    for param, size, prefix in zip(tail, sizes, ("global", "profile"), strict=False):
        if param.type != "*opaque" or (not param.unused and size is None):
            raise MetadataError(
                f"{artifact.where}: the kernel uses its {prefix} scratch, whose size this level does not state: put "
                f"the kernel's JSON beside the artifact, or pass metadata={{'{prefix}_scratch_size': BYTES}}"
            )
    return interface.params[:visible]
