"""The kernel with stores of the chosen values added. Tested in tests/python/test_dump.py."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from triton_runner import _C
from triton_runner.compiler.artifact import Artifact
from triton_runner.compiler.metadata import RECORD_ENTRY, as_metadata
from triton_runner.compiler.pipeline import Compiled
from triton_runner.errors import ArgumentError, CompileError, UnsupportedError
from triton_runner.kernel import Kernel

LEVELS = ("ttir", "ttgir", "llir", "ptx")
BUFFER = "triton_runner_dump"
_FUSED = re.compile(r"\bfma\.")


@dataclass(frozen=True)
class Source:
    """The IR that is edited, and the kernel that it belongs to."""

    kernel: Kernel
    level: str
    text: str
    metadata: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.kernel.spec.name)

    def slots(self) -> list[_C.Slot]:
        return _C.list_values(self.level, self.text, self.name)


def source_of(kernel: Kernel, level: str | None = None) -> Source:
    """The level that the kernel was made from, or the one that is asked for."""
    able = [name for name in LEVELS if name in kernel.artifacts]
    metadata = metadata_of(kernel)
    if level is None:
        made_from = metadata.get("triton_runner_build", {}).get("from")
        level = made_from if made_from in able else next(iter(able), None)
    if level is None:
        raise UnsupportedError(
            f"kernel {kernel.spec.name!r} has {', '.join(kernel.artifacts)}, whose values have no names: "
            "load its PTX, LLVM IR, TTGIR or TTIR"
        )
    if level not in able:
        raise ArgumentError(
            f"kernel {kernel.spec.name!r}: level is {level!r}, but it has {', '.join(able) or 'no IR'} to dump from"
        )
    text = kernel.artifacts[level]
    assert isinstance(text, str), "all levels above the cubin are text"
    return Source(kernel, level, text, metadata)


def metadata_of(kernel: Kernel) -> dict[str, Any]:
    """The sidecar of a kernel; its record where it has no other."""
    known = getattr(kernel, "_metadata", None)
    return dict(known) if known is not None else as_metadata(kernel.spec.to_json())


def edit(source: Source, chosen: Sequence[int], device: torch.device) -> tuple[Kernel, list[_C.Slot]]:
    """The edited kernel, compiled for the original's target to what ``device`` takes, and a slot for each value."""
    spec = source.kernel.spec
    visible = sum(1 for index, _, _ in _C.layout(spec) if index >= 0)
    text, slots = _C.dump_values(source.level, source.text, source.name, list(chosen), visible, spec.num_ctas)
    level = source.level
    if level == "ttir":  # what was marked is stored in the TTGIR
        marked = _compile(source, level, text, "ttgir", source.metadata)
        level, text = "ttgir", _C.dump_marked(str(marked.artifacts["ttgir"]), source.name, slots)
    metadata = _with_buffer(source)
    try:
        lowered = _compile(source, level, text, "ptx", metadata)
        ptx = _C.define_registers(str(lowered.artifacts["ptx"]), source.name)
        compiled = _compile(source, "ptx", ptx, _image(source.kernel, device), lowered.metadata)
    except CompileError as error:
        if source.level == "ttir" and spec.num_ctas > 1:
            raise UnsupportedError(
                f"kernel {source.name!r}: of the chosen values at least one cannot be stored at TTIR, since the tiles "
                f"that {spec.num_ctas} CTAs share are not read back by Triton: choose others, or level='ttgir'"
            ) from error
        raise
    record = _with_access(compiled.record, source.kernel)
    return Kernel(_C.KernelSpec.from_json(json.dumps(record)), compiled.artifacts), slots


def _image(kernel: Kernel, device: torch.device) -> str:
    """PTX where the driver is to compile: on the CPU, and on a GPU of another architecture."""
    if device.type == "cpu":
        return "ptx"
    major, minor = torch.cuda.get_device_capability(device)
    return "cubin" if kernel.spec.target.arch.rstrip("af") == f"{major}{minor}" else "ptx"


def _compile(source: Source, level: str, text: str, to: str, metadata: dict[str, Any]) -> Compiled:
    from triton_runner.compiler.text import compile_artifact

    return compile_artifact(
        Artifact(level, text),
        to=to,
        target=str(source.kernel.spec.target),
        options={} if _fuses(source.kernel) else {"enable_fp_fusion": False},
        metadata=metadata,
        name=source.name,
    )


def _fuses(kernel: Kernel) -> bool:
    """Whether the compiler fused products and sums of this kernel. Where it found none to fuse, stores in between must
    not make it find some."""
    return _FUSED.search(str(kernel.artifacts.get("ptx", "fma.rn.f32"))) is not None


def _with_buffer(source: Source) -> dict[str, Any]:
    record = json.loads(source.kernel.spec.to_json())
    record["params"].append({"name": BUFFER, "type": "*i8", "divisible_by_16": True})
    return {**source.metadata, RECORD_ENTRY: record}


def _with_access(record: dict[str, Any], original: Kernel) -> dict[str, Any]:
    """What the kernel does with its own tensors is what it did before; a dumped pointer would look like an escape."""
    before = json.loads(original.spec.to_json())["params"]
    params = []
    for param, known in zip(record["params"], [*before, {"access": "write"}], strict=True):
        kept = {key: value for key, value in param.items() if key != "access"}
        params.append(kept | ({"access": known["access"]} if "access" in known else {}))
    return {**record, "params": params}
