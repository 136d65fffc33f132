"""The one line that a launch prints for a kernel that it has not launched before.

$TRITON_RUNNER_QUIET=1 or ``set_launch_message(False)`` turns it off. Tested in tests/python/test_jit.py.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

_NAMES = {"python": "Python", "ttir": "TTIR", "ttgir": "TTGIR", "llir": "LLIR", "ptx": "PTX", "amdgcn": "AMDGCN"}
_enabled = True
_silenced = 0  # by how many
_lock = threading.Lock()


def set_launch_message(enabled: bool) -> None:
    """Turn the line on or off for this process."""
    global _enabled
    _enabled = bool(enabled)


def announce(name: str, level: str, target: str, folder: Path | None, from_cache: bool) -> None:
    """Say which level of kernel ``name`` is launched, and where its artifacts lie."""
    where = f"cache {'hit' if from_cache else 'miss'}, {folder}" if folder else "not cached"
    say(f"{name} from {_NAMES.get(level, level)} for {target} ({where})")


def say(line: str) -> None:
    """Print a line, unless lines are off."""
    if is_on():
        print(f"[triton_runner] {line}", flush=True)


def is_on() -> bool:
    return _enabled and not _silenced and os.environ.get("TRITON_RUNNER_QUIET", "") in ("", "0")


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No line from any thread while this is open: for work that reports on its own, and for programs whose standard
    output is an answer."""
    global _silenced
    with _lock:
        _silenced += 1
    try:
        yield
    finally:
        with _lock:
            _silenced -= 1
