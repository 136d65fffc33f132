"""Writes the generated pages of docs/ anew: `make docs`. A C++ test holds the committed pages to what this writes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("tool_coverage_page", "coverage_page", "opcodes", "opcode_table", "words")


def write_ptx_coverage() -> None:
    """docs/ptx-coverage.md, from the opcode table of the PTX reader."""
    compiler = os.environ.get("CXX", "g++")
    sources = [str(ROOT / "csrc" / "ptx" / f"{name}.cc") for name in SOURCES]
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "coverage_page"
        subprocess.run([compiler, "-std=c++20", f"-I{ROOT / 'csrc'}", *sources, "-o", str(program)], check=True)
        page = subprocess.run([program], check=True, capture_output=True).stdout
    (ROOT / "docs" / "ptx-coverage.md").write_bytes(page)
    print("docs/ptx-coverage.md")


if __name__ == "__main__":
    write_ptx_coverage()
