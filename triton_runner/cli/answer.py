"""What a command answers, how it is printed, and the exit status of what can go wrong.

A command returns an ``Answer``: data for ``--json``, and a function that shows the same to a reader. Errors are one
line on standard error (one JSON object on standard output with ``--json``). Tested in tests/python/test_cli.py.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triton_runner import errors

if TYPE_CHECKING:
    from rich.console import Console

OK = 0
NO = 1  # the command ran, and what it found is not as it should be
USAGE = 2
UNREADABLE = 3
COMPILE_FAILED = 4
UNSUPPORTED = 5
LAUNCH_FAILED = 6
INTERNAL = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130

#: (exit status, what it says), for the help and the documentation.
MEANINGS = (
    (OK, "done"),
    (NO, "done, and the answer is no: a check failed, a difference was found, nothing works here"),
    (USAGE, "the command line or an argument does not fit"),
    (UNREADABLE, "a file, its metadata or the Python module cannot be read"),
    (COMPILE_FAILED, "a stage of the compiler failed"),
    (UNSUPPORTED, "not covered: an option, a target, a Triton version, an instruction"),
    (LAUNCH_FAILED, "the device or its driver refused, or the kernel faulted"),
    (INTERNAL, "a fault of triton_runner itself"),
    (INTERRUPTED, "interrupted"),
)

_STATUS: tuple[tuple[type[BaseException], int], ...] = (
    (errors.InternalError, INTERNAL),
    (errors.ArtifactError, UNREADABLE),
    (errors.MetadataError, UNREADABLE),
    (errors.CompileError, COMPILE_FAILED),
    (errors.UnsupportedError, UNSUPPORTED),
    (errors.ResourceError, LAUNCH_FAILED),
    (errors.DriverError, LAUNCH_FAILED),
    (errors.ExecutionError, LAUNCH_FAILED),
    (errors.Error, USAGE),
    (OSError, UNREADABLE),
    (KeyboardInterrupt, INTERRUPTED),
)

_LONGEST = 600
_FILE_WIDTH = 150  # where the output is no terminal, whose width would be known


class UsageError(errors.ArgumentError):
    """The command line does not fit."""


@dataclass(frozen=True)
class Answer:
    """What a command found."""

    data: dict[str, Any]
    show: Callable[[Console], None]
    status: int = OK


def print_answer(answer: Answer, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_plain(answer.data), indent=2))
        return
    answer.show(make_console())


def print_difference(console: Console, text: str) -> None:
    """A unified difference, in colours where there are any. No line is broken or cut."""
    from rich.text import Text

    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        console.print(Text(line, style=styles.get(line[:1], "")), soft_wrap=True)


def make_console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_FILE_WIDTH)


def status_of(error: BaseException) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), INTERNAL)


def print_error(error: BaseException, program: str, as_json: bool) -> int:
    """Print one line, and return the exit status."""
    status = status_of(error)
    kind = type(error).__name__
    message = _short(" ".join(str(error).split())) or kind
    if as_json:
        print(json.dumps({"error": {"kind": kind, "message": str(error)}, "status": status}, indent=2))
    elif isinstance(error, KeyboardInterrupt):
        print(f"{program}: interrupted", file=sys.stderr)
    else:
        hint = " (--traceback shows where)" if status == INTERNAL else ""
        prefix = "" if isinstance(error, UsageError) else f"{kind}: "
        print(f"{program}: {prefix}{message}{hint}", file=sys.stderr)
    return status


def _short(message: str) -> str:
    """What a compiler has to say can be long."""
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}... (--traceback or --json shows all of it)"


def _plain(value: Any) -> Any:
    """``value`` as JSON can hold it: a float that is no number becomes its text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
