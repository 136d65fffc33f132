"""The kernel that a compile returns: a Kernel that also answers to the names of Triton's CompiledKernel.

Tested in tests/python/test_compile.py and test_backend.py.
"""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from triton_runner import _C
from triton_runner.kernel import Kernel

if TYPE_CHECKING:
    from triton_runner.compiler.pipeline import Compiled


class CompiledKernel(Kernel):
    """A kernel with the metadata of its compile.

    Attributes:
        folder: the cache entry that holds its artifacts; None where the cache could not be written.
        asm: the artifacts by level, as in Triton.
    """

    def __init__(self, spec: _C.KernelSpec, compiled: Compiled) -> None:
        super().__init__(spec, compiled.artifacts)
        self.folder: Path | None = compiled.folder
        self._metadata = compiled.metadata

    @property
    def asm(self) -> dict[str, str | bytes]:
        return dict(self.artifacts)

    @property
    def name(self) -> str:
        return str(self.spec.name)

    @property
    def hash(self) -> str:
        return str(self._metadata["hash"])

    @property
    def sidecar(self) -> dict[str, Any]:
        """What lies as JSON beside the artifacts: :func:`triton_runner.load` takes it as ``metadata=``."""
        return dict(self._metadata)

    @property
    def metadata(self) -> Any:
        """A namedtuple with the fields of Triton's ``KernelMetadata``; it may be given as ``metadata_json=``."""
        fields = {key: value for key, value in self._metadata.items() if key.isidentifier()}
        fields["target"] = SimpleNamespace(**fields["target"])
        return namedtuple("KernelMetadata", sorted(fields))(**fields)
