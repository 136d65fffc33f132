"""Compiles a kernel that is held as an artifact: TTIR, TTGIR, LLVM IR, PTX. Tested in tests/python/test_compile.py.

What the artifact does not state comes from its sidecar (beside the file, or given as ``metadata``), and what neither states
is an error that says how to give it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from triton_runner import cache
from triton_runner.compiler import options as compile_options
from triton_runner.compiler.artifact import Artifact
from triton_runner.compiler.isolate import compile_isolated
from triton_runner.compiler.levels import CUDA_LEVELS, check_lowering
from triton_runner.compiler.metadata import (
    RECORD_ENTRY,
    as_metadata,
    check_same_kernel,
    complete_metadata,
    metadata_target,
    sidecar_beside,
)
from triton_runner.compiler.pipeline import Compiled, common_key_parts, compiled_of, finish
from triton_runner.compiler.recover_ir import AbiParam, Interface, read_llvm, read_mlir, read_ptx
from triton_runner.compiler.signature import RecordParam, attach, group, normalize, record_params
from triton_runner.compiler.target import DEFAULT_CAPABILITY, Target, device_target, parse_target
from triton_runner.compiler.verify import check_llvm, check_no_unknown_intrinsic
from triton_runner.compiler.versions import adapter, hidden_parameters, installed_version
from triton_runner.errors import ArgumentError, ArtifactError, MetadataError

logger = logging.getLogger(__name__)


def compile_artifact(
    artifact: Artifact,
    *,
    to: str,
    target: Any,
    options: Mapping[str, Any],
    signature: Any = None,
    metadata: Any = None,
    name: str | None = None,
    params: Sequence[RecordParam] | None = None,
    on_cpu: bool = False,
) -> Compiled:
    """Lower ``artifact`` to level ``to``.

    ``params`` are what a launch knows of the parameters; they serve where no signature and no sidecar tell. ``on_cpu`` asks
    for a target that the CPU executor serves rather than for the current GPU.
    """
    level, where = artifact.level, artifact.where
    check_lowering(level, to)
    interface = read_interface(artifact, name)
    found = read_metadata(artifact, interface.name, metadata)
    chosen = choose_target(target, interface, found, level, where, on_cpu)
    recorded = found.get(cache.BUILD_ENTRY, {}).get("options", {})
    merged = {**compile_options.from_metadata(found, recorded), **{k: v for k, v in options.items() if v is not None}}
    if level != "ttir":
        for field in ("num_warps", "num_ctas"):
            if field not in options:
                merged.pop(field, None)
    compile_options.check_against_ir(options, interface, level, where)
    levels = CUDA_LEVELS[CUDA_LEVELS.index(level) + 1 : CUDA_LEVELS.index(to) + 1]

    triton = adapter()
    backend = triton.make_backend(chosen.backend, chosen.arch, chosen.warp_size)
    compile_options.parse(triton, backend, merged)
    key = cache.content_key(
        {
            "level": level,
            "source": hashlib.sha256(artifact.text.encode()).hexdigest(),
            "name": name,
            "to": to,
            "options": merged,
            "metadata": found,
            "signature": [signature, params],
            **common_key_parts(triton, backend, chosen, triton.environment()),
        }
    )
    stem = cache.file_stem(interface.name)
    if entry := cache.load(key, stem):
        return compiled_of(entry, level, from_cache=True)
    if level == "llir":
        check_llvm(artifact.text, where)
    lowered: dict[str, str | bytes] = {}
    made: dict[str, Any] = {}
    if levels:
        lowered, made = compile_isolated(
            triton, artifact.text, name=stem, level=level, levels=levels, target=chosen, options=merged
        )
        if level == "llir":
            check_no_unknown_intrinsic(str(lowered["ptx"]), where)
    complete = _merge_metadata(artifact, interface, found, made, merged, chosen)
    read = read_params(artifact, interface, complete, signature, params)
    return finish(
        level=level,
        key=key,
        stem=stem,
        name=interface.name,
        params=read,
        metadata={**complete, "hash": key},
        artifacts={level: artifact.content, **lowered},
        target=chosen,
        options=merged,
    )


def read_interface(artifact: Artifact, name: str | None) -> Interface:
    """What the artifact states of its kernel."""
    readers = {"ttir": read_mlir, "ttgir": read_mlir, "llir": read_llvm, "ptx": read_ptx}
    if artifact.level not in readers:
        raise ArtifactError(f"{artifact.where}: a {artifact.level} cannot be compiled any further; launch it with triton_runner.load")
    try:
        return readers[artifact.level](artifact.text, name)
    except (ArtifactError, MetadataError) as error:
        raise type(error)(f"{artifact.where}: {error}") from None


def read_metadata(artifact: Artifact, name: str, given: Any) -> dict[str, Any]:
    """The sidecar: what the caller gave, else what lies beside the file, else nothing."""
    if given is not None:
        metadata, where = as_metadata(given), "the given metadata"
    elif (beside := sidecar_beside(artifact.path, [name])) is not None:
        metadata, where = beside[0], str(beside[1])
    else:
        return {}
    check_same_kernel(metadata, name, where)
    return metadata


def choose_target(target: Any, interface: Interface, metadata: Mapping[str, Any], level: str, where: str, on_cpu: bool) -> Target:
    """The target to compile for, checked against what the artifact was made for."""
    recorded = metadata_target(metadata) if level != "ttir" else None
    stated = parse_target(interface.arch) if interface.arch is not None else None
    if stated and recorded and stated.arch != recorded.arch:
        raise MetadataError(f"{where}: the artifact is for {stated.name}, but its metadata is of a kernel for {recorded.name}")
    origin = stated or recorded
    if target is not None:
        chosen = parse_target(target)
    else:
        import torch

        usable = not on_cpu and torch.cuda.is_available() and torch.version.hip is None
        chosen = device_target(torch.cuda.current_device()) if usable else origin or Target("cuda", DEFAULT_CAPABILITY)
    if origin is not None and chosen.arch < origin.arch:
        raise ArtifactError(f"{where}: this {level} was made for {origin.name} and cannot be compiled for {chosen.name}")
    return chosen


def read_params(
    artifact: Artifact,
    interface: Interface,
    metadata: Mapping[str, Any],
    signature: Any,
    launched: Sequence[RecordParam] | None,
) -> list[RecordParam]:
    """The kernel's parameters, from whichever knows them: the signature given, the sidecar, the launch, the artifact."""
    where = artifact.where
    if artifact.level == "ptx":
        return _ptx_params(artifact, interface, metadata, signature, launched)
    abi = _visible_parameters(artifact, interface, metadata)
    if signature is not None:
        return attach(_signature_params(signature, abi, where), abi, where)
    if _names_parameters(metadata):
        return attach(_sidecar_params(metadata, interface.name), abi, where)
    return group(abi, where) if launched is None else adapt(launched, abi, where)


def _names_parameters(metadata: Mapping[str, Any]) -> bool:
    return RECORD_ENTRY in metadata or "kernel_signature" in metadata


def _sidecar_params(metadata: Mapping[str, Any], name: str) -> list[RecordParam]:
    from triton_runner import _C

    return list(json.loads(_C.read_sidecar(json.dumps(metadata), name).to_json())["params"])


def _ptx_params(
    artifact: Artifact, interface: Interface, metadata: Mapping[str, Any], signature: Any, launched: Sequence[RecordParam] | None
) -> list[RecordParam]:
    from triton_runner import _C

    if signature is None and _names_parameters(metadata):
        return _sidecar_params(metadata, interface.name)
    if signature is None and launched is not None:
        return list(launched)
    given = None if signature is None else [(param["name"], _type_text(param)) for param in _signature_params(signature, (), artifact.where)]
    spec = _C.recover_ptx(artifact.text, interface.name, given, json.dumps(metadata))
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
    values = {name: None for name, text in (signature.items() if isinstance(signature, Mapping) else ()) if text == "constexpr"}
    try:
        return record_params(names, *normalize(names, signature, values))
    except ArgumentError as error:
        raise ArgumentError(f"{where}: {error}") from None


def _visible_parameters(artifact: Artifact, interface: Interface, metadata: Mapping[str, Any]) -> Sequence[AbiParam]:
    """The binary interface without the scratch pointers that Triton appends below TTGIR."""
    if artifact.level in ("ttir", "ttgir"):
        return interface.params
    hidden = sum(hidden_parameters(str(metadata["triton_version"])))
    if len(interface.params) < hidden:
        raise ArtifactError(f"{artifact.where}: the kernel has {len(interface.params)} parameters, expected at least the {hidden} scratch pointers")
    visible = len(interface.params) - hidden
    tail = interface.params[visible:]
    sizes = [metadata.get(f"{prefix}_scratch_size") for prefix in ("global", "profile")]
    for param, size, prefix in zip(tail, sizes, ("global", "profile"), strict=False):
        if param.type != "*opaque" or (not param.unused and size is None):
            raise MetadataError(
                f"{artifact.where}: the kernel uses its {prefix} scratch, whose size this level does not state: put the kernel's "
                f"JSON beside the artifact, or pass metadata={{'{prefix}_scratch_size': ..., '{prefix}_scratch_align': ...}}"
            )
    return interface.params[:visible]


def _merge_metadata(
    artifact: Artifact,
    interface: Interface,
    found: Mapping[str, Any],
    made: Mapping[str, Any],
    options: Mapping[str, Any],
    target: Target,
) -> dict[str, Any]:
    """One metadata out of the sidecar and what the compiler reported, which wins where it knows."""
    version = str(installed_version())
    if artifact.level in ("ttir", "ttgir"):
        merged = {**found, **made, **{"num_warps": made.get("num_warps") or interface.num_warps or options.get("num_warps", 4)}}
        if artifact.level == "ttgir" and "shared" not in made:
            merged["num_ctas"] = interface.num_ctas or 1
        merged["triton_version"] = version
    else:
        # The stages from here on know neither warps nor shared memory: the options in `made` are only defaults.
        from_options = {k: v for k, v in made.items() if k not in ("num_warps", "num_ctas", "shared", *_UNKNOWN_BELOW_TTGIR)}
        merged = complete_metadata({**from_options, **found, **_launch_options(options)}, interface, version, artifact.where)
    merged["target"] = {"backend": target.backend, "arch": target.arch, "warp_size": target.warp_size}
    merged["name"] = interface.name
    return merged


_UNKNOWN_BELOW_TTGIR = ("global_scratch_size", "global_scratch_align", "profile_scratch_size", "profile_scratch_align", "tensordesc_meta")


def _launch_options(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("launch_cooperative_grid", "launch_pdl") if name in options}
