"""Coloured lines for scripts: ``print`` with an ANSI colour where standard output is a terminal.

Escape codes are left out where the output goes to a file or a pipe, and where NO_COLOR is set.
Tested in tests/python/test_color_print.py.
"""

import os
import sys

_BLUE, _YELLOW, _RED, _RESET = "\033[34m", "\033[33m", "\033[31m", "\033[0m"


def blue_print(*values: object) -> None:
    """Prints `values`, joined by blanks, in blue."""
    _print_in(_BLUE, values)


def yellow_print(*values: object) -> None:
    """Prints `values`, joined by blanks, in yellow."""
    _print_in(_YELLOW, values)


def red_print(*values: object) -> None:
    """Prints `values`, joined by blanks, in red."""
    _print_in(_RED, values)


def _print_in(color: str, values: tuple[object, ...]) -> None:
    text = " ".join(map(str, values))
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        text = f"{color}{text}{_RESET}"
    print(text)
