"""bisect: planted miscompilations and resource regressions are found, in the pass where they were planted."""

import sys
import sysconfig

import pytest
import torch
from kernels import case_named
from kernels.plain import source_of

import triton_runner
from triton_runner.bisection.judges import against
from triton_runner.bisection.pipelines import boundary
from triton_runner.bisection.result import without_locations
from triton_runner.compiler.passes.locations import restore_locations
from triton_runner.compiler.toolchain import Toolchain
from triton_runner.compiler.versions.dialects import respell
from triton_runner.errors import ArgumentError, UnsupportedError

CASE = case_named("softmax")
TOLERANCE = {"rtol": CASE.rtol, "atol": CASE.atol}


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def passes():
    source = source_of(CASE, CASE.arguments("cpu"), 80)[0]
    return triton_runner.passes(source, target="sm_80", options=CASE.options)


def reference(**arguments):
    return CASE.reference(arguments)


def bisect(kernel=None, wanted=reference, **keywords):
    arguments = {**CASE.arguments("cpu"), **(CASE.constexprs if kernel is None else {})}
    before = {name: value.clone() for name, value in arguments.items() if isinstance(value, torch.Tensor)}
    found = triton_runner.bisect(
        kernel or CASE.kernel, arguments, wanted, grid=CASE.grid, **{**TOLERANCE, "options": CASE.options, **keywords}
    )
    for name, value in before.items():
        assert torch.equal(arguments[name], value), f"{name} is the caller's"
    return found


PLANTED = [  # pass, what its module says, and what it is made to say
    ("combine", "arith.subf", "arith.mulf"),
    ("remove_layout_conversions#1", "arith.divf", "arith.mulf"),
    ("to_llvmir", "llvm.fsub", "llvm.fmul"),
]


@pytest.mark.parametrize(("label", "right", "wrong"), PLANTED, ids=[row[0] for row in PLANTED])
def test_a_planted_miscompilation(passes, label, right, wrong):
    module = passes.named(label).text
    assert right in module
    found = bisect(replace_after={label: module.replace(right, wrong)})
    assert found
    assert (found.culprit.label, found.method, found.baseline.verdict) == (label, "resume", "bad")
    verdicts = {point.what: point.verdict for point in found.points}
    order = [record.label for record in passes]
    assert all(
        verdict == ("bad" if name in order and order.index(name) >= order.index(label) else "good")
        for name, verdict in verdicts.items()
    )
    removed = [line for line in found.diff().splitlines() if line.startswith("-") and right in line]
    added = [line for line in found.diff().splitlines() if line.startswith("+") and wrong in line]
    assert added
    assert removed or label == "to_llvmir"  # before which there is no such operation
    assert found.culprit.mlir_name in str(found)
    assert found.to_json()["culprit"]["position"] == passes.named(label).position


def test_leaving_out_the_pass_that_breaks(passes):
    module = passes.named("coalesce").text.replace("arith.divf", "arith.mulf")
    found = bisect(replace_after={"coalesce": module}, leave_out=True)
    assert (found.culprit.label, found.method) == ("coalesce", "leave out")
    assert "without coalesce (TritonGPUCoalesce, ttgir" in found.conclusion
    unknown = {point.what for point in found.points if point.verdict == "unknown"}
    assert "to_llvmir" in unknown, "LLVM cannot take what this pass would have lowered"


def test_ir_that_is_wrong_from_the_start_blames_no_pass(passes):
    module = passes.named("loop_unroll").text.replace("arith.divf", "arith.mulf")
    expected = reference(**CASE.arguments("cpu"))
    found = bisect(module, expected, target="sm_80", start_pass="loop_unroll")
    assert not found
    assert "the result is wrong without each of them too" in found.conclusion
    assert found.diff() == ""


def test_a_kernel_that_is_right(passes):
    found = bisect(passes.named("loop_unroll").text, start_pass="loop_unroll", target="sm_80", leave_out=True)
    assert not found
    assert found.baseline.verdict == "good"
    assert "nothing is wrong" in found.conclusion


@pytest.mark.parametrize("place", ["folder", "interpreter"])
def test_another_triton_takes_over(passes, place):
    where = sysconfig.get_path("purelib") if place == "folder" else sys.executable
    toolchain = Toolchain.at(where)
    assert toolchain.version == Toolchain.installed().version
    module = passes.named("coalesce").text.replace("arith.divf", "arith.mulf")
    # Without a reference, what the other Triton computes is right.
    found = bisect(wanted=None, replace_after={"coalesce": module}, triton=where)
    assert found.culprit.label == "coalesce"


def test_no_such_triton(tmp_path):
    with pytest.raises(ArgumentError, match="there is no Triton in it"):
        Toolchain.at(tmp_path)
    with pytest.raises(ArgumentError, match="expected a folder with a Triton in it, or a Python interpreter"):
        Toolchain.at(tmp_path / "nothing")


def test_shared_memory_of_two_option_sets():
    case = case_named("matmul_fp16_s3")
    arguments = {**case.arguments("cpu"), **case.constexprs}
    fewer = {**case.options, "num_stages": 2}
    found = triton_runner.bisect(
        case.kernel, arguments, grid=case.grid, metric="shared", options=case.options, against_options=fewer
    )
    source = source_of(case, case.arguments("cpu"), 80)[0]
    ends = [
        triton_runner.compile(source, target="sm_80", to="ptx", options=o).spec.shared for o in (case.options, fewer)
    ]
    assert [found.baseline.value, found.points[0].value] == ends
    assert found.culprit.name in ("assign_latencies", "schedule_loops", "pipeline")
    assert found.culprit.changed


def test_registers_of_two_option_sets():
    found = bisect(wanted=None, metric="registers", against_options={**CASE.options, "num_warps": 8})
    assert found.baseline.value > 0
    assert found.culprit is None or found.culprit.changed


def test_what_is_refused():
    with pytest.raises(ArgumentError, match="metric is 'speed', expected one of values, time"):
        bisect(metric="speed")
    with pytest.raises(ArgumentError, match=r"nothing to compare with: give a second Triton .* or a reference"):
        bisect(wanted=None)
    with pytest.raises(ArgumentError, match="nothing to compare with"):
        bisect(metric="shared")
    with pytest.raises(UnsupportedError, match="needs tensors on a GPU"):
        bisect(wanted=None, metric="time", against_options={})
    with pytest.raises(ArgumentError, match="level goes with IR, but the kernel is a Python function"):
        bisect(level="ttir")
    with pytest.raises(ArgumentError, match="expected a dict of tensors by parameter"):
        bisect(wanted=3, leave_out=True)
    with pytest.raises(ArgumentError, match="the reference has 'other', which is no argument"):
        bisect(wanted={"other": torch.zeros(1)}, leave_out=True)


def test_places_correspond_between_pipelines():
    def plan(*names):
        return [{"stage": "ttgir", "path": name} for name in names]

    ours, theirs = plan("a", "x", "b", "c", "d"), plan("a", "b", "c", "y", "d", "z")
    assert [boundary(theirs, ours, position) for position in range(7)] == [0, 1, 3, 4, 4, 5, 5]


def test_on_which_side_a_value_lies():
    assert [against(value, 10, 20) for value in (9, 14, 16, 30, None)] == ["good", "good", "bad", "bad", "unknown"]
    assert [against(value, 10, 10) for value in (10, None)] == ["good", "unknown"]


def test_a_triton_without_locations_reads_what_one_with_them_wrote(tmp_path):
    class Block:
        def id(self):
            return 1

        def get_num_arguments(self):
            return 1

        def get_argument(self, index):
            return object()

    class Operation:
        def get_block(self):
            return Block()

    class Module:
        def walk(self, visit):
            visit(Operation())

    path = tmp_path / "module.mlir"
    path.write_text('// triton_runner: 1 blocks\n// triton_runner: arguments of block 0: ["loc(unknown)"]\n')
    restore_locations(Module(), str(path), ir=None)


def test_dialects_are_respelled():
    old = '#b = #triton_gpu.blocked<{}> module {"triton_gpu.num-warps" = 4} triton_nvidia_gpu.fence a.triton_gpu.b'
    new = '#b = #ttg.blocked<{}> module {"ttg.num-warps" = 4} ttng.fence a.triton_gpu.b'
    assert respell(old, "3.2.0", "3.3.1") == new
    assert respell(new, "3.6.0", "3.1.0") == old
    assert respell(old, "3.0.0", "3.2.0") == old


def test_locations_are_left_out():
    line = '  %a = arith.addf %b, %c : f32 loc(callsite("x"("f.py":1:2) at #loc3)) // loc'
    assert without_locations(f"#loc = loc(unknown)\n{line}") == "  %a = arith.addf %b, %c : f32 // loc"
