"""What a report shows, as one object that JSON can hold, with every text kept once.

Modules repeat most of their lines from pass to pass, so a module is a list of numbers into one table of lines, and so
are the locations of its lines. Tested in tests/python/test_report.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from triton_runner.report.locations import Chain, Located, locate

#: Of what comes after the passes: level of the artifact, its title, and how its locations are written.
OUTPUTS = (("llir", "LLVM IR"), ("ptx", "PTX"), ("amdgcn", "AMDGCN"), ("sass", "SASS"))


class Record(Protocol):
    """What a report needs of a pass (triton_runner.pass_list.PassRecord)."""

    @property
    def label(self) -> str: ...
    @property
    def mlir_name(self) -> str: ...
    @property
    def position(self) -> int: ...
    @property
    def stage(self) -> str: ...
    @property
    def changed(self) -> bool: ...
    @property
    def seconds(self) -> float: ...
    @property
    def text(self) -> str: ...
    @property
    def before(self) -> str: ...


@dataclass(frozen=True)
class Subject:
    """The kernel that a report is about."""

    name: str
    target: str
    triton_version: str
    facts: Mapping[str, Any] = field(default_factory=dict)  # registers, spills, shared, ...: a label and what it is
    options: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)  # level to text


class _Table:
    """Numbers for values, in order of their first use."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]


class _Texts:
    def __init__(self) -> None:
        self.lines, self.chains, self.files = _Table(), _Table(), _Table()
        self.chains.number(())
        self._texts = _Table()
        self.texts: list[dict[str, list[int]]] = []

    def add(self, level: str, text: str) -> int:
        number = self._texts.number((level, text))
        if number == len(self.texts):
            self.texts.append(self._packed(locate(level, text)))
        return number

    def _packed(self, located: Located) -> dict[str, list[int]]:
        return {
            "lines": [self.lines.number(line) for line in located.lines],
            "locs": [self.chains.number(self._chain(chain)) for chain in located.chains],
        }

    def _chain(self, chain: Chain) -> tuple[tuple[int, int], ...]:
        return tuple((self.files.number(file), line) for file, line in chain)


def build_data(records: Iterable[Record], subject: Subject) -> dict[str, Any]:
    """The object that the page is made of."""
    texts = _Texts()
    passes = [
        {
            "name": record.label,
            "mlir": record.mlir_name,
            "stage": record.stage,
            "position": record.position,
            "changed": record.changed,
            "seconds": record.seconds,
            "before": texts.add("mlir", record.before),
            "after": texts.add("mlir", record.text),
        }
        for record in records
    ]
    outputs = [
        {"name": title, "level": level, "text": texts.add(level, subject.outputs[level])}
        for level, title in OUTPUTS
        if level in subject.outputs
    ]
    return {
        "kernel": subject.name,
        "target": subject.target,
        "triton": subject.triton_version,
        "facts": [[label, str(value)] for label, value in subject.facts.items()],
        "options": {name: str(value) for name, value in subject.options.items()},
        "passes": passes,
        "outputs": outputs,
        "texts": texts.texts,
        "lines": texts.lines.values,
        "locs": texts.chains.values,
        "files": _read_files(texts.files.values, texts.chains.values),
    }


def _read_files(paths: Sequence[str], chains: Sequence[tuple[tuple[int, int], ...]]) -> list[dict[str, Any]]:
    """The sources, those that most locations lead to first; a file that is not here is shown by its name alone."""
    used = [0] * len(paths)
    for chain in chains:
        if chain:
            used[chain[-1][0]] += 1  # the outermost frame is in the kernel itself
    found = []
    for number, path in enumerate(paths):
        try:
            lines: list[str] | None = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            lines = None
        found.append({"path": path, "name": Path(path).name, "lines": lines, "used": used[number]})
    return found
