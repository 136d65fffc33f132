"""A compile that is taken up again after any pass ends in the very bytes of the straight run.

One process does all runs of a kernel, so that a sweep costs seconds and not minutes. The exhaustive one goes through
every pass of four kernels and three targets; each run of CI through a few passes of one.
"""

import itertools

import pytest
from kernels import case_named
from kernels.plain import source_of

from triton_runner.compiler.pass_edits import PassEdits
from triton_runner.compiler.pass_runs import PipelineRun, run_pipelines
from triton_runner.compiler.pass_source import function_run
from triton_runner.compiler.pipeline import compile
from triton_runner.compiler.target import parse_target

KERNELS = ("plain_matmul", "matmul_fp16_s3", "softmax", "attention_causal", "tma_device_matmul", "tma_host_matmul")
TARGETS = {name: parse_target(name) for name in ("sm_80", "sm_90", "gfx942")}
LAST = {"cuda": "cubin", "hip": "hsaco"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path / "cache"))


def sweep(name, target, folder, wanted, to):
    """The straight run of a case, and how many resumes after the passes that ``wanted`` picks gave something else."""
    case = case_named(name)
    source = source_of(case, case.arguments("cpu"), 90 if target.backend == "hip" else target.arch)[0]
    job, run = function_run(source, target, case.options, PassEdits(), record=True, to=to)
    (folder / "straight").mkdir()
    results = run_pipelines(job, [run], folder / "straight")
    straight = results.outcomes[0].checked()
    assert straight.artifacts[to] == compile(source, target=target, options=case.options, to=to).artifacts[to]
    records = [record for record in straight.records if wanted(record)]
    assert records
    resumes = [
        PipelineRun(text_after(straight, record, run), to, None, PassEdits(start_pass=record["index"] + 1))
        for record in records
    ]
    (folder / "resumes").mkdir()
    outcomes = run_pipelines(job, resumes, folder / "resumes").outcomes
    different = []
    for record, outcome in zip(records, outcomes, strict=True):
        outcome.checked()
        if outcome.artifacts[to] != straight.artifacts[to]:
            different.append(results.plan[record["index"]]["label"])
        # What a module does not say of itself is the one thing that may be missing.
        for key, value in outcome.metadata.items():
            assert straight.metadata[key] == value, key
    assert not different, f"{len(different)} of {len(records)} resumes differ: {different}"
    return len(records)


def text_after(outcome, record, run):
    return (outcome.folder / f"module-{record['text']}.mlir").read_text() if record["text"] >= 0 else run.source


def test_a_few_passes_of_a_matmul(tmp_path):
    count = itertools.count()
    done = sweep("tma_host_matmul", TARGETS["sm_90"], tmp_path, lambda _: next(count) % 9 == 0, "ptx")
    assert done >= 7


def test_a_few_passes_for_an_amd_gpu(tmp_path):
    count = itertools.count()
    assert sweep("softmax", TARGETS["gfx942"], tmp_path, lambda _: next(count) % 11 == 0, "hsaco") >= 5


@pytest.mark.exhaustive
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", KERNELS)
def test_every_pass(name, target, tmp_path, record_property):
    arch = TARGETS[target]
    done = sweep(name, arch, tmp_path, lambda _: True, LAST[arch.backend])
    record_property("passes", done)
    print(f"{name} for {target}: the same bytes after each of {done} passes")
