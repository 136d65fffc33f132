"""Text that is cut, swapped or overwritten at any place: our errors or an edit, never a crash, never a wrong kind.

A thousand variants of real text at each level, the same in every run; tests/fuzz/dump_edits.cc looks for more.
"""

import random

import pytest
from kernels import case_named
from kernels.plain import compile_plain

from triton_runner import _C
from triton_runner.errors import ArgumentError, ArtifactError, UnsupportedError

LEVELS = ("ttir", "ttgir", "llir", "ptx")
REFUSALS = (ArgumentError, ArtifactError, UnsupportedError)
VARIANTS = 250


def variants(text):
    """Cut short, lines dropped, doubled or swapped, and bytes overwritten."""
    generator = random.Random(0)
    lines = text.splitlines(keepends=True)
    for _ in range(VARIANTS):
        yield text[: generator.randrange(len(text))]
        one, two = sorted(generator.sample(range(len(lines)), 2))
        yield "".join(lines[:one] + lines[one + 1 :])
        yield "".join([*lines[:one], lines[two], *lines[one + 1 : two], lines[one], *lines[two + 1 :]])
        at = generator.randrange(len(text))
        yield text[:at] + generator.choice("%#@!(){}[]<>:=,;0x\n\0\xff ") + text[at + 1 :]


def values_or_refusal(level, text):
    try:
        return _C.list_values(level, text)
    except REFUSALS:
        return None


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["softmax", "matmul_fp16_s2"])
def test_broken_text_is_refused_or_edited(name, level):
    text = compile_plain(case_named(name), 80).asm[level]
    assert values_or_refusal(level, text), "the text as it is lists values"
    read = 0
    for variant in variants(text):
        slots = values_or_refusal(level, variant)
        if not slots:
            continue
        read += 1
        chosen = [index for index, slot in enumerate(slots) if not slot.refusal]
        try:
            edited, stored = _C.dump_values(level, variant, "", chosen, 0)
        except REFUSALS:
            continue
        assert len(stored) == len(chosen)
        assert not chosen or edited != variant
    assert read > VARIANTS // 2, "most variants are still text of that form"


@pytest.mark.parametrize("level", LEVELS)
def test_numbers_that_no_value_has(level):
    text = compile_plain(case_named("vector_add"), 80).asm[level]
    with pytest.raises(ArgumentError):
        _C.dump_values(level, text, "", [10**6])


@pytest.mark.parametrize("level", LEVELS)
def test_a_kernel_that_the_text_has_not(level):
    text = compile_plain(case_named("vector_add"), 80).asm[level]
    with pytest.raises(ArtifactError, match=r"no kernel '?other'?.*it has:? "):
        _C.list_values(level, text, "other")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("text", ["", "\0", "no text of that kind", "{" * 5000])
def test_no_text_at_all(level, text):
    with pytest.raises(REFUSALS):
        _C.dump_values(level, text, "", [0])


def test_no_such_level():
    with pytest.raises(UnsupportedError, match="expected ttir, ttgir, llir or ptx"):
        _C.list_values("cubin", "x")
