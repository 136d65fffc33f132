"""passes and the edits of a pipeline: the live pipeline, recorded; started, stopped and changed at any pass."""

import dataclasses
import itertools
import re

import pytest
from kernels import case_named
from kernels.plain import source_of

import triton_runner
from triton_runner.compiler.pass_edits import PassEdits
from triton_runner.compiler.pass_runs import run_pipelines
from triton_runner.compiler.pass_source import function_run
from triton_runner.compiler.target import parse_target
from triton_runner.errors import ArgumentError, ArtifactError, CompileError

OPTIONS = {"num_warps": 4, "num_stages": 2}


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def source(name, capability=90):
    case = case_named(name)
    return source_of(case, case.arguments("cpu"), capability)[0]


@pytest.fixture(scope="module")
def matmul():
    """The source of a matmul, its kernel as a straight compile makes it, and its passes."""
    made = source("plain_matmul")
    kernel = triton_runner.compile(made, target="sm_90", options=OPTIONS)
    passes = triton_runner.passes(made, target="sm_90", options=OPTIONS)
    assert "not run" in repr(passes)
    return made, kernel, passes


def compiled(matmul, **edits):
    return triton_runner.compile(matmul[0], target="sm_90", options=OPTIONS, **edits)


def without_comments(module):
    """A module without the locations that we write at its end (compiler/passes/locations.py)."""
    return re.sub(r"^// triton_runner: .*\n", "", module, flags=re.MULTILINE)


def test_the_list_is_the_pipeline_in_order(matmul):
    passes = matmul[2]
    assert [record.position for record in passes] == list(range(1, len(passes) + 1))
    stages = [record.stage for record in passes]
    assert stages == sorted(stages, key=("ttir", "ttgir", "llir").index)
    assert set(stages) == {"ttir", "ttgir", "llir"}
    labels = [record.label for record in passes]
    assert len(set(labels)) == len(labels)
    coalesce = passes.named("coalesce")
    assert (coalesce.mlir_name, coalesce.argument) == ("TritonGPUCoalesce", "tritongpu-coalesce")
    assert passes.named("convert_to_ttgpuir").arguments == ("'cuda:90'", "4", "32", "1")
    assert all(record.mlir_name != record.name for record in passes), "MLIR was asked for every name"
    assert all(record.seconds > 0 for record in passes)


def test_each_module_follows_from_the_one_before(matmul):
    kernel, passes = matmul[1:]
    for before, after in itertools.pairwise(passes):
        assert after.before == before.text
        assert after.changed == (after.text != after.before)
    last = {record.stage: record.text for record in passes}
    assert without_comments(last["ttir"]) == kernel.artifacts["ttir"]
    assert without_comments(last["ttgir"]) == kernel.artifacts["ttgir"]
    assert "llvm.func @plain_matmul_kernel" in last["llir"]


def test_ir_goes_through_the_stages_below_it(matmul):
    kernel, passes = matmul[1:]
    lower = [(p.label, p.changed) for p in passes if p.stage != "ttir"]
    of_ttir = triton_runner.passes(kernel.artifacts["ttir"], target="sm_90", options=OPTIONS)
    assert [(p.label, p.changed) for p in of_ttir] == lower
    of_kernel = triton_runner.passes(kernel, target="sm_90", options=OPTIONS)
    assert [(p.label, p.changed) for p in of_kernel] == lower
    of_ttgir = triton_runner.passes(kernel.artifacts["ttgir"])
    assert [p.label for p in of_ttgir] == [p.label for p in passes if p.stage == "llir"]
    with pytest.raises(ArgumentError, match="passes run on TTIR, TTGIR"):
        len(triton_runner.passes(kernel.artifacts["ptx"]))


def test_options_and_targets_change_the_pipeline(matmul):
    passes = matmul[2]
    four = triton_runner.passes(matmul[0], target="sm_90", options={**OPTIONS, "num_stages": 4}, stop_pass="pipeline")
    assert four[-1].arguments[0] == "4" != passes.named("pipeline").arguments[0]
    turing = triton_runner.passes(source("plain_matmul", 75), target="sm_75", stop_pass="coalesce")
    assert "rewrite_tensor_descriptor_to_pointer" in [record.name for record in turing]
    limited = triton_runner.passes(matmul[0], target="sm_90", options={"maxnreg": 64}, stop_pass="coalesce")
    assert "ttg.maxnreg = 64" in limited[-1].text


def stopped(matmul, names, folder):
    """What stopping at each of ``names`` gives, in one process."""
    job, run = function_run(matmul[0], parse_target("sm_90"), OPTIONS, PassEdits(), record=False)
    runs = [dataclasses.replace(run, edits=PassEdits(stop_pass=name)) for name in names]
    return dict(zip(names, run_pipelines(job, runs, folder).outcomes, strict=True))


NAMES = ("coalesce", "TritonGPUCoalesce", "tritongpu-coalesce", "ttgpuir.coalesce", "add_coalesce", "ttgir:coalesce")


def test_a_pass_has_many_names(matmul, tmp_path):
    passes = matmul[2]
    third = [record for record in passes if record.argument == "canonicalize"][2]
    counted = ("canonicalize#3", "canonicalizer#3", "Canonicalizer#3", "ttgir:canonicalize#2", third.position)
    expected = dict.fromkeys(NAMES, passes.named("coalesce").text) | dict.fromkeys(counted, third.text)
    for name, outcome in stopped(matmul, [*NAMES, *counted], tmp_path).items():
        assert outcome.checked().artifacts["ttgir"] == expected[name], name
        assert list(outcome.artifacts) == ["ttir", "ttgir"]
    before = compiled(matmul, stop_pass="canonicalize#3", stop_before=True)
    assert before.artifacts["ttgir"] == third.before


REFUSED = {
    "coalece": r"no pass 'coalece' in the pipeline of Triton .* for sm_90; nearest: coalesce, TritonGPUCoalesce",
    "canonicalize": r"runs \d times in .*: say which of canonicalizer#1 \(ttir, position 3\), canonicalizer#2",
    "canonicalize#99": r"no pass 'canonicalize#99': it runs \d times",
    "llir:coalesce": "no pass 'llir:coalesce'",
    0: "there is no pass 0",
    999: "there is no pass 999",
}


def test_names_that_fit_nothing(matmul, tmp_path):
    for name, outcome in stopped(matmul, list(REFUSED), tmp_path).items():
        with pytest.raises(ArgumentError, match=REFUSED[name]):
            outcome.checked()


@pytest.mark.parametrize("label", ["coalesce", "to_llvmir"])
def test_resuming_gives_the_same_cubin(matmul, label):
    kernel, passes = matmul[1:]
    record = passes.named(label)
    for text, before in ((record.text, False), (record.before, True)):
        again = triton_runner.compile(
            text, start_pass=label, start_before=before, target="sm_90", options=OPTIONS, metadata=kernel.metadata
        )
        assert again.artifacts["cubin"] == kernel.artifacts["cubin"]
        assert again.spec.to_json() == kernel.spec.to_json() or record.stage == "llir"


def test_leaving_passes_out(matmul):
    kernel = matmul[1]
    labels = [record.label for record in triton_runner.passes(matmul[0], target="sm_90", skip_passes=["canonicalize"])]
    assert not [label for label in labels if label.startswith("canonicalizer")]
    without = compiled(matmul, skip_passes=["coalesce"])
    assert without.artifacts["ttgir"] != kernel.artifacts["ttgir"]
    with pytest.raises(CompileError, match=r"pass \w+ \(position \d+\)|failed at"):
        compiled(matmul, skip_passes="convert_to_ttgpuir")


def test_putting_passes_in(matmul):
    edits = {"insert_after": {"coalesce": ["cse", ("ttgpuir.prefetch",)]}, "insert_before": {"coalesce": "sccp"}}
    records = triton_runner.passes(matmul[0], target="sm_90", options=OPTIONS, **edits)
    names = [record.name for record in records]
    at = names.index("coalesce")
    assert names[at - 1 : at + 3] == ["sccp", "coalesce", "cse", "prefetch"]
    assert [record.inserted for record in records[at - 1 : at + 3]] == [True, False, True, True]
    assert len(names) == len(matmul[2]) + 3
    # One that this pipeline does not run, by its binding; and arguments of one's own.
    compiled(matmul, insert_after={"coalesce": [("warp_specialize", 2)]})
    with pytest.raises(ArgumentError, match="no pass 'no_such_pass' to insert"):
        compiled(matmul, insert_after={"coalesce": "no_such_pass"})
    with pytest.raises(CompileError, match="pass coalesce cannot be added with"):
        compiled(matmul, insert_after={"coalesce": [("coalesce", "an", "argument")]})


def test_going_on_with_an_edited_module(matmul, tmp_path):
    passes = matmul[2]
    record = passes.named("coalesce")
    path = tmp_path / record.file_name()
    path.write_text(record.text)
    assert compiled(matmul, replace_after={"coalesce": path}).artifacts["cubin"] == matmul[1].artifacts["cubin"]
    edited = record.text.replace("dense<0.000000e+00>", "dense<1.000000e+00>")
    assert edited != record.text
    changed = compiled(matmul, replace_after={"coalesce": edited})
    assert "1.000000e+00" in changed.artifacts["ttgir"]
    last = compiled(matmul, replace_after={"coalesce": edited}, stop_pass="coalesce")
    assert "1.000000e+00" in last.artifacts["ttgir"]


def test_edits_that_cannot_be(matmul):
    text = matmul[2].named("coalesce").text
    with pytest.raises(ArgumentError, match="start_pass goes with an MLIR module"):
        compiled(matmul, start_pass="coalesce")
    with pytest.raises(ArgumentError, match="start_before is given without start_pass"):
        compiled(matmul, start_before=True)
    with pytest.raises(ArgumentError, match="leaves nothing to run"):
        triton_runner.compile(text, start_pass="pipeline", stop_pass="coalesce")
    with pytest.raises(ArgumentError, match=r"pass inliner#1 .* is to be edited, but lies before the start"):
        triton_runner.compile(text, start_pass="coalesce", skip_passes=["inliner#1"])
    with pytest.raises(ArtifactError, match="starts from an MLIR module"):
        triton_runner.compile(matmul[1].artifacts["ptx"], start_pass="coalesce")
    with pytest.raises(ArtifactError, match=r"expected an MLIR module"):
        compiled(matmul, replace_after={"coalesce": "no\nmodule"})


def test_a_module_that_does_not_parse(matmul):
    text = matmul[2].named("coalesce").text.replace("tt.func", "tt.fun", 1).replace("scf.for", "tt.func @x scf.for", 1)
    with pytest.raises((CompileError, ArtifactError)):
        triton_runner.compile(text, start_pass="coalesce", target="sm_90")


def test_a_pass_that_fails_is_named_and_the_records_go_up_to_it(matmul):
    broken = matmul[2].named("coalesce").text
    passes = triton_runner.passes(broken, start_pass="canonicalize#1", target="sm_90", options=OPTIONS)
    assert passes.error is None or "pass" in str(passes.error)
    assert passes[0].label == "combine"
