"""A Triton that compiles in a process of its own: the installed one, or another from a folder or an interpreter.

Tested in tests/python/test_bisect.py.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triton_runner.compiler.stage_hook import place_of_hook
from triton_runner.compiler.versions import adapter, adapter_path, installed_version
from triton_runner.errors import ArgumentError


@dataclass(frozen=True)
class Toolchain:
    """Where a Triton lies, and the adapter that drives it."""

    version: str
    adapter: str  # path of the file
    sys_path: tuple[str, ...]
    python: str = ""  # the interpreter; this one's where empty
    stage_hook: tuple[str, ...] = ()  # module and name

    @staticmethod
    def installed() -> Toolchain:
        """The Triton of this process."""
        version, search = str(installed_version()), tuple(path for path in sys.path if path)
        hook = place_of_hook(adapter()) if "triton" in sys.modules else ()  # nobody has set one before that
        return Toolchain(version, adapter_path(version), search, stage_hook=hook)

    @staticmethod
    def at(place: str | os.PathLike[str]) -> Toolchain:
        """The Triton in folder ``place`` (what ``pip install --target`` filled), or of interpreter ``place``."""
        path = Path(place)
        if path.is_dir():
            return _of_folder(path.resolve())
        if path.is_file() and os.access(path, os.X_OK):
            return _of_interpreter(str(path.absolute()))
        raise ArgumentError(f"{place}: expected a folder with a Triton in it, or a Python interpreter")


@functools.cache
def _of_folder(folder: Path) -> Toolchain:
    found = [dist.version for dist in importlib.metadata.distributions(name="triton", path=[str(folder)])]
    if not found or not (folder / "triton").is_dir():
        raise ArgumentError(
            f"{folder}: there is no Triton in it; pip install --no-deps --target {folder} triton==X.Y.Z puts one there"
        )
    return Toolchain(found[0], adapter_path(found[0]), (str(folder), *(path for path in sys.path if path)))


_PROBE = "import importlib.metadata, json, sys; print(json.dumps([importlib.metadata.version('triton'), sys.path]))"


@functools.cache
def _of_interpreter(python: str) -> Toolchain:
    finished = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise ArgumentError(f"{python}: there is no Triton in this interpreter: {finished.stderr.strip()[-400:]}")
    answer: Sequence[Any] = json.loads(finished.stdout)
    return Toolchain(answer[0], adapter_path(answer[0]), tuple(path for path in answer[1] if path), python)
