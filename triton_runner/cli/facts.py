"""What can be said of a file or of a function, as far as each level states it. Missing facts are None and a note.

Tested in tests/python/test_cli_compile.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triton_runner.compiler.artifact import Artifact, read_artifact
from triton_runner.disassembly import disassemble, instruction_counts
from triton_runner.errors import ArtifactError, Error

_IR_LEVELS = ("ttir", "ttgir", "llir")


def facts_of_function(function: Any, configured: Mapping[str, Any]) -> dict[str, Any]:
    """Of a jit or Gluon function, before anything is compiled."""
    params = []
    for param in function.params:
        entry: dict[str, Any] = {
            "name": param.name,
            "type": "constexpr" if param.is_constexpr else param.annotation_type or "",
            "aligned": False,
            "access": None,
        }
        if param.name in configured:
            entry["constant"] = configured[param.name]
        elif param.has_default:
            entry["constant"] = param.default
        params.append(entry)
    gluon = getattr(function, "is_gluon", bool)()
    return {
        "level": "python",
        "kernel": function.__name__,
        "language": "gluon" if gluon else "triton",
        "target": None,
        "where": f"{function.fn.__code__.co_filename}:{function.fn.__code__.co_firstlineno}",
        "parameters": params,
        "notes": [],
    }


def facts_of_artifact(
    source: Any, level: str | None = None, *, name: str | None = None, metadata: Any = None, sass: bool = True
) -> dict[str, Any]:
    """Of an artifact given as path, text or bytes."""
    artifact = read_artifact(source, level)
    data: dict[str, Any] = {
        "level": artifact.level,
        **dict.fromkeys(("kernel", "target", "made_by", "num_warps", "num_ctas", "shared", "registers", "spill_bytes")),
        "warp_size": 32,
        "static_shared": None,
        "parameters": [],
        "notes": [],
    }
    if artifact.level in _IR_LEVELS:
        _add_ir(data, artifact, name, metadata)
    else:
        _add_record(data, source, artifact, name, metadata)
    if artifact.level == "cubin":
        _add_cubin(data, artifact, name, sass)
    elif artifact.level == "hsaco":
        _add_hsaco(data, artifact, name)
    return data


def _add_record(data: dict[str, Any], source: Any, artifact: Artifact, name: str | None, metadata: Any) -> None:
    """From the record that a launch would use."""
    from triton_runner import load

    try:
        spec = load(source, level=artifact.level, name=name, metadata=metadata).spec
    except Error as error:
        data["notes"].append(f"the kernel's record is not complete: {error}")
        return
    data.update(
        kernel=spec.name,
        target=str(spec.target),
        made_by=spec.triton_version or None,
        num_warps=spec.num_warps,
        num_ctas=spec.num_ctas,
        shared=spec.shared,
        warp_size=spec.target.warp_size,
    )
    for param in spec.params:
        entry = {"name": param.name, "type": param.type, "aligned": param.divisible_by_16, "access": None}
        if param.kind == "constant":
            entry["constant"] = param.constant
        elif param.kind in ("pointer", "descriptor"):
            entry["access"] = param.access
        data["parameters"].append(entry)


def _add_ir(data: dict[str, Any], artifact: Artifact, name: str | None, metadata: Any) -> None:
    """From the text itself, and from the metadata beside it."""
    from triton_runner.compiler.metadata import metadata_target
    from triton_runner.compiler.target import parse_target
    from triton_runner.compiler.text import read_interface, read_sidecar

    interface = read_interface(artifact, name)
    sidecar = read_sidecar(artifact, interface.name, metadata)
    target = parse_target(interface.arch) if interface.arch else metadata_target(sidecar) if sidecar else None
    data.update(
        kernel=interface.name,
        target=target.name if target else None,
        warp_size=target.warp_size if target else 32,
        made_by=sidecar.get("triton_version"),
        num_warps=interface.num_warps or sidecar.get("num_warps"),
        num_ctas=interface.num_ctas or sidecar.get("num_ctas"),
        shared=interface.shared if interface.shared is not None else sidecar.get("shared"),
    )
    data["parameters"] = [
        {
            "name": param.name or f"arg{index}",
            "type": param.type,
            "aligned": bool(param.divisible_by_16),
            "access": None,
        }
        for index, param in enumerate(interface.params)
    ]


def _add_hsaco(data: dict[str, Any], artifact: Artifact, name: str | None) -> None:
    from triton_runner.compiler.code_object import read_code_object

    assert isinstance(artifact.content, bytes)
    found = read_code_object(artifact.content, name)
    data.update(
        kernel=found.name,
        target=found.arch,
        registers=found.vector_registers,
        spill_bytes=found.stack_bytes,
        static_shared=found.fixed_local_bytes,
        code_bytes=found.code_bytes,
    )


def _add_cubin(data: dict[str, Any], artifact: Artifact, name: str | None, sass: bool) -> None:
    from triton_runner.compiler.resources import read_resources

    assert isinstance(artifact.content, bytes)
    found = read_resources(artifact.content, name)
    data.update(
        kernel=found.kernel,
        target=f"sm_{found.arch}",
        registers=found.registers,
        spill_bytes=found.spill_bytes,
        static_shared=found.static_shared,
        reserved_shared=found.reserved_shared,
        code_bytes=found.code_bytes,
    )
    if not sass:
        return
    try:
        listing = disassemble(artifact.content, found.kernel)
    except ArtifactError as error:
        data["notes"].append(str(error))
        return
    if listing is None:
        data["notes"].append("no SASS: nvdisasm is neither in PATH, nor in the installed Triton, nor in CUDA_HOME")
        return
    data.update(sass=listing, instructions=instruction_counts(listing))
