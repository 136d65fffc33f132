"""Lowers the module after each pass of the suspect pipeline in a way that leaves that pipeline.

``resume``: the other pipeline takes over, at the place that corresponds. Pipelines differ between versions and options,
so places are found by aligning the two lists of passes. ``leave out``: the suspect pipeline itself goes on from the
module before a pass, without that pass. Tested in tests/python/test_bisect.py.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triton_runner.compiler.pass_edits import PassEdits
from triton_runner.compiler.pass_records import PassRecord, records_of
from triton_runner.compiler.pass_runs import Job, Outcome, PipelineRun, Results, run_pipelines, source_name
from triton_runner.compiler.versions.dialects import respell

RESUME, LEAVE_OUT = "resume", "leave out"


@dataclass(frozen=True)
class Suspect:
    """The pipeline under suspicion, after it has run."""

    job: Job
    run: PipelineRun
    records: list[PassRecord]
    outcome: Outcome
    plan: list[dict[str, Any]]

    @property
    def changing(self) -> list[PassRecord]:
        """The passes that can be to blame: those that changed the module."""
        return [record for record in self.records if record.changed]

    @property
    def source(self) -> str:
        return self.run.source


def run_suspect(job: Job, run: PipelineRun, folder: Path, owner: Any) -> Suspect:
    """Run the suspect pipeline with every module kept in ``folder``."""
    folder.mkdir()
    results = run_pipelines(job, [run], folder)
    outcome = results.outcomes[0].checked()
    records = records_of(results, folder / source_name(job, run, alone=True), owner)
    return Suspect(job, run, records, outcome, results.plan)


def resume(suspect: Suspect, job: Job, run: PipelineRun, folder: Path) -> list[Outcome]:
    """The source, then the module after each changing pass, lowered by the pipeline of ``job``.

    ``run`` is that pipeline's run of the source.
    """
    folder.mkdir()
    same = (job.toolchain, job.target, job.options) == (suspect.job.toolchain, suspect.job.target, suspect.job.options)
    plan = suspect.plan if same else plan_of(job, folder / "plan")
    change = suspect.job.toolchain.version, job.toolchain.version
    runs = [PipelineRun(respell(run.source, *change), run.to, run.level, run.edits, drop_passed=True)]
    for record in suspect.changing:
        after = boundary(suspect.plan, plan, record.position)
        text = respell(record.text, *change)
        runs.append(_from(text, after, run.to, run.edits))
    own = folder / "points"
    own.mkdir()
    return run_pipelines(job, runs, own).outcomes


def leave_out(suspect: Suspect, folder: Path) -> list[Outcome]:
    """The suspect pipeline without each changing pass in turn."""
    folder.mkdir()
    run = suspect.run
    runs = [_from(record.before, record.position, run.to, run.edits) for record in suspect.changing]
    return run_pipelines(suspect.job, runs, folder).outcomes if runs else []


def _from(text: str, after: int, to: str, edits: PassEdits) -> PipelineRun:
    """A run of ``text``, taken for the module after pass number ``after`` (0: before the first)."""
    started = edits.starting(start_pass=after) if after else edits.starting(start_pass=1, start_before=True)
    return PipelineRun(text, to, None, started, drop_passed=True)


def plan_of(job: Job, folder: Path) -> list[dict[str, Any]]:
    """The passes of a pipeline, which needs no module."""
    folder.mkdir()
    results: Results = run_pipelines(job, [], folder)
    return results.plan


def boundary(theirs: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]], position: int) -> int:
    """How many passes of ``ours`` correspond to the first ``position`` passes of ``theirs``."""
    first, second = ([(planned["stage"], planned["path"]) for planned in plan] for plan in (theirs, ours))
    reached = 0
    for block in difflib.SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks():
        if block.size and block.a < position:
            reached = block.b + min(block.size, position - block.a)
    return reached
