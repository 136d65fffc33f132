"""Selectors, on the slots of a small TTGIR text."""

import re

import pytest

from triton_runner import _C
from triton_runner.dump.selection import key_of, select
from triton_runner.errors import ArgumentError, UnsupportedError

TEXT = """#loc = loc("/src/soft.py":30:0)
module {
  tt.func public @k(%p: !tt.ptr<f32> loc("p"(#loc)), %n: i32 loc("n"(#loc))) {
    %x = tt.load %p : !tt.ptr<f32> loc(#loc2)
    %y = tt.load %p : !tt.ptr<f32> loc(#loc1)
    %acc = arith.addf %x, %y : f32 loc(#loc3)
    %both:2 = scf.if %n -> (f32, f32) {
      %t = math.exp %acc : f32 loc(#loc1)
      scf.yield %t, %x : f32, f32
    } else {
      %t = math.exp2 %acc : f32 loc(#loc1)
      scf.yield %t, %y : f32, f32
    }
    %token = ttg.async_wait %n {num = 0 : i32}
    tt.return
  }
}
#loc1 = loc("/src/soft.py":31:4)
#loc2 = loc(callsite("lib.py":7:0 at #loc1))
#loc3 = loc("total"(#loc1))
"""


@pytest.fixture
def slots():
    return _C.list_values("ttgir", TEXT)


def names(slots, *selectors, op=None):
    return [slots[i].name for i in select(slots, selectors, op)]


def test_names(slots):
    assert names(slots, "%acc", "%both#1") == ["%acc", "%both#1"]
    assert names(slots, "%t@11") == ["%t"]
    assert slots[select(slots, ["%t@11"])[0]].op == "math.exp2"
    assert key_of(slots, select(slots, ["%t@11"])[0]) == "%t@11"
    assert key_of(slots, select(slots, ["%acc"])[0]) == "%acc"


def test_operations(slots):
    assert names(slots, "tt.load") == ["%x", "%y"]
    assert names(slots, "tt.load[1]") == ["%y"]
    assert names(slots, "tt.load[-1]") == ["%y"]
    assert names(slots, "math") == ["%t", "%t"]
    assert names(slots, op="tt.load") == ["%x", "%y"]
    assert names(slots, "%x", "%acc") == names(slots, "%acc", "%x") == ["%x", "%acc"]


def test_lines_and_variables(slots):
    assert names(slots, "soft.py:31") == ["%x", "%y", "%acc", "%t", "%t"]
    assert names(slots, "lib.py:7") == ["%x"]
    assert names(slots, ":30") == ["%p", "%n"]
    assert names(slots, "/src/soft.py:31", op="arith.addf") == ["%acc"]
    assert names(slots, "total") == ["%acc"]


def test_regular_expressions(slots):
    assert names(slots, re.compile("^%[xy]$")) == ["%x", "%y"]
    assert names(slots, "/exp2?$/") == ["%t", "%t"]


def test_everything_leaves_out_what_cannot_be(slots):
    every = names(slots, "*")
    assert every == names(slots)
    assert "%token" not in every
    assert len(every) == len(slots) - 1


@pytest.mark.parametrize(
    ("selector", "error", "message"),
    [
        ("%ac", ArgumentError, "there is no value %ac; did you mean %acc"),
        ("%t", ArgumentError, r"%t is ambiguous: it is one of %t@8 \(math.exp\), %t@11 \(math.exp2\)"),
        ("%both", ArgumentError, "%both is ambiguous: it is one of %both#0, %both#1"),
        (
            "%token",
            UnsupportedError,
            r"value %token \(ttg.async_wait, IR line 14\) cannot be dumped: a token carries no data",
        ),
        ("ttg.async_wait", UnsupportedError, "a token carries no data"),
        ("tt.lod", ArgumentError, "did you mean tt.load"),
        ("tt.load[2]", ArgumentError, "there are 2 of them, counted from 0"),
        ("soft.py:99", ArgumentError, r"no value is selected by 'soft.py:99'"),
        ("/(/", ArgumentError, "is no regular expression"),
        (3, ArgumentError, "a selector is a string or a regular expression, found 3"),
        ("zzzzzzz", ArgumentError, r"kernel.dumpable\(\) lists the 10 values"),
    ],
)
def test_what_selects_nothing(slots, selector, error, message):
    with pytest.raises(error, match=message):
        select(slots, [selector])


def test_an_operation_narrows_all_but_names(slots):
    assert names(slots, "%x", "soft.py:31", op="arith.addf") == ["%x", "%acc"]
    with pytest.raises(ArgumentError, match=r"selected by 'total' among the results of tt\.load"):
        select(slots, ["total"], "tt.load")
