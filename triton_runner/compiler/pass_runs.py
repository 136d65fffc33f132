"""Runs pipelines pass by pass in the isolated compiler process, and brings back what they made.

Several runs share one process, since starting Triton takes longer than most passes. A run that ends the process costs
the others nothing: a new one goes on after it. Tested in tests/python/test_passes.py.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triton_runner.compiler.isolate import diagnostics, exit_status, run_worker
from triton_runner.compiler.levels import BINARY_LEVELS
from triton_runner.compiler.pass_edits import PassEdits
from triton_runner.compiler.target import Target
from triton_runner.compiler.toolchain import Toolchain
from triton_runner.errors import ArgumentError, CompileError


@dataclass(frozen=True)
class PipelineRun:
    """One module that is to be lowered. ``level`` is where it lies; None is above the first pass."""

    source: str
    to: str
    level: str | None = None
    edits: PassEdits = field(default_factory=PassEdits)
    record: bool = False
    drop_passed: bool = False  # edits of passes before the start are forgotten rather than refused


@dataclass(frozen=True)
class Outcome:
    """What a run made. ``error`` says why it failed; then there is nothing else but the records up to there."""

    artifacts: dict[str, str | bytes] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    folder: Path = Path()
    error: CompileError | ArgumentError | None = None

    def checked(self) -> Outcome:
        if self.error is not None:
            raise self.error
        return self


@dataclass(frozen=True)
class Job:
    """The pipeline that all runs of a job go through."""

    toolchain: Toolchain
    target: Target
    options: Mapping[str, Any]
    name: str  # of the kernel
    gluon: bool = False

    @property
    def pipeline(self) -> str:
        return f"the pipeline of Triton {self.toolchain.version} for {self.target.name}"


@dataclass(frozen=True)
class Results:
    plan: list[dict[str, Any]]  # the passes of the whole pipeline
    outcomes: list[Outcome]


def source_name(job: Job, run: PipelineRun, *, alone: bool, number: int = 0) -> str:
    """The file that the source of a run lies in. Locations of hand-written MLIR name it, so one kernel has one name."""
    return f"{job.name}.{run.level or 'source'}" if alone else f"run-{number}/{job.name}.mlir"


def run_pipelines(job: Job, runs: Sequence[PipelineRun], folder: Path) -> Results:
    """Do ``runs`` in ``folder``, where the modules of recorded passes stay. Without any, learn the pipeline."""
    _write_job(job, runs, folder)
    outcomes: list[Outcome | None] = [None] * len(runs)
    while True:
        finished = run_worker(str(folder), job.toolchain.python)
        for number, outcome in enumerate(outcomes):
            if outcome is None and (folder / f"run-{number}" / "result.json").exists():
                outcomes[number] = _outcome(job, runs[number], folder / f"run-{number}", finished.stderr)
        if finished.returncode != 0 or None in outcomes:
            _blame(job, outcomes, folder, finished.returncode, finished.stderr)
        if None not in outcomes:
            break
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return Results(plan, [outcome for outcome in outcomes if outcome is not None])


def run_alone(job: Job, run: PipelineRun) -> Outcome:
    """Do one run, of which only the artifacts and the metadata are wanted; raises where it fails."""
    with tempfile.TemporaryDirectory(prefix="triton_runner-") as folder:
        return run_pipelines(job, [run], Path(folder)).outcomes[0].checked()


def _write_job(job: Job, runs: Sequence[PipelineRun], folder: Path) -> None:
    described = []
    for number, run in enumerate(runs):
        own = folder / f"run-{number}"
        own.mkdir()
        source = source_name(job, run, alone=len(runs) == 1, number=number)
        (folder / source).write_bytes(run.source.encode())
        edits = run.edits.given
        for index, replaced in enumerate(edits.get("replace_after", [])):
            path = f"run-{number}/replace-{index}.mlir"
            (folder / path).write_bytes(replaced[1].encode())
            replaced[1] = path
        edits["drop_passed"] = run.drop_passed
        described.append({"source": source, "level": run.level, "to": run.to, "edits": edits, "record": run.record})
    text = json.dumps(
        {
            "adapter": job.toolchain.adapter,
            "stage_hook": job.toolchain.stage_hook,
            "sys_path": job.toolchain.sys_path,
            "target": [job.target.backend, job.target.arch, job.target.warp_size],
            "options": dict(job.options),
            "gluon": job.gluon,
            "pipeline": job.pipeline,
            "runs": described,
        }
    )
    (folder / "job.json").write_text(text, encoding="utf-8")


def _outcome(job: Job, run: PipelineRun, folder: Path, stderr: str) -> Outcome:
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    records = result.get("records", [])
    if "refused" in result:
        return Outcome(error=ArgumentError(f"kernel {job.name!r}: {result['refused']}"))
    if "error" in result:
        said = diagnostics(stderr)
        text = f"kernel {job.name!r}: compiling it for {job.target.name} failed at {result['stage']}: {result['error']}"
        return Outcome(records=records, folder=folder, error=CompileError(f"{text}\n{said}" if said else text))
    artifacts: dict[str, str | bytes] = {}
    for level in result["levels"]:
        data = (folder / f"out.{level}").read_bytes()
        artifacts[level] = data if level in BINARY_LEVELS else data.decode()
    return Outcome(artifacts, result["metadata"], records, folder)


def _blame(job: Job, outcomes: list[Outcome | None], folder: Path, code: int, stderr: str) -> None:
    """The first run without a result is the one that ended the process."""
    if not (folder / "plan.json").exists():
        raise CompileError(f"{job.pipeline} cannot be read ({exit_status(code)}):\n{diagnostics(stderr)}")
    number = next((index for index, outcome in enumerate(outcomes) if outcome is None), None)
    if number is None:
        return
    at = folder / f"run-{number}" / "at.txt"
    where = at.read_text(encoding="utf-8") if at.exists() else "the source"
    error = CompileError(
        f"kernel {job.name!r}: compiling it for {job.target.name} ended the compiler ({exit_status(code)}) at "
        f"{where}:\n{diagnostics(stderr)}"
    )
    outcomes[number] = Outcome(error=error)
    shutil.rmtree(folder / f"run-{number}")
    (folder / f"run-{number}").mkdir()
    (folder / f"run-{number}" / "result.json").write_text(json.dumps({"refused": "ended the compiler"}))
