"""What passes did: how each is called, whether it changed the module, and the module after it.

The compiler runs, in a process of its own, when the first pass is asked for. The modules lie in a temporary folder that
lives as long as the list, and each is read when asked for. Tested in tests/python/test_passes.py.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from triton_runner.compiler.pass_runs import Job, Outcome, PipelineRun, Results, run_pipelines, source_name
from triton_runner.errors import CompileError


@dataclass(frozen=True)
class PassRecord:
    """One pass of one compile.

    Attributes:
        name: as Triton adds it, in snake case: ``coalesce``.
        label: the name, with its repetition where the pipeline has several: ``canonicalizer#2``.
        mlir_name: ``TritonGPUCoalesce``; ``argument`` is what ``mlir-opt`` takes, ``tritongpu-coalesce``.
        position: in the pipeline, from 1.
        stage: ``ttir``, ``ttgir`` or ``llir``.
        changed: whether the module's text differs from the one before.
        seconds: of this pass alone.
        arguments: what Triton gave to the pass, as Python writes them.
        inserted: the pass is no part of Triton's pipeline.
    """

    name: str
    label: str
    mlir_name: str
    argument: str
    position: int
    stage: str
    changed: bool
    seconds: float
    arguments: tuple[str, ...]
    inserted: bool
    _text: Path = field(repr=False)
    _before: Path = field(repr=False)
    _owner: Any = field(repr=False, compare=False)  # keeps the folder

    @property
    def text(self) -> str:
        """The module after the pass."""
        return self._text.read_text(encoding="utf-8")

    @property
    def before(self) -> str:
        """The module before the pass."""
        return self._before.read_text(encoding="utf-8")

    def file_name(self, width: int = 2) -> str:
        """``NN-PassName.mlir``, or ``NN-changed-PassName.mlir``."""
        return f"{self.position:0{width}d}-{'changed-' if self.changed else ''}{self.mlir_name}.mlir"


class PassList(Sequence[PassRecord]):
    """The passes of one compile, in order. Nothing runs before the first of them is asked for."""

    def __init__(self, prepare: Callable[[], tuple[Job, PipelineRun]]) -> None:
        self._prepare = prepare
        self._lock = threading.Lock()
        self._records: list[PassRecord] | None = None
        self._outcome = Outcome()

    def _run(self) -> list[PassRecord]:
        with self._lock:
            if self._records is None:
                job, run = self._prepare()
                owner = tempfile.TemporaryDirectory(prefix="triton_runner-passes-")
                results = run_pipelines(job, [run], Path(owner.name))
                self._outcome = results.outcomes[0]
                if not self._outcome.records:
                    self._outcome.checked()
                self._records = records_of(results, Path(owner.name, source_name(job, run, alone=True)), owner)
            return self._records

    @overload
    def __getitem__(self, index: int) -> PassRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[PassRecord]: ...
    def __getitem__(self, index: int | slice) -> PassRecord | list[PassRecord]:
        return self._run()[index]

    def __len__(self) -> int:
        return len(self._run())

    def __iter__(self) -> Iterator[PassRecord]:
        return iter(self._run())

    def named(self, name: str) -> PassRecord:
        """The pass whose label, name or MLIR name is ``name``; the first where it repeats."""
        for record in self._run():
            if name in (record.label, record.name, record.mlir_name, record.argument):
                return record
        raise KeyError(name)

    @property
    def error(self) -> CompileError | None:
        """Why the compile ended early; the records go up to the pass that failed."""
        self._run()
        return self._outcome.error if isinstance(self._outcome.error, CompileError) else None

    def __repr__(self) -> str:
        return f"<{len(self._records)} passes>" if self._records is not None else "<passes, not run yet>"


def records_of(results: Results, source: Path, owner: Any) -> list[PassRecord]:
    """The passes of the one run of ``results``, which began with file ``source``; ``owner`` keeps the files."""
    found, before = [], source
    (outcome,) = results.outcomes
    for entry in outcome.records:
        planned = results.plan[entry["index"]]
        after = outcome.folder / f"module-{entry['text']}.mlir" if entry["text"] >= 0 else source
        own = entry["inserted"]
        found.append(
            PassRecord(
                name=entry["name"],
                label=entry["name"] if own else planned["label"],
                mlir_name=entry["name"] if own else planned["mlir_name"],
                argument="" if own else planned["argument"],
                position=entry["index"] + 1,
                stage=planned["stage"],
                changed=entry["changed"],
                seconds=entry["seconds"],
                arguments=() if own else tuple(planned["arguments"]),
                inserted=own,
                _text=after,
                _before=before,
                _owner=owner,
            )
        )
        before = after
    return found
