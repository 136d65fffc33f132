"""Attributes of others that are replaced for a while and put back.

Tested in tests/python/test_backend.py and test_autotune_backend.py.
"""

from __future__ import annotations

from typing import Any

_ABSENT = object()


class Replacements:
    """What was replaced, and by whom it was held; empty while nothing is."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any]] = []  # in the order of replacement

    def __bool__(self) -> bool:
        return bool(self._originals)

    def replace(self, holder: Any, name: str, value: Any) -> None:
        original = vars(holder).get(name, _ABSENT)
        if original is _ABSENT and not isinstance(holder, type):  # a setting of torch, which its module keeps elsewhere
            original = getattr(holder, name)
        self._originals.append((holder, name, original))
        setattr(holder, name, value)

    def undo(self) -> None:
        """Put everything back, the last first."""
        while self._originals:
            holder, name, original = self._originals.pop()
            if original is _ABSENT:
                delattr(holder, name)
            else:
                setattr(holder, name, original)
