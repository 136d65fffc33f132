"""Compiles a kernel that is held as an artifact: TTIR, TTGIR, LLVM IR, PTX, AMDGCN.

What the artifact does not state comes from its sidecar (beside the file, or given as ``metadata``), and what neither
states is an error that says how to give it. Tested in tests/python/test_compile.py and test_recover.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triton_runner import cache
from triton_runner.compiler import options as compile_options
from triton_runner.compiler.artifact import Artifact
from triton_runner.compiler.artifact_params import read_params
from triton_runner.compiler.code_object import read_amdgcn
from triton_runner.compiler.isolate import compile_isolated
from triton_runner.compiler.levels import backend_of, binary_of, chain_of, check_backend, check_lowering
from triton_runner.compiler.metadata import (
    as_metadata,
    check_same_kernel,
    complete_metadata,
    metadata_target,
    sidecar_beside,
)
from triton_runner.compiler.pass_edits import NO_EDITS, PassEdits
from triton_runner.compiler.pass_files import leave_passes
from triton_runner.compiler.pass_runs import run_alone
from triton_runner.compiler.pipeline import Compiled, cached, common_key_parts, compiled_of, finish
from triton_runner.compiler.recover_ir import Interface, read_llvm, read_mlir, read_ptx
from triton_runner.compiler.signature import RecordParam
from triton_runner.compiler.target import DEFAULT_CAPABILITY, Target, default_target, parse_target
from triton_runner.compiler.verify import check_llvm, check_no_unknown_intrinsic
from triton_runner.compiler.versions import adapter, installed_version, make_backend
from triton_runner.errors import ArgumentError, ArtifactError, MetadataError

if TYPE_CHECKING:
    from triton_runner.compiler.versions.triton_3_6 import Adapter

# What the compiler learns at TTGIR and above, and does not know where a compile begins below.
_LEARNED_ABOVE_LLIR = (
    "num_warps",
    "num_ctas",
    "cluster_dims",
    "shared",
    "tensordesc_meta",
    "global_scratch_size",
    "global_scratch_align",
    "profile_scratch_size",
    "profile_scratch_align",
)
_LAUNCH_OPTIONS = ("launch_cooperative_grid", "launch_pdl")


@dataclass(frozen=True)
class _Job:
    """An artifact with all that is known about it before it is compiled."""

    artifact: Artifact
    interface: Interface
    sidecar: dict[str, Any]
    target: Target
    options: dict[str, Any]
    to: str
    edits: PassEdits

    @property
    def stem(self) -> str:
        return cache.file_stem(self.interface.name)


def compile_artifact(
    artifact: Artifact,
    *,
    to: str | None,
    target: Any,
    options: Mapping[str, Any],
    signature: Any = None,
    metadata: Any = None,
    name: str | None = None,
    params: Sequence[RecordParam] | None = None,
    on_cpu: bool = False,
    edits: PassEdits = NO_EDITS,
) -> Compiled:
    """Lower ``artifact`` to level ``to``, through the passes as ``edits`` has them.

    Without ``to`` it goes to what runs on the device.

    ``params`` are what a launch knows of the parameters; they serve where no signature and no sidecar tell. ``on_cpu``
    asks for a target that the CPU executor serves rather than for the current GPU, and for PTX.
    """
    if to is not None:
        check_lowering(artifact.level, to)
    interface = read_interface(artifact, name)
    sidecar = read_sidecar(artifact, interface.name, metadata)
    chosen = choose_target(target, interface, sidecar, artifact, on_cpu, to)
    interface = interface.on(chosen.warp_size)
    compile_options.check_against_ir(
        options, interface, artifact.level, artifact.where, in_stage=edits.start_pass is not None
    )
    merged = merge_options(artifact.level, sidecar, options, chosen.backend)
    if to is None:
        to = "ptx" if on_cpu and chosen.backend == "cuda" else binary_of(chosen.backend)
    job = _Job(artifact, interface, sidecar, chosen, merged, to, edits)
    compiled = _compile(job, [name, signature, params])
    if artifact.is_mlir and (edits.start_pass is not None or to != artifact.level):
        from triton_runner.compiler.pass_source import artifact_run

        leave_passes(
            compiled.folder,
            job.interface.name,
            lambda: artifact_run(artifact, job.stem, chosen, job.options, edits, record=True),
        )
    return compiled


def _compile(job: _Job, asked: Sequence[Any]) -> Compiled:
    _, signature, params = asked
    artifact, interface = job.artifact, job.interface
    triton = adapter()
    key = _key(triton, job, asked)
    if entry := cached(triton, key, job.stem):
        return compiled_of(entry, artifact.level, from_cache=True)
    lowered, made = _lower(triton, job)
    complete = _merge_metadata(job, made)
    return finish(
        level=artifact.level,
        key=key,
        stem=job.stem,
        name=interface.name,
        params=read_params(artifact, interface, complete, signature, params),
        metadata={**complete, "hash": key},
        artifacts={artifact.level: artifact.content, **lowered},
        target=job.target,
        options=job.options,
    )


def read_interface(artifact: Artifact, name: str | None) -> Interface:
    """What the artifact states of its kernel."""
    readers = {"ttir": read_mlir, "ttgir": read_mlir, "llir": read_llvm, "ptx": read_ptx, "amdgcn": read_amdgcn}
    if artifact.is_mlir:
        readers["llir"] = read_mlir
    if artifact.level not in readers:
        raise ArtifactError(
            f"{artifact.where}: a {artifact.level} is at the lowest level; launch it with triton_runner.load"
        )
    try:
        return readers[artifact.level](artifact.text, name)
    except (ArtifactError, MetadataError) as error:
        raise type(error)(f"{artifact.where}: {error}") from None


def read_sidecar(artifact: Artifact, name: str, given: Any) -> dict[str, Any]:
    """The sidecar: what the caller gave, else what lies beside the file, else nothing."""
    if given is not None:
        metadata, where = as_metadata(given), "the given metadata"
    elif (beside := sidecar_beside(artifact.path, [name])) is not None:
        metadata, where = beside[0], str(beside[1])
    else:
        return {}
    check_same_kernel(metadata, name, where)
    return metadata


def choose_target(
    target: Any,
    interface: Interface,
    sidecar: Mapping[str, Any],
    artifact: Artifact,
    on_cpu: bool,
    to: str | None = None,
) -> Target:
    """The target to compile for, checked against what the artifact was made for and against the level wanted."""
    recorded = metadata_target(sidecar) if artifact.level != "ttir" else None
    stated = parse_target(interface.arch) if interface.arch is not None else None
    if stated and recorded and stated != recorded:
        raise MetadataError(
            f"{artifact.where}: the artifact is for {stated.name}, but its metadata is of a kernel for {recorded.name}"
        )
    origin = stated or recorded
    chosen = parse_target(target) if target is not None else _default_target(origin, on_cpu)
    for level in filter(None, (artifact.level, to)):
        if target is None and origin is None and backend_of(level) not in (None, chosen.backend):
            raise ArgumentError(f"{artifact.where}: give the target to compile for, such as target='gfx942'")
        check_backend(level, chosen.backend, chosen.name)
    if origin is not None and not chosen.can_take(origin):
        raise ArtifactError(
            f"{artifact.where}: this {artifact.level} was made for {origin.name}, "
            f"and cannot be compiled for {chosen.name}"
        )
    return chosen


def _default_target(origin: Target | None, on_cpu: bool) -> Target:
    import torch

    if not on_cpu and torch.cuda.is_available():
        current = default_target()
        # IR that was made for GPUs of the other maker is not for this one.
        return current if origin is None or origin.backend == current.backend else origin
    return origin or Target("cuda", DEFAULT_CAPABILITY)


def merge_options(level: str, sidecar: Mapping[str, Any], options: Mapping[str, Any], backend: str) -> dict[str, Any]:
    """The options given, over those that the sidecar's kernel was compiled with and the backend has."""
    recorded = sidecar.get(cache.BUILD_ENTRY, {}).get("options", {})
    carried = compile_options.from_metadata(sidecar, recorded)
    known = adapter().option_names(backend)
    carried = {name: value for name, value in carried.items() if name in known}
    if level != "ttir":  # from TTGIR on the artifact has fixed these
        carried = {name: value for name, value in carried.items() if name not in ("num_warps", "num_ctas")}
    return {**carried, **{name: value for name, value in options.items() if value is not None}}


def _key(triton: Adapter, job: _Job, asked: Sequence[Any]) -> str:
    backend = make_backend(triton, job.target)
    parsed = compile_options.parse(triton, backend, job.target.backend, job.options)
    return cache.content_key(
        {
            "level": job.artifact.level,
            "source": hashlib.sha256(job.artifact.text.encode()).hexdigest(),
            "to": job.to,
            "options": [job.options, parsed.hash()],
            "sidecar": job.sidecar,
            "asked": asked,
            **job.edits.key_parts(),
            **common_key_parts(triton, backend, job.target, triton.environment()),
        }
    )


def _lower(triton: Adapter, job: _Job) -> tuple[dict[str, str | bytes], dict[str, Any]]:
    level, where = job.artifact.level, job.artifact.where
    if job.edits:
        from triton_runner.compiler.pass_source import artifact_run

        run = artifact_run(job.artifact, job.stem, job.target, job.options, job.edits, record=False, to=job.to)
        outcome = run_alone(*run)
        return outcome.artifacts, outcome.metadata
    chain = chain_of(job.target.backend)
    levels = chain[chain.index(level) + 1 : chain.index(job.to) + 1]
    if level == "llir":
        check_llvm(job.artifact.text, where, job.target.backend)
    if not levels:
        return {}, {}
    lowered, made = compile_isolated(
        triton, job.artifact.text, name=job.stem, level=level, levels=levels, target=job.target, options=job.options
    )
    if level == "llir":
        check_no_unknown_intrinsic(str(lowered[levels[0]]), where)
    return lowered, made


def _merge_metadata(job: _Job, made: Mapping[str, Any]) -> dict[str, Any]:
    """One metadata out of the sidecar and what the compiler reported, which wins where it knows."""
    version = str(installed_version())
    if job.artifact.level == "ttgir":  # what a compile from there on reports is the default of the option
        made = {name: value for name, value in made.items() if name != "cluster_dims"}
    if job.artifact.is_mlir:
        stated = {
            "num_warps": job.interface.num_warps or job.options.get("num_warps", 4),
            "num_ctas": job.interface.num_ctas or 1,
        }
        merged = {**job.sidecar, **stated, **made, "triton_version": version}
    else:
        known = {name: value for name, value in made.items() if name not in _LEARNED_ABOVE_LLIR}
        launch = {name: job.options[name] for name in _LAUNCH_OPTIONS if name in job.options}
        merged = complete_metadata({**known, **job.sidecar, **launch}, job.interface, version, job.artifact.where)
    merged["target"] = {"backend": job.target.backend, "arch": job.target.arch, "warp_size": job.target.warp_size}
    merged["name"] = job.interface.name
    return merged
