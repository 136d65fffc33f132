"""The names of Triton's dialects in MLIR text, which changed once: ``triton_gpu`` became ``ttg`` in 3.3.

What else changed between two versions is the business of whoever parses the text. Tested in
tests/python/test_bisect.py.
"""

from __future__ import annotations

import re

from triton_runner.compiler.versions import number_of

_RENAMED_IN = (3, 3)
_NAMES = (("triton_nvidia_gpu", "ttng"), ("triton_gpu", "ttg"))


def respell(module: str, written_by: str, read_by: str) -> str:
    """The text of a module that Triton ``written_by`` printed, with the names of Triton ``read_by``."""
    old, new = (number_of(version) >= _RENAMED_IN for version in (written_by, read_by))
    if old == new:
        return module
    for before, after in _NAMES:
        found, wanted = (before, after) if new else (after, before)
        module = re.sub(rf"(?<![\w.]){found}(?=\.)", wanted, module)
    return module
