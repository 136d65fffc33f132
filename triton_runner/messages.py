"""The one line that a launch prints for a kernel that it has not launched before.

$TRITON_RUNNER_QUIET=1 or ``set_launch_message(False)`` turns it off. Tested in tests/python/test_jit.py.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_NAMES = {"python": "Python", "ttir": "TTIR", "ttgir": "TTGIR", "llir": "LLIR", "ptx": "PTX", "cubin": "cubin"}
_enabled = True


def set_launch_message(enabled: bool) -> None:
    """Turn the line on or off for this process."""
    global _enabled
    _enabled = bool(enabled)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No line while this is open, for programs whose standard output is an answer."""
    global _enabled
    before, _enabled = _enabled, False
    try:
        yield
    finally:
        _enabled = before


def announce(name: str, level: str, target: str, folder: Path | None, from_cache: bool) -> None:
    """Say which level of kernel ``name`` is launched, and where its artifacts lie."""
    if not _enabled or os.environ.get("TRITON_RUNNER_QUIET", "") not in ("", "0"):
        return
    where = f"cache {'hit' if from_cache else 'miss'}, {folder}" if folder else "not cached"
    print(f"[triton_runner] {name} from {_NAMES.get(level, level)} for {target} ({where})", flush=True)
