"""The machine code of a cubin as text, where a disassembler is on the machine.

``nvdisasm`` is looked for in PATH, in the installed Triton and in the CUDA toolkit. Its listing names the Python line
of each instruction, as far as the cubin was compiled with line information. Tested in tests/python/test_resources.py.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from triton_runner.errors import ArtifactError

_TIMEOUT_S = 120


def find_tool(name: str) -> Path | None:
    """A program of the CUDA toolkit: in PATH, beside the installed Triton, or in the toolkit's folder."""
    if found := shutil.which(name):
        return Path(found)
    return next((path for folder in _folders() if (path := folder / name).is_file() and os.access(path, os.X_OK)), None)


def _folders() -> Iterator[Path]:
    spec = importlib.util.find_spec("triton")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(place) / "backends" / "nvidia" / "bin"
    for root in (os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda"):
        if root:
            yield Path(root) / "bin"


def disassemble(cubin: bytes, kernel: str) -> str | None:
    """The SASS of ``kernel`` with the lines that it came from; None where there is no nvdisasm."""
    tool = find_tool("nvdisasm")
    if tool is None:
        return None
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [str(tool), "--print-code", "--print-line-info-inline", file.name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise ArtifactError(f"cubin of kernel {kernel!r}: {tool} took over {_TIMEOUT_S} s to read it") from None
    if done.returncode != 0:
        reason = done.stderr.strip() or f"exit status {done.returncode}"
        raise ArtifactError(f"cubin of kernel {kernel!r}: {tool} cannot read it: {reason}")
    return _section_of(done.stdout, kernel)


def _section_of(listing: str, kernel: str) -> str:
    """The code of one kernel, without the directives of the assembler."""
    parts = re.split(r"^//-+ \.text\.(\S+)\s+-+$", listing, flags=re.MULTILINE)
    bodies = dict(zip(parts[1::2], parts[2::2], strict=True))
    body = bodies.get(kernel, listing)
    # The tool leaves room for bundles of instructions, which no GPU of the last ten years has.
    body = re.sub(r"^ {8}(/\*[0-9a-f]+\*/) {10}", r"    \1", body, flags=re.MULTILINE)
    lines = [line.expandtabs(4).rstrip() for line in body.splitlines()]
    return "\n".join(line for line in lines if line and not re.match(r"\s+\.", line)) + "\n"


def instruction_counts(sass: str) -> dict[str, int]:
    """How often each operation occurs, without its modifiers, most frequent first."""
    counts: dict[str, int] = {}
    for line in sass.splitlines():
        match = re.match(r"\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z]\w+)", line)
        if match:
            counts[match[1]] = counts.get(match[1], 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
