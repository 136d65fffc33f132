"""Launches from between two passes, and bisection, on a GPU: the same code, and times, which the CPU cannot tell."""

import pytest
from kernels import case_named, clone
from kernels.plain import source_of

import triton_runner
from triton_runner.compiler.target import default_target

pytestmark = pytest.mark.gpu
CASE = case_named("softmax")


@pytest.fixture(scope="module")
def passes():
    source = source_of(CASE, CASE.arguments("cuda"), default_target().arch)[0]
    return triton_runner.passes(source, options=CASE.options)


@pytest.mark.parametrize(
    ("keyword", "label"), [("ttir_src", "combine"), ("ttgir_src", "coalesce"), ("llir_src", "to_llvmir")]
)
def test_a_launch_starts_after_a_pass(passes, keyword, label):
    arguments = CASE.arguments("cuda")
    expected = CASE.reference(clone(arguments))
    kernel = CASE.launch(
        triton_runner.jit(CASE.kernel), arguments, **{keyword: passes.named(label).text}, start_pass=label
    )
    CASE.check(arguments, expected)
    straight = triton_runner.compile(source_of(CASE, arguments, default_target().arch)[0], options=CASE.options)
    assert kernel.artifacts["cubin"] == straight.artifacts["cubin"]


def test_a_planted_miscompilation(passes):
    wrong = passes.named("coalesce").text.replace("arith.divf", "arith.mulf")
    found = triton_runner.bisect(
        CASE.kernel,
        {**CASE.arguments("cuda"), **CASE.constexprs},
        lambda **given: CASE.reference(given),
        grid=CASE.grid,
        options=CASE.options,
        rtol=CASE.rtol,
        atol=CASE.atol,
        replace_after={"coalesce": wrong},
    )
    assert found.culprit.label == "coalesce"


def test_times_of_two_option_sets():
    case = case_named("matmul_fp16_s3")
    found = triton_runner.bisect(
        case.kernel,
        {**case.arguments("cuda"), **case.constexprs},
        grid=case.grid,
        metric="time",
        options=case.options,
        against_options={**case.options, "num_stages": 1},
    )
    print(found)
    assert found.baseline.value > 0
    assert all(point.value > 0 for point in found.points if point.verdict != "unknown")
