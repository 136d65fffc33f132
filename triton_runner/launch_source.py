"""The launch keywords that name an artifact: ``ttir_dir=``, ``ptx_src=``, ``metadata_json=`` and the like.

A file is read again at every launch unless its status proves that nothing wrote to it since; kernels are found by
content, so an edited file is compiled again. Tested in tests/python/test_jit.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triton_runner import messages
from triton_runner.compiler.artifact import Artifact, read_artifact, read_module_artifact, read_source
from triton_runner.compiler.artifact_params import names_parameters
from triton_runner.compiler.levels import BINARY_LEVELS, FILE_LEVELS, backend_of, chain_of, is_at_or_below
from triton_runner.compiler.metadata import as_metadata, sidecar_beside
from triton_runner.compiler.pass_edits import EDIT_KEYWORDS, NO_EDITS, PassEdits
from triton_runner.compiler.pipeline import make_kernel
from triton_runner.compiler.signature import RecordParam, json_constant, leaves
from triton_runner.compiler.target import Target
from triton_runner.compiler.text import compile_artifact
from triton_runner.compiler.versions import adapter
from triton_runner.errors import ArgumentError, ArtifactNotFoundError
from triton_runner.kernel import Kernel

DIR_LEVELS = FILE_LEVELS
_SRC_LEVELS = tuple(level for level in FILE_LEVELS if level not in BINARY_LEVELS)
_MLIR_KEYWORDS = ("ttir_src", "ttgir_src", "llir_src", "ttir_dir", "ttgir_dir")
_METADATA = "metadata_json"
SOURCE_KEYWORDS = frozenset(
    {*(f"{level}_dir" for level in DIR_LEVELS), *(f"{level}_src" for level in _SRC_LEVELS), _METADATA, *EDIT_KEYWORDS}
)

# A file whose status is younger than this when it is read may change once more within the clock's granularity.
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class LaunchSource:
    """The artifact that one launch asked for."""

    level: str
    keyword: str
    value: Any
    metadata: Any
    name: str  # of the function
    expected: str | None  # name of the kernel; None where the function makes up names of its own
    edits: PassEdits = NO_EDITS

    def kernel(
        self,
        kernels: MutableMapping[Any, Kernel],
        target: Target,
        on_cpu: bool,
        params: Sequence[RecordParam],
        bound: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> tuple[Kernel, list[Any]]:
        """The kernel of the artifact, and the arguments to launch it with."""
        artifact, digest = self._read()
        metadata = self._read_metadata(artifact)
        given = {key: value for key, value in options.items() if value or key not in ("debug", "instrumentation_mode")}
        key = (
            self.level,
            digest,
            on_cpu,
            repr(params),
            repr(sorted(given.items())),
            json.dumps(metadata, sort_keys=True),
            repr(self.edits.given),
        )
        kernel = kernels.get(key)
        if kernel is None:
            kernel = kernels.setdefault(key, self._load(artifact, metadata, target, on_cpu, params, given))
        return kernel, _launch_values(kernel, params, bound)

    def _load(
        self,
        artifact: Artifact,
        metadata: Mapping[str, Any] | None,
        target: Target,
        on_cpu: bool,
        params: Sequence[RecordParam],
        options: Mapping[str, Any],
    ) -> Kernel:
        self._check_device(artifact, target, on_cpu)
        if self.level in BINARY_LEVELS:
            return self._load_binary(artifact, metadata, target, params)
        compiled = compile_artifact(
            artifact,
            to=None,
            target=None if on_cpu else target,
            on_cpu=on_cpu,
            options=options,
            metadata=metadata,
            name=self.expected,
            params=params,
            edits=self.edits,
        )
        kernel = make_kernel(compiled)
        messages.announce(kernel.spec.name, self.level, str(kernel.spec.target), compiled.folder, compiled.from_cache)
        return kernel

    def _check_device(self, artifact: Artifact, target: Target, on_cpu: bool) -> None:
        made_for = backend_of(self.level)
        if on_cpu and (self.level in BINARY_LEVELS or made_for == "hip"):
            raise ArgumentError(
                f"{artifact.where}: a {self.level} runs on the GPU only, but the tensors are CPU tensors; "
                "launch the PTX"
            )
        if not on_cpu and made_for not in (None, target.backend):
            raise ArgumentError(
                f"{artifact.where}: {self.level} cannot run on this GPU, which is {target.name}: "
                f"expected one of {', '.join(chain_of(target.backend)[1:])}"
            )

    def _load_binary(
        self,
        artifact: Artifact,
        metadata: Mapping[str, Any] | None,
        target: Target,
        params: Sequence[RecordParam],
    ) -> Kernel:
        from triton_runner.loader import load

        # Without a record the launch knows the types; whether addresses were taken to be aligned, nobody does.
        named = metadata is not None and names_parameters(metadata)
        signature = None if named else {p["name"]: p["type"] for p in params if p["type"] != "constexpr"}
        kernel = load(
            artifact.content,
            level=self.level,
            signature=signature,
            metadata=metadata,
            name=self.expected,
            target=target,
        )
        folder = artifact.path.parent if artifact.path else None
        messages.announce(kernel.spec.name, self.level, target.name, folder, True)
        return kernel

    def _read(self) -> tuple[Artifact, str]:
        if self.keyword.endswith("_dir"):
            path = Path(self.value, f"{self.name}.{self.level}")
            if not path.is_file():
                raise ArtifactNotFoundError(
                    f"kernel {self.name!r}: {self.keyword} looks for {path}, which does not exist"
                )
            return self._read_file(path)
        content, path_or_none = read_source(self.value)
        if path_or_none is not None:
            return self._read_file(path_or_none)
        if self.edits.start_pass is not None:
            artifact = read_module_artifact(content, self.level)
            return artifact, hashlib.sha256(artifact.text.encode()).hexdigest()
        assert isinstance(content, str), "a source without a path is text"
        return read_artifact(content, self.level), hashlib.sha256(content.encode()).hexdigest()

    def _read_file(self, path: Path) -> tuple[Artifact, str]:
        if self.edits.start_pass is None:
            return _files.read(path, self.level)
        artifact = read_module_artifact(path, self.level)
        return artifact, hashlib.sha256(artifact.text.encode()).hexdigest()

    def _read_metadata(self, artifact: Artifact) -> Mapping[str, Any] | None:
        if self.metadata is not None:
            return as_metadata(self.metadata, _METADATA)
        if self.keyword.endswith("_dir") and is_at_or_below(self.level, "llir") and not artifact.is_mlir:
            path = Path(self.value, f"{self.name}.json")
            if not path.is_file():
                raise ArtifactNotFoundError(
                    f"kernel {self.name!r}: {self.keyword} also looks for the metadata {path}, which does not exist; "
                    f"put it there, or pass metadata_json={{...}}"
                )
            return as_metadata(path)
        beside = sidecar_beside(artifact.path, [self.name])
        return beside[0] if beside else None


def take_source(function: Any, kwargs: MutableMapping[str, Any]) -> LaunchSource | None:
    """Take the keywords of this file out of ``kwargs``."""
    names = [name for name in SOURCE_KEYWORDS if name in kwargs and name not in function.arg_names]
    given = {name: value for name in names if (value := kwargs.pop(name)) is not None}
    metadata = given.pop(_METADATA, None)
    edits = PassEdits.of({name: given.pop(name) for name in EDIT_KEYWORDS if name in given})
    if len(given) > 1:
        raise ArgumentError(
            f"kernel {function.__name__!r}: {' and '.join(sorted(given))} are given, "
            "but a kernel is launched from one level"
        )
    if not given:
        if metadata is not None:
            raise ArgumentError(
                f"kernel {function.__name__!r}: metadata_json is given, but no artifact for it, such as ptx_src"
            )
        if edits:
            raise ArgumentError(
                f"kernel {function.__name__!r}: {', '.join(edits.given)} at a launch goes with ttir_src, ttgir_src or "
                "llir_src; triton_runner.compile takes it for the function itself"
            )
        return None
    ((keyword, value),) = given.items()
    if edits and keyword not in _MLIR_KEYWORDS:
        raise ArgumentError(
            f"kernel {function.__name__!r}: {', '.join(edits.given)} goes with {', '.join(_MLIR_KEYWORDS)}, "
            f"but {keyword} is given"
        )
    expected = function.__name__ if adapter().custom_name(function) is None else None
    return LaunchSource(keyword.rsplit("_", 1)[0], keyword, value, metadata, function.__name__, expected, edits)


def _launch_values(kernel: Kernel, params: Sequence[RecordParam], bound: Mapping[str, Any]) -> list[Any]:
    """The arguments of a launch.

    All of them where the kernel has a parameter for each, so that its constants are checked; else those of the binary.
    """
    values = [value for _, value in leaves(list(bound.values()))]
    recorded = kernel.spec.params
    if len(recorded) == len(values):
        return [
            json_constant(value) if param.kind == "constant" else value
            for param, value in zip(recorded, values, strict=True)
        ]
    return [value for param, value in zip(params, values, strict=True) if param["type"] != "constexpr"]


class _Files:
    """Artifacts by path, read again unless the status of the file proves that its content is still the one read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[Path, str], tuple[tuple[int, ...], Artifact, str]] = {}

    def read(self, path: Path, level: str) -> tuple[Artifact, str]:
        before = file_status(path)
        known = self._known.get((path, level))
        if known is not None and known[0] == before:
            return known[1], known[2]
        now = time.time_ns()
        artifact = read_artifact(path, level)
        content = artifact.content if isinstance(artifact.content, bytes) else artifact.content.encode()
        digest = hashlib.sha256(content).hexdigest()
        if file_status(path) == before and now - before[-1] > _SETTLED_NS:
            with self._lock:
                self._known[(path, level)] = (before, artifact, digest)
        return artifact, digest


def file_status(path: Path) -> tuple[int, ...]:
    # The change time comes last. No program can set it back, which it can do with the modification time.
    try:
        status = os.stat(path)
    except OSError:
        raise ArtifactNotFoundError(f"{path}: no such file") from None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


_files = _Files()
