"""The sidecar: Triton's metadata of a kernel plus the kernel record, as JSON beside the artifacts.

Here it is read in whatever form a caller holds it, and the record is put together from it. Tested in
tests/python/test_recover.py and test_compile.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from triton_runner.compiler.recover_ir import Interface
from triton_runner.compiler.signature import RecordParam, expansion
from triton_runner.compiler.target import Target, parse_target
from triton_runner.errors import MetadataError

RECORD_ENTRY = "triton_runner"

# Fields of the record that the metadata holds under another name, and what they are where the compiler says nothing.
_FLAGS = {"cooperative": "launch_cooperative_grid", "pdl": "launch_pdl"}


def as_metadata(metadata: Any, where: str = "metadata") -> dict[str, Any]:
    """A dict, a namedtuple (Triton's KernelMetadata), JSON text, or the path of a JSON file, as a dict."""
    if isinstance(metadata, bytes):
        metadata = metadata.decode(errors="replace")
    if isinstance(metadata, str) and not metadata.lstrip().startswith("{"):
        metadata = Path(metadata)
    if isinstance(metadata, Path):
        return _parse(_read(metadata), str(metadata))
    if isinstance(metadata, str):
        return _parse(metadata, where)
    if hasattr(metadata, "_asdict"):
        metadata = metadata._asdict()
    if not isinstance(metadata, Mapping):
        raise MetadataError(f"{where} is a {type(metadata).__name__}, expected a dict, a namedtuple, or JSON")
    return _parse(json.dumps(dict(metadata), default=_plain), where)


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise MetadataError(f"{where} is no JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise MetadataError(f"{where} holds {text.strip()[:40]!r}, expected a JSON object")
    return _of_bare_record(parsed)


def _of_bare_record(metadata: dict[str, Any]) -> dict[str, Any]:
    """The record alone (``kernel.spec.to_json()``) is metadata too."""
    if RECORD_ENTRY in metadata or not {"version", "params", "target"} <= metadata.keys():
        return metadata
    fields = ("name", "num_warps", "num_ctas", "shared", "target", "triton_version")
    return {field: metadata[field] for field in fields if field in metadata} | {RECORD_ENTRY: metadata}


def sidecar_beside(path: Path | None, names: Sequence[str]) -> tuple[dict[str, Any], Path] | None:
    """The metadata beside an artifact: ``<stem>.json``, or that of one of ``names``."""
    if path is None:
        return None
    for name in dict.fromkeys((path.stem, *names)):
        candidate = path.with_name(f"{name}.json")
        if candidate.is_file():
            return as_metadata(candidate), candidate
    return None


def check_same_kernel(metadata: Mapping[str, Any], name: str, where: str) -> None:
    """Raise where ``metadata`` was written for another kernel."""
    found = metadata.get("name")
    if found is not None and found != name:
        raise MetadataError(
            f"{where}: the metadata is of kernel {found!r}, but the artifact holds kernel {name!r}: "
            "give the JSON that was written beside this artifact"
        )


def metadata_target(metadata: Mapping[str, Any]) -> Target | None:
    """The target that ``metadata`` was written for."""
    target = metadata.get("target")
    if target is None:
        return None
    if isinstance(target, Mapping):
        backend, arch, warp_size = target.get("backend"), target.get("arch"), target.get("warp_size", 32)
    elif isinstance(target, (list, tuple)) and len(target) == 3:
        backend, arch, warp_size = target
    else:
        raise MetadataError(f"the metadata's target is {target!r}, expected backend, arch and warp_size")
    if backend == "cuda":
        arch = parse_target(arch).arch
    return parse_target(Target(str(backend), arch if isinstance(arch, int) else str(arch), int(warp_size)))


def complete_metadata(
    metadata: dict[str, Any], interface: Interface | None, triton_version: str, where: str
) -> dict[str, Any]:
    """Fill in what the artifact itself states, and raise for a field that neither knows."""
    known = {key: value for key, value in metadata.items() if value is not None}
    if interface is not None:
        for field in ("num_warps", "num_ctas", "shared"):
            stated = getattr(interface, field)
            if stated is None:
                continue
            if field == "num_ctas" and known.get("cluster_dims"):
                continue  # up to Triton 3.5, which writes that field, no artifact states its cluster
            if field in known and known[field] != stated and field != "shared":
                raise MetadataError(
                    f"{where}: the metadata's {field} is {known[field]}, but the artifact was built for {stated}"
                )
            known.setdefault(field, stated)
        known.setdefault("name", interface.name)
    for field, meaning in (("num_warps", "warps of a block"), ("shared", "bytes of dynamic shared memory")):
        if field not in known:
            raise MetadataError(
                f"{where}: {field!r} ({meaning}) is missing and this level does not state it: put the kernel's "
                f"JSON beside the artifact, or pass metadata={{'{field}': ...}}"
            )
    if interface is not None and interface.in_cluster and "num_ctas" not in known:
        raise MetadataError(
            f"{where}: 'num_ctas' (CTAs of a cluster) is missing, and this kernel is for a cluster whose size it does "
            "not state: put the kernel's JSON beside the artifact, or pass metadata={'num_ctas': ...}"
        )
    known.setdefault("num_ctas", 1)
    known.setdefault("triton_version", triton_version)
    return known


def build_record(
    name: str,
    params: Sequence[RecordParam],
    metadata: Mapping[str, Any],
    target: Target,
    *,
    global_scratch: bool,
    profile_scratch: bool,
) -> dict[str, Any]:
    """The record (see csrc/runtime/record_json.h) of a kernel that Triton compiled."""
    return {
        "version": 1,
        "name": name,
        "params": _with_tensor_maps(params, metadata.get("tensordesc_meta") or [], name),
        "num_warps": metadata["num_warps"],
        "num_ctas": metadata.get("num_ctas") or 1,
        **_cluster_dims(metadata),
        "shared": metadata.get("shared") or 0,
        **{field: bool(metadata.get(key)) for field, key in _FLAGS.items()},
        "global_scratch": _scratch(metadata, "global_scratch") if global_scratch else None,
        "profile_scratch": _scratch(metadata, "profile_scratch") if profile_scratch else None,
        "target": target.record(),
        "triton_version": metadata.get("triton_version", ""),
    }


def _cluster_dims(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """How a cluster lies in the grid, where it is no row on x. Only Triton up to 3.5 says."""
    dims = list(metadata.get("cluster_dims") or ())
    return {"cluster_dims": dims} if (metadata.get("num_ctas") or 1) > 1 and dims[1:] not in ([], [1, 1]) else {}


def with_access(params: Sequence[RecordParam], access: Sequence[str], triton_version: str) -> list[RecordParam]:
    """Note what the code does with each pointer. ``access`` lists all parameters of the binary interface in order."""
    out, position = [], 0
    for param in params:
        known = {key: value for key, value in param.items() if key != "access"}
        is_map = "tensor_map" in param or param["type"] == "nvTmaDesc"
        found = access[position] if position < len(access) else "unknown"
        # A TMA map is opaque to the analysis where it is not used by name; only what was seen counts.
        is_memory = param["type"].startswith("*") or param["type"].startswith("tensordesc<") or is_map
        if is_memory and found != "unknown" and not (is_map and found == "none"):
            known["access"] = found
        out.append(known)
        position += 0 if param["type"] == "constexpr" else len(expansion(param["type"], is_map, triton_version))
    return out


def _with_tensor_maps(params: Sequence[RecordParam], entries: Sequence[Any], name: str) -> list[RecordParam]:
    descriptors = [param for param in params if param["type"].startswith("tensordesc<")]
    if not entries:
        return [{key: value for key, value in param.items() if key != "tensor_map"} for param in params]
    if len(entries) != len(descriptors):
        raise MetadataError(
            f"kernel {name!r}: tensordesc_meta has {len(entries)} entries for {len(descriptors)} tensor descriptors"
        )
    remaining = iter(entries)
    return [
        {**param, "tensor_map": entry}
        if param in descriptors and (entry := next(remaining)) is not None
        else dict(param)
        for param in params
    ]


def _scratch(metadata: Mapping[str, Any], prefix: str) -> dict[str, int]:
    return {"size": metadata.get(f"{prefix}_size") or 0, "align": metadata.get(f"{prefix}_align") or 1}


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return value._asdict()
    if hasattr(value, "__dict__"):
        return vars(value)
    return str(value)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MetadataError(f"{path}: no such metadata file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MetadataError(f"{path}: cannot be read: {error}") from None
