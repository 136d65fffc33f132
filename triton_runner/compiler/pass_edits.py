"""What a caller wants done to a pipeline: where it starts and stops, which passes are left out, put in, replaced.

The names are looked up in the isolated process, where the pipeline is known (passes/selection.py). Tested in
tests/python/test_passes.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from triton_runner.compiler.artifact import read_source
from triton_runner.errors import ArgumentError, ArtifactError


@dataclass(frozen=True)
class PassEdits:
    """Changes to a pipeline.

    Attributes:
        start_pass: the source is the module after this pass; with ``start_before``, the one before it.
        stop_pass: the last pass to run; with ``stop_before``, the first that is not.
        skip_passes: passes that are left out. A bare name leaves out every repetition.
        insert_before, insert_after: by pass, the pass to put there: a name, ``(name, *arguments)``, or a list of these.
        replace_after: by pass, the module to go on with after it: text or a path.
    """

    start_pass: str | int | None = None
    start_before: bool = False
    stop_pass: str | int | None = None
    stop_before: bool = False
    skip_passes: Sequence[str | int] = ()
    insert_before: Mapping[Any, Any] = field(default_factory=dict)
    insert_after: Mapping[Any, Any] = field(default_factory=dict)
    replace_after: Mapping[Any, Any] = field(default_factory=dict)

    @staticmethod
    def of(options: Mapping[str, Any]) -> PassEdits:
        """Check the keywords of a caller, and read the modules that they name."""
        edits = PassEdits(**{name: value for name, value in options.items() if value is not None})
        for flag in ("start", "stop"):
            if getattr(edits, f"{flag}_before") and getattr(edits, f"{flag}_pass") is None:
                raise ArgumentError(f"{flag}_before is given without {flag}_pass")
        if isinstance(edits.skip_passes, (str, int)):
            edits = dataclasses.replace(edits, skip_passes=[edits.skip_passes])
        for name in ("insert_before", "insert_after", "replace_after"):
            if not isinstance(getattr(edits, name), Mapping):
                raise ArgumentError(f"{name} is {getattr(edits, name)!r}, expected a dict by pass")
        return dataclasses.replace(
            edits, replace_after={name: read_module(module) for name, module in edits.replace_after.items()}
        )

    @property
    def given(self) -> dict[str, Any]:
        """The fields that change anything, as JSON has them."""
        return {
            name: value
            for name, value in (
                ("start_pass", self.start_pass),
                ("start_before", self.start_before or None),
                ("stop_pass", self.stop_pass),
                ("stop_before", self.stop_before or None),
                ("skip_passes", list(self.skip_passes)),
                ("insert_before", _insertions(self.insert_before)),
                ("insert_after", _insertions(self.insert_after)),
                ("replace_after", [list(item) for item in self.replace_after.items()]),
            )
            if value not in (None, [])
        }

    def starting(self, start_pass: str | int | None = None, start_before: bool = False) -> PassEdits:
        """The same edits, with another start."""
        return dataclasses.replace(self, start_pass=start_pass, start_before=start_before)

    def key_parts(self) -> dict[str, Any]:
        """What they add to a cache key."""
        return {"passes": self.given} if self else {}

    def __bool__(self) -> bool:
        return bool(self.given)


NO_EDITS = PassEdits()

#: The keywords of ``compile`` and of a launch that make up a PassEdits.
EDIT_KEYWORDS = tuple(field.name for field in dataclasses.fields(PassEdits))


def read_module(source: Any) -> str:
    """The text of an MLIR module, from text or a path."""
    content, path = read_source(source)
    text = content.decode() if isinstance(content, bytes) else content
    if "tt.func" not in text and "llvm.func" not in text:
        raise ArtifactError(f"{path or 'the given module'}: expected an MLIR module with a tt.func or an llvm.func")
    return text


def _insertions(asked: Mapping[Any, Any]) -> list[Any]:
    """``[pass, [[name, *arguments], ...]]`` of each."""
    several = {key: what if isinstance(what, list) else [what] for key, what in asked.items()}
    return [
        [key, [list(item) if isinstance(item, tuple) else [item] for item in what]] for key, what in several.items()
    ]
