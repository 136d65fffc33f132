"""Compiles a C++ file of a benchmark into a shared library, once for each content."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

from common.machine import ROOT

FLAGS = ("-std=c++20", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra")


def build(source: Path, *, with_torch: bool = False, folder: Path = ROOT / "build" / "bench" / "native") -> Path:
    """The library made of ``source``. RuntimeError with the compiler's words where it fails."""
    compiler = os.environ.get("CXX", "g++")
    flags = [*FLAGS, *(_torch_flags() if with_torch else ())]
    parts = (source.read_text(), compiler, flags, torch.__version__ if with_torch else "")
    key = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    library = folder / f"{source.stem}-{key}.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    temporary = library.with_suffix(f".{os.getpid()}")
    command = [compiler, str(source), "-o", str(temporary), *flags, "-ldl"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stderr.strip()}")
    temporary.replace(library)
    return library


def _torch_flags() -> Sequence[str]:
    # cpp_extension.include_paths() would do, but importing it looks for a CUDA toolkit.
    root = Path(torch.__file__).parent
    headers = (root / "include", root / "include" / "torch" / "csrc" / "api" / "include")
    libraries = root / "lib"
    return [
        *(flag for header in headers for flag in ("-isystem", str(header))),
        *(f"-L{libraries}", f"-Wl,-rpath,{libraries}", "-ltorch_cpu", "-lc10"),
    ]
