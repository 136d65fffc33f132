"""The kernel record of a hsaco that came without one: from the notes of the code object and whatever metadata there is.

Tested in tests/python/test_amd_recover.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triton_runner.compiler.code_object import read_code_object
from triton_runner.compiler.metadata import check_same_kernel, metadata_target
from triton_runner.compiler.recover_cubin import record_of_binary
from triton_runner.compiler.target import parse_target
from triton_runner.compiler.versions import installed_version, uses_global_scratch
from triton_runner.errors import ArtifactError, MetadataError


def recover_hsaco(
    content: bytes, metadata: Mapping[str, Any], signature: Sequence[tuple[str, str]] | None, name: str | None
) -> dict[str, Any]:
    """The record (csrc/runtime/record_json.h) of the kernel in ``content``; ``metadata`` may hold any field or none."""
    code_object = read_code_object(content, name)
    where = f"hsaco of kernel {code_object.name!r}"
    target = parse_target(code_object.arch)
    if target.warp_size != code_object.wave_size:
        raise ArtifactError(
            f"{where} was compiled for waves of {code_object.wave_size} lanes, but kernels for {target.name} are run "
            f"with {target.warp_size}"
        )
    found = {key: value for key, value in metadata.items() if value is not None}
    check_same_kernel(found, code_object.name, where)
    stated = metadata_target(found)
    if stated is not None and stated != target:
        raise MetadataError(f"{where} is for {target.name}, but its metadata is of a kernel for {stated.name}")
    return record_of_binary(code_object.interface(), _without_unused_scratch(found), signature, target, where)


def _without_unused_scratch(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Say that there is no global scratch where the version that made the kernel never passes any."""
    version = str(metadata.get("triton_version") or installed_version() or "")
    if uses_global_scratch("hip", version):
        return dict(metadata)
    return {"global_scratch_size": 0, **metadata}
