"""Finds out what a source is: a path, text or bytes; and which level it holds.

Tested in tests/python/test_levels.py.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from triton_runner.compiler.levels import BINARY_LEVELS, FILE_LEVELS, check_level
from triton_runner.errors import ArtifactError, ArtifactNotFoundError

_SUFFIXES = {f".{level}": level for level in FILE_LEVELS} | {".ll": "llir", ".hsaco": "hsaco"}
_ELF = b"\x7fELF"
_MACHINES = {190: "cubin", 224: "hsaco"}  # EM_CUDA, EM_AMDGPU
_KNOWN_MACHINES = {3: "x86", 40: "Arm", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}

# In order: the first that matches wins.
_TEXT_MARKS = (
    ("ptx", r"^\s*\.(?:version\s+\d|target\s+sm_|address_size\s)"),
    ("amdgcn", r"^\s*\.amdgcn_target\b|^\s*\.amdhsa_code_object_version\b"),
    ("llir", r"^(?:; ModuleID|target (?:datalayout|triple)\s*=|define\s.*@.*\()"),
    ("ttgir", r"#ttg\.|\"?ttg\.num-warps\"?|#ttng\.|#triton_gpu\."),
    ("ttir", r"\btt\.func\b"),
)


_MLIR_FUNCTION = re.compile(r"^\s*(?:tt|llvm)\.func\b", re.MULTILINE)


@dataclass(frozen=True)
class Artifact:
    """One level of one kernel, as it was handed in."""

    level: str
    content: str | bytes
    path: Path | None = None

    @property
    def where(self) -> str:
        return str(self.path) if self.path else f"the given {self.level} text"

    @property
    def text(self) -> str:
        if isinstance(self.content, bytes):
            raise ArtifactError(f"{self.where}: expected text, found {len(self.content)} bytes of {self.level}")
        return self.content

    @property
    def is_mlir(self) -> bool:
        """Whether it holds an MLIR module, as the levels above LLVM IR do and the LLIR stage in its course."""
        return not isinstance(self.content, bytes) and _MLIR_FUNCTION.search(self.content) is not None


def read_module_artifact(source: object, level: str | None) -> Artifact:
    """Read an MLIR module from between two passes. ``level`` is the stage that it is said to belong to."""
    content, path = read_source(source)
    text = _decode(content, path) if isinstance(content, bytes) and not content.startswith(_ELF) else content
    found = level or ("llir" if isinstance(text, str) and "tt.func" not in text else _level_of(text, path) or "ttir")
    artifact = Artifact(found, text, path)
    if not artifact.is_mlir:
        raise ArtifactError(f"{_where(path)}a pass starts from an MLIR module, which this is not: {_describe(content)}")
    return artifact


def read_artifact(source: object, level: str | None = None) -> Artifact:
    """Read a path, text or bytes. A string with a line break is text, any other is a path."""
    content, path = read_source(source)
    if level is None:
        found = detect_level(content, path)
    else:
        found = check_level(level)
        _check_claim(content, found, path)
    if isinstance(content, bytes) and found not in BINARY_LEVELS:
        content = _decode(content, path)
    return Artifact(found, content, path)


def read_source(source: object) -> tuple[str | bytes, Path | None]:
    """The content of ``source``, and the path where it was one."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), None
    if isinstance(source, os.PathLike) or (isinstance(source, str) and source and "\n" not in source):
        path = Path(source)
        try:
            return path.read_bytes(), path
        except (FileNotFoundError, NotADirectoryError):
            raise ArtifactNotFoundError(f"{path}: no such file (text of an artifact has more than one line)") from None
        except OSError as error:
            raise ArtifactError(f"{path}: cannot be read: {error.strerror or error}") from error
    if isinstance(source, str):
        return source, None
    raise ArtifactError(f"the source is a {type(source).__name__}, expected a jit function, a path, text or bytes")


def detect_level(content: str | bytes, path: Path | None = None) -> str:
    """The level that ``content`` holds. Where the path has the suffix of a level, content and suffix must agree."""
    claimed = _SUFFIXES.get(path.suffix) if path else None
    if claimed is not None:
        _check_claim(content, claimed, path)
        return claimed
    found = _level_of(content, path)
    if found is None:
        raise ArtifactError(
            f"{_where(path)}{_describe(content)}; expected TTIR, TTGIR, LLVM IR, PTX, AMDGCN, a cubin or a hsaco"
        )
    return found


def _check_claim(content: str | bytes, claimed: str, path: Path | None) -> None:
    found = _level_of(content, path)
    # A TTGIR module without a layout reads like TTIR, and every TTIR module may be lowered as it stands.
    if found == claimed or {found, claimed} == {"ttir", "ttgir"}:
        return
    looks = f"it looks like {found}" if found else _describe(content)
    raise ArtifactError(f"{_where(path)}expected {claimed}, but {looks}")


def _level_of(content: str | bytes, path: Path | None) -> str | None:
    if isinstance(content, bytes):
        if content.startswith(_ELF):
            return _elf_level(content, path)
        if b"\0" in content[:4096]:
            return None
        content = _decode(content, path)
    head = re.sub(r"^\s*//.*$", "", content, flags=re.MULTILINE)
    return next((level for level, mark in _TEXT_MARKS if re.search(mark, head, re.MULTILINE)), None)


def _elf_level(content: bytes, path: Path | None) -> str:
    if len(content) < 64:
        raise ArtifactError(f"{_where(path)}an ELF file of {len(content)} bytes is truncated: its header alone has 64")
    machine = int.from_bytes(content[18:20], "little")
    level = _MACHINES.get(machine)
    if level is None:
        name = _KNOWN_MACHINES.get(machine, f"machine {machine}")
        raise ArtifactError(
            f"{_where(path)}an ELF file for {name} is no kernel: expected machine 190 (NVIDIA CUDA) or 224 (AMDGPU)"
        )
    sections = int.from_bytes(content[40:48], "little") + int.from_bytes(content[58:60], "little") * int.from_bytes(
        content[60:62], "little"
    )
    segments = int.from_bytes(content[32:40], "little") + int.from_bytes(content[54:56], "little") * int.from_bytes(
        content[56:58], "little"
    )
    if max(sections, segments) > len(content):
        raise ArtifactError(
            f"{_where(path)}the {level} is truncated: {len(content)} bytes of {max(sections, segments)}"
        )
    return level


def _decode(content: bytes, path: Path | None) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ArtifactError(f"{_where(path)}neither an ELF file nor text: byte {error.start} is no UTF-8") from None


def _describe(content: str | bytes) -> str:
    if not content.strip():
        return "it is empty"
    if isinstance(content, bytes):
        if b"\0" in content[:4096]:
            return f"it is binary data that starts with {content[:8].hex(' ')}"
        content = content.decode(errors="replace")
    first = next((line.strip() for line in content.splitlines() if line.strip()), "")
    return f"it is text of no known level, starting with {first[:60]!r}"


def _where(path: Path | None) -> str:
    return f"{path}: " if path else ""
