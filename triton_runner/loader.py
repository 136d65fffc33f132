"""Makes a launchable kernel of an artifact alone: no Python function, and for PTX, cubin and hsaco no Triton.

Tested in tests/python/test_loader.py.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from triton_runner import _C
from triton_runner.compiler.artifact import Artifact, read_artifact
from triton_runner.compiler.levels import backend_of
from triton_runner.compiler.metadata import RECORD_ENTRY, as_metadata, check_same_kernel, sidecar_beside
from triton_runner.compiler.target import parse_target
from triton_runner.errors import ArgumentError, MetadataError
from triton_runner.kernel import Kernel

_COMPILED_LEVELS = ("ttir", "ttgir", "llir", "amdgcn")

# What metadata must hold for the record to be built from it alone.
_LAUNCH_FIELDS = ("name", "num_warps", "shared", "target")


def load(
    source: Any,
    *,
    level: str | None = None,
    signature: Mapping[str, str] | Sequence[str] | None = None,
    metadata: Any = None,
    name: str | None = None,
    target: Any = None,
) -> Kernel:
    """Load a kernel from a path, text or bytes.

    Args:
        source: TTIR, TTGIR, LLVM IR, PTX, AMDGCN, a cubin or a hsaco: a path, text (with a line break) or bytes. Or the
            folder of a bundle (docs/bundles.md), which has several: what the current GPU, or ``target``, runs is taken.
        level: ``"ttir"`` .. ``"hsaco"``; without it the suffix of the path or the content tells.
        signature: types of the parameters, ``{"x": "*fp32:16", "n": "i32"}`` or a list; without it they come from the
            metadata, else from the artifact itself, where a pointer's element type may remain open (any dtype fits).
        metadata: a dict, a namedtuple, JSON text or its path; without it ``<stem>.json`` beside the artifact is read.
        name: the kernel, where the artifact holds several; checked against what artifact and metadata say.
        target: what TTIR, TTGIR, LLVM IR and AMDGCN are compiled for; without it the current GPU, else what the
            artifact was made for, else ``sm_80``.

    Raises:
        ArtifactError: no such file, or not the IR that it was said to be.
        MetadataError: a field is missing and cannot be recovered, or the metadata is of another kernel.
        CompileError: a compiler stage refused the IR.
        UnsupportedError: a Triton version that is not covered, or an architecture that is not.
    """
    if _is_folder(source):
        return _load_bundle(source, target, level=level, signature=signature, metadata=metadata, name=name)
    artifact = read_artifact(source, level)
    if artifact.level in _COMPILED_LEVELS:
        from triton_runner.compiler.pipeline import make_kernel
        from triton_runner.compiler.text import compile_artifact

        return make_kernel(
            compile_artifact(
                artifact,
                to=None,
                target=target,
                options={},
                signature=signature,
                metadata=metadata,
                name=name,
                on_cpu=not torch.cuda.is_available(),
            )
        )
    spec = _record(artifact, _signature(signature), _metadata(artifact, metadata, name), name)
    if spec.target.backend != backend_of(artifact.level):
        raise MetadataError(
            f"{artifact.where}: the metadata is of a kernel for {spec.target}, which has no {artifact.level}"
        )
    if artifact.level == "ptx":
        _check_architecture(artifact, spec)
    if target is not None and parse_target(target) != parse_target(str(spec.target)):
        raise ArgumentError(
            f"{artifact.where} was made for {spec.target}, but target is {target}: "
            f"{artifact.level} is not compiled again"
        )
    return Kernel(spec, {artifact.level: artifact.content})


def _is_folder(source: Any) -> bool:
    named = isinstance(source, os.PathLike) or (isinstance(source, str) and source and "\n" not in source)
    return bool(named) and os.path.isdir(source)


def _load_bundle(folder: Any, target: Any, **others: Any) -> Kernel:
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise ArgumentError(f"{folder} is a folder: {', '.join(given)} goes with a single artifact")
    from triton_runner import bundle

    return bundle.load(folder, target=target)


def _metadata(artifact: Artifact, metadata: Any, name: str | None) -> dict[str, Any]:
    if metadata is not None:
        return as_metadata(metadata)
    beside = sidecar_beside(artifact.path, [name] if name else [])
    return beside[0] if beside else {}


def _signature(signature: Mapping[str, str] | Sequence[str] | None) -> list[tuple[str, str]] | None:
    if signature is None:
        return None
    if isinstance(signature, Mapping):
        return [(str(name), type_name) for name, type_name in signature.items()]
    if isinstance(signature, str):
        signature = [part.strip() for part in signature.split(",")]
    return [(f"arg{index}", type_name) for index, type_name in enumerate(signature)]


def _check_entry(artifact: Artifact, metadata: Mapping[str, Any]) -> None:
    """The metadata must be of a kernel that the PTX defines. Text with no kernel at all is the reader's to refuse."""
    entries = re.findall(r"\.entry\s+([\w$%]+)", artifact.text)
    if entries and metadata.get("name", entries[0]) not in entries:
        check_same_kernel(metadata, ", ".join(entries), artifact.where)


def _check_architecture(artifact: Artifact, spec: _C.KernelSpec) -> None:
    """The metadata must be of a kernel for the architecture that the PTX names. ``sm_90a`` and ``sm_90`` agree."""
    declared = re.search(r"^\s*\.target\s+sm_(\d+)", artifact.text, re.MULTILINE)
    stated = re.match(r"\d+", spec.target.arch)
    if declared and stated and declared[1] != stated[0]:
        raise MetadataError(
            f"{artifact.where}: the metadata is of a kernel for sm_{spec.target.arch}, but the PTX is for "
            f"sm_{declared[1]}: give the JSON that was written beside this artifact"
        )


def _record(
    artifact: Artifact, signature: list[tuple[str, str]] | None, metadata: dict[str, Any], name: str | None
) -> _C.KernelSpec:
    has_types = signature is not None or "kernel_signature" in metadata
    if artifact.level == "ptx":
        _check_entry(artifact, metadata)
    if RECORD_ENTRY in metadata or (has_types and all(field in metadata for field in _LAUNCH_FIELDS)):
        # Our own entry has all; the rest, which is long, counts only beside a signature.
        read = {RECORD_ENTRY: metadata[RECORD_ENTRY]} if signature is None and RECORD_ENTRY in metadata else metadata
        spec = _C.read_sidecar(json.dumps(read), name, signature)
        return _C.with_access(spec, artifact.text) if artifact.level == "ptx" else spec
    if name is not None and metadata.get("name", name) != name:
        raise MetadataError(f"the metadata is of kernel {metadata['name']!r}, expected kernel {name!r}")
    if artifact.level == "ptx":
        return _C.recover_ptx(artifact.text, name or metadata.get("name"), signature, json.dumps(metadata))
    from triton_runner.compiler.recover_cubin import recover_cubin
    from triton_runner.compiler.recover_hsaco import recover_hsaco

    assert isinstance(artifact.content, bytes)
    recover = recover_cubin if artifact.level == "cubin" else recover_hsaco
    return _C.KernelSpec.from_json(json.dumps(recover(artifact.content, metadata, signature, name)))
