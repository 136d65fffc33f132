"""Every operation that yields a value: it is listed, and what is dumped of it is what torch computes."""

import os
import tempfile
from collections import Counter

import pytest
import torch
from kernels import CASES, case_named
from kernels.dump_zoo import N, references, wrong_values, zoo, zoo_arguments
from kernels.plain import compile_plain
from triton._C.libtriton import ir
from triton.backends.compiler import GPUTarget
from triton.compiler import make_backend

from triton_runner import _C

NO_OPERATION = {"argument", "block argument"}


def results_in(text, level, capability):
    """What MLIR itself counts: results by operation."""
    context = ir.context()
    ir.load_dialects(context)
    make_backend(GPUTarget("cuda", capability, 32)).load_dialects(context)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"kernel.{level}")
        with open(path, "w") as file:
            file.write(text)
        module = ir.parse_mlir_module(path, context)
    module.context = context
    found = Counter()
    module.walk(lambda op: found.update({op.get_name(): op.get_num_results()}))
    return +found


def check_all_are_listed(case, capability):
    plain = compile_plain(case, capability)
    for level in {"ttir", "ttgir"} & set(plain.asm):
        slots = _C.list_values(level, plain.asm[level])
        listed = Counter(slot.op for slot in slots if slot.op not in NO_OPERATION)
        assert listed == results_in(plain.asm[level], level, capability), level
        assert all(len(slot.refusal) > 10 for slot in slots if slot.refusal), "a refusal says why"


@pytest.mark.parametrize(
    ("name", "capability"),
    [("attention_causal", 80), ("sort", 80), ("layer_norm_forward", 80), ("tma_host_matmul", 90)],
)
def test_every_result_is_listed(name, capability):
    check_all_are_listed(case_named(name), capability)


@pytest.mark.exhaustive
@pytest.mark.parametrize("capability", [80, 90, 100])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_result_of_the_corpus_is_listed(case, capability):
    if capability >= case.min_capability:
        check_all_are_listed(case, capability)


@pytest.mark.parametrize("level", ["ttir", "ttgir"])
def test_every_operation_against_torch(level):
    x, y, i, j, out, counter = zoo_arguments()
    before = counter.clone()
    dumps = zoo.dump("*", level=level)[(1,)](x, y, i, j, out, counter, N=N)
    alone, counted = torch.zeros(N), before.clone()
    zoo[(1,)](x, y, i, j, alone, counted, N=N)
    assert torch.equal(out.view(torch.int32), alone.view(torch.int32))
    assert torch.equal(counter, counted)
    assert all(dump.exact for dump in dumps.values())
    wrong = wrong_values(dumps, references(x, y, i, j, before))
    assert not wrong, wrong
    seen = {dump.source.op for dump in dumps.values()}
    assert len(seen) > 60, "the zoo still has its animals"
