"""Compiles IR text in a process of its own.

LLVM ends the process on many kinds of broken input (a syntax error handed to the code generator, a module that fails
the verifier, an instruction that cannot be selected), and so do some MLIR passes. Text that came from outside therefore
never reaches the compiler inside the caller's process: a child runs the stages, and whatever happens to it arrives here
as an error with the compiler's diagnostics. Results are cached by content (cache.py), so a content pays for its child
once. Tested in tests/python/test_verify.py.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_runner.compiler.levels import BINARY_LEVELS
from triton_runner.compiler.stage_hook import place_of_hook
from triton_runner.compiler.target import Target
from triton_runner.errors import CompileError

if TYPE_CHECKING:
    from triton_runner.compiler.versions.triton_3_6 import Adapter

logger = logging.getLogger(__name__)

_MAX_DIAGNOSTICS = 8000
# What would fill standard error with what are not diagnostics.
_NOT_PASSED_ON = ("PYTHONFAULTHANDLER", "MLIR_ENABLE_DUMP")
_NO_DIALECT = re.compile(r"Dialect `(\w+)' not found")
# Lines of stderr and stdout that say nothing about the source.
_NOISE = re.compile(
    r"PLEASE submit a bug report|Stack dump|^\s*#\d+ 0x|^\s*\d+\.\s+Program arguments|LLVM symbolizer|^Please share"
)


def compile_isolated(
    adapter: Adapter,
    source: str,
    *,
    name: str,
    level: str,
    levels: Sequence[str],
    target: Target,
    options: Mapping[str, Any],
) -> tuple[dict[str, str | bytes], dict[str, Any]]:
    """Lower ``source`` from ``level`` through ``levels``. Returns the artifacts and Triton's metadata."""
    with tempfile.TemporaryDirectory(prefix="triton_runner-") as folder:
        file_name = f"{name}.{level}"
        job = {
            "adapter": adapter.path,
            "stage_hook": place_of_hook(adapter),
            "sys_path": [path for path in sys.path if path],
            "source": file_name,
            "level": level,
            "levels": list(levels),
            "target": [target.backend, target.arch, target.warp_size],
            "options": dict(options),
        }
        Path(folder, "job.json").write_text(json.dumps(job), encoding="utf-8")
        Path(folder, file_name).write_bytes(source.encode())
        finished = run_worker(folder)
        where = f"{name}.{level}: compiling it from {level} to {levels[-1]} for {target.name}"
        result = _read_result(folder, finished, where)
        return _read_artifacts(folder, levels), result["metadata"]


def run_worker(folder: str, python: str = "") -> subprocess.CompletedProcess[str]:
    """Run the worker on the job in ``folder``, with interpreter ``python`` or this one."""
    if not (python or sys.executable):
        raise CompileError(
            "IR text is compiled in a child process, which needs sys.executable; this interpreter has none"
        )
    command = [python or sys.executable, str(Path(__file__).with_name("stage_worker.py")), folder]
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    logger.debug("running %s", command)
    return subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, check=False)


def _read_result(folder: str, finished: subprocess.CompletedProcess[str], where: str) -> dict[str, Any]:
    path = Path(folder, "result.json")
    if finished.returncode != 0 or not path.exists():
        raise CompileError(
            f"{where} ended the compiler ({exit_status(finished.returncode)}):\n{diagnostics(finished.stderr)}"
        )
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if "error" in result:
        logger.debug("the compiler's traceback:\n%s", result["traceback"])
        raise CompileError(f"{where} failed at {result['stage']}: {_explain(result['error'], finished.stderr)}")
    if finished.stderr.strip():
        logger.warning("%s: the compiler says:\n%s", where, diagnostics(finished.stderr))
    return result


def _read_artifacts(folder: str, levels: Sequence[str]) -> dict[str, str | bytes]:
    artifacts: dict[str, str | bytes] = {}
    for level in levels:
        data = Path(folder, f"out.{level}").read_bytes()
        artifacts[level] = data if level in BINARY_LEVELS else data.decode()
    return artifacts


def _explain(error: str, stderr: str) -> str:
    if error == "AssertionError: ":
        # make_ptx asserts that there is exactly one entry.
        error = "the LLVM IR must define exactly one kernel"
    said = diagnostics(stderr)
    return f"{error}\n{said}" if said else error


def diagnostics(text: str) -> str:
    """What the compiler said, without the noise around it."""
    lines = [line for line in text.splitlines() if line.strip() and not _NOISE.search(line)]
    kept = re.sub(r"lineno: (\d+)$", r" (line \1)", "\n".join(lines), flags=re.MULTILINE)
    if missing := _NO_DIALECT.search(kept):
        kept += f"\nthe text needs a plugin of Triton with dialect {missing[1]!r}: install it, and import it first"
        kept += " (pip install triton-utlx; import utlx_plugin)" if missing[1] == "tlx" else ""
    return kept if len(kept) <= _MAX_DIAGNOSTICS else kept[:_MAX_DIAGNOSTICS] + "\n[cut]"


def exit_status(code: int) -> str:
    """How a process ended."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
