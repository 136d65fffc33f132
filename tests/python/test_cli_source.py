"""What the command line makes of a FILE: which function it names, and the types that it leaves open."""

import pytest
import triton
import triton.language as tl
from kernels import case_named
from kernels.plain import source_of

from triton_runner.cli.guess import guess_signature
from triton_runner.errors import ArgumentError

CORPUS = (
    "vector_add",
    "gelu_erf",
    "seeded_dropout",
    "softmax",
    "layer_norm_forward",
    "layer_norm_backward",
    "plain_matmul",
    "attention",
    "tma_device_matmul",
    "gluon_transpose",
)


@triton.jit
def annotated(x: "*bf16", n: tl.int64, scale: tl.float32, shift=0.5, count=3, mask=None, BLOCK: tl.constexpr = 8):  # noqa: F722
    pass


@triton.jit
def advancing(base, step, start, BLOCK: tl.constexpr):
    here = base + start + tl.arange(0, BLOCK)
    for _ in range(4):
        tl.store(here, tl.load(here) + 1.0)
        here += step


def kind(type_name):
    """Of a pointer only that it is one: what lies behind it the text does not say."""
    return "*" if type_name.startswith("*") else type_name


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus(name):
    case = case_named(name)
    types, constexprs, guessed = guess_signature(case.kernel, {}, case.constexprs, name)
    signature = source_of(case, case.arguments("cpu"), 90)[0].signature
    wanted = {key: kind(found) for key, found in signature.items() if found != "constexpr"}
    assert {key: kind(types[key].split(":")[0]) for key in wanted} == wanted
    assert set(case.constexprs) <= set(constexprs)
    assert set(guessed) == set(types)


def test_what_is_written_down_is_not_guessed():
    types, constexprs, guessed = guess_signature(annotated, {}, {}, "f")
    assert types == {"x": "*bf16", "n": "i64", "scale": "fp32", "shift": "fp32", "count": "i32"}
    assert constexprs == {"mask": None, "BLOCK": 8}
    assert set(guessed) == {"shift", "count"}
    types, constexprs, guessed = guess_signature(annotated, {"n": "i32:16"}, {"BLOCK": 16, "shift": 2.0}, "f")
    assert types["n"] == "i32:16"
    assert constexprs["BLOCK"] == 16
    assert "shift" not in types


def test_types_in_order_leave_constexprs_out():
    types, _, guessed = guess_signature(advancing, ["*fp16", "i32", "i32"], {"BLOCK": 4}, "f")
    assert types == {"base": "*fp16", "step": "i32", "start": "i32"}
    assert guessed == {}
    with pytest.raises(ArgumentError, match="has 4 types, but advancing takes base, step, start"):
        guess_signature(advancing, ["i32"] * 4, {}, "f")


def test_a_pointer_that_a_loop_advances():
    assert guess_signature(advancing, {}, {"BLOCK": 4}, "f")[0] == {"base": "*fp32:16", "step": "i32", "start": "i32"}


def test_what_cannot_be_guessed():
    with pytest.raises(ArgumentError, match="give --constexpr BLOCK=VALUE"):
        guess_signature(advancing, {}, {}, "f")
    case = case_named("tma_host_matmul")
    with pytest.raises(ArgumentError, match="'a' is a tensor descriptor"):
        guess_signature(case.kernel, {}, case.constexprs, "f")


def test_a_constexpr_of_another_name_is_an_error():
    with pytest.raises(ArgumentError, match="WIDTH"):
        triton_compile(WIDTH=3)


def triton_compile(**constexprs):
    import triton_runner

    types, values, _ = guess_signature(advancing, {}, {"BLOCK": 4, **constexprs}, "f")
    triton_runner.compile(advancing, signature=types, constexprs=values, target="sm_80", to="ttir")
