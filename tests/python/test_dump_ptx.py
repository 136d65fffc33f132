"""Dump of PTX: any register, per thread, held against what torch computes from the same inputs."""

import re

import pytest
import torch
from kernels import case_named
from kernels.plain import compile_plain, metadata_of, signature_of

import triton_runner
from triton_runner import _C
from triton_runner.errors import ArgumentError, ArtifactError, ResourceError, UnsupportedError

SAXPY = """\
.version 8.0
.target sm_75
.address_size 64
.visible .entry saxpy(.param .u64 x, .param .u64 y, .param .f32 a, .param .u32 n)
.reqntid 128
{
    .reg .pred %p<2>; .reg .b32 %r<5>; .reg .f32 %f<5>; .reg .b64 %rd<6>;
    mov.u32 %r1, %ctaid.x;
    mov.u32 %r2, %tid.x;
    mad.lo.s32 %r3, %r1, 128, %r2;
    ld.param.u32 %r4, [n];
    setp.ge.s32 %p1, %r3, %r4;
    @%p1 bra DONE;
    ld.param.u64 %rd1, [x];
    ld.param.u64 %rd2, [y];
    ld.param.f32 %f1, [a];
    mul.wide.s32 %rd3, %r3, 4;
    add.s64 %rd4, %rd1, %rd3;
    add.s64 %rd5, %rd2, %rd3;
    ld.global.f32 %f2, [%rd4];
    ld.global.f32 %f3, [%rd5];
    fma.rn.f32 %f4, %f1, %f2, %f3;
    st.global.f32 [%rd5], %f4;
DONE:
    ret;
}
"""
N, BLOCK = 300, 128


@pytest.fixture(scope="module")
def saxpy():
    return triton_runner.load(SAXPY, level="ptx", signature={"x": "*fp32", "y": "*fp32", "a": "fp32", "n": "i32"})


def saxpy_inputs():
    torch.manual_seed(0)
    return torch.randn(N), torch.randn(N)


def loaded(name, capability=80):
    """The PTX of a kernel of the corpus, and its runtime arguments."""
    case = case_named(name)
    plain = compile_plain(case, capability)
    kernel = triton_runner.load(
        plain.asm["ptx"], level="ptx", signature=signature_of(plain), metadata=metadata_of(plain)
    )
    arguments = case.arguments("cpu")
    values = [value for name, value in arguments.items() if plain.src.signature[name] != "constexpr"]
    return case, kernel, arguments, values


def test_registers_by_name_against_torch(saxpy):
    x, y = saxpy_inputs()
    before = y.clone()
    dumps = saxpy.dump("%f2", "%f3", "%f4", "%r3", "%p1", "%rd4")[(3,)](x, y, 2.5, N)
    assert list(dumps) == ["%r3", "%p1", "%rd4", "%f2", "%f3", "%f4"], "in program order"
    inside = torch.arange(3 * BLOCK).view(1, 1, 3, BLOCK) < N
    assert torch.equal(dumps["%f2"].valid, inside)
    assert torch.equal(dumps["%f2"].values(), x)
    assert torch.equal(dumps["%f3"].values(), before)
    assert torch.equal(dumps["%f4"].values(), y), "the result is what was stored"
    assert torch.equal(dumps["%r3"].tensor.flatten(), torch.arange(3 * BLOCK, dtype=torch.int32))
    assert torch.equal(dumps["%p1"].tensor, ~inside)
    assert dumps["%p1"].tensor.dtype == torch.bool
    assert torch.equal(dumps["%rd4"].values(), x.data_ptr() + 4 * torch.arange(N))
    assert dumps["%f4"].source.op == "fma.rn.f32"


def test_one_program_alone(saxpy):
    x, y = saxpy_inputs()
    dump = saxpy.dump("%f2", programs=1)[(3,)](x, y, 2.5, N)["%f2"]
    assert dump.tensor.shape == (BLOCK,)
    assert torch.equal(dump.tensor, x[BLOCK : 2 * BLOCK])


def test_by_operation_by_pattern_and_all(saxpy):
    x, y = saxpy_inputs()
    assert list(saxpy.dump("ld.global")[(3,)](x, y, 2.5, N)) == ["%f2", "%f3"]
    assert list(saxpy.dump("ld.global[1]")[(3,)](x, y, 2.5, N)) == ["%f3"]
    assert list(saxpy.dump(re.compile("^%p"))[(3,)](x, y, 2.5, N)) == ["%p1"]
    assert len(saxpy.dump("*")[(3,)](x, y, 2.5, N)) == len(saxpy.dumpable()) == 14


def test_python_lines():
    case, kernel, arguments, values = loaded("vector_add")
    line = next(slot.sources[-1] for slot in kernel.dumpable() if slot.op == "add.f32")
    dumps = kernel.dump(f"{line[0].rpartition('/')[2]}:{line[1]}", op="add.f32")[case.grid](*values)
    sums = torch.cat([dump.tensor.flatten() for dump in dumps.values()])
    assert torch.equal(sums[sums != 0].sort().values, arguments["out_ptr"].sort().values), "masked lanes add 0 and 0"
    assert all(dump.tensor.dtype == torch.float32 for dump in dumps.values())


def test_the_values_that_a_loop_carries():
    """The row that each iteration of the persistent softmax works on: a ragged loop over rows."""
    case, kernel, arguments, values = loaded("softmax")
    rows = values[4]
    dumps = kernel.dump("add.s32")[case.grid](*values)
    programs = case.grid[0]
    # Program 0 starts with row 0; what it adds up for the next iteration is one of these registers.
    want = torch.arange(programs, rows + programs, programs)
    found = [
        name
        for name, dump in dumps.items()
        if dump.tensor.dim() == 5 and torch.equal(dump.tensor[0, 0, 0, 0].long(), want)
    ]
    assert found, "no register holds the row of the next iteration"
    valid = dumps[found[0]].valid
    counts = torch.tensor([len(range(program, rows, programs)) for program in range(programs)])
    assert torch.equal(valid.sum(-1)[0, 0], counts[:, None].expand(-1, valid.shape[3]))
    case.check(arguments, case.reference(case.arguments("cpu")))


def test_matrix_results_in_a_loop():
    """The sum over iterations of what each mma added is the product."""
    case, kernel, arguments, values = loaded("matmul_fp16_s3")
    dumps = kernel.dump("mma")[case.grid](*values)
    assert all(dump.tensor.dtype == torch.float32 and dump.valid.all() for dump in dumps.values())
    last = torch.cat([dump.tensor[..., -1].flatten() for dump in dumps.values()])
    product = arguments["c_ptr"].float().flatten()
    assert set(product.half().tolist()) <= set(last.half().tolist())


def test_accumulators_of_wgmma_where_their_wait_brings_them():
    case, kernel, arguments, values = loaded("matmul_fp16_s3", 90)
    dumps = kernel.dump("wgmma.wait_group")[case.grid](*values)
    assert all(dump.tensor.dtype == torch.float32 and dump.valid.all() for dump in dumps.values())
    brought = torch.cat([dump.tensor.flatten() for dump in dumps.values()])
    assert set(arguments["c_ptr"].flatten().tolist()) <= set(brought.half().tolist())
    case.check(arguments, case.reference(case.arguments("cpu")))


def test_unknown_names_suggest_the_nearest(saxpy):
    x, y = saxpy_inputs()
    with pytest.raises(ArgumentError, match=r"no value %f9; did you mean .*%f"):
        saxpy.dump("%f9")[(3,)](x, y, 2.5, N)


def test_a_register_that_is_written_twice_is_ambiguous():
    case, kernel, _, values = loaded("vector_add")
    assert {"%r1#0", "%r1#1"} <= {slot.name for slot in kernel.dumpable()}
    with pytest.raises(ArgumentError, match=r"%r1 is ambiguous: it is one of %r1#0, %r1#1"):
        kernel.dump("%r1")[case.grid](*values)
    dump = kernel.dump("%r1#1")[case.grid](*values)["%r1#1"]
    assert dump.source.op.startswith("ld.global")
    assert not dump.valid.all(), "a predicated load is recorded where it was executed"


def test_what_is_in_flight_is_refused():
    mma = "wgmma.mma_async.sync.aligned.m64n8k8.f32.tf32.tf32 {%f1, %f2, %f3, %f4}, %rd1, %rd2, 1, 1, 1;"
    text = SAXPY.replace("sm_75", "sm_90a").replace("fma.rn.f32 %f4", f"{mma}\n    fma.rn.f32 %f4")
    kernel = triton_runner.load(text, level="ptx", signature={"x": "*fp32", "y": "*fp32", "a": "fp32", "n": "i32"})
    x, y = saxpy_inputs()
    with pytest.raises(UnsupportedError, match=r"value %f1#1 \(wgmma.*in flight"):
        kernel.dump("%f1#1")[(3,)](x, y, 2.5, N)


def test_over_the_budget_is_an_error_that_says_what_fits(saxpy):
    x, y = saxpy_inputs()
    before = y.clone()
    with pytest.raises(ResourceError, match=r"%f4.*programs= with at most"):
        saxpy.dump("%f4", max_bytes=4000)[(3,)](x, y, 2.5, N)
    assert torch.equal(y, before), "nothing ran"


def test_text_that_is_no_ptx_is_refused_before_anything_runs():
    with pytest.raises(ArtifactError, match=r"PTX line"):
        _C.list_values("ptx", SAXPY.replace("setp.ge.s32 %p1", "setp.ge.s32 %q1"))
    with pytest.raises(ArtifactError):
        _C.dump_values("ptx", "garbage", "", [0])
    once, _ = _C.dump_values("ptx", SAXPY, "", [0], 4)
    with pytest.raises(ArtifactError, match="result of a dump"):
        _C.dump_values("ptx", once, "", [0], 4)


@pytest.mark.parametrize("level", ["llir", "ptx"])
@pytest.mark.parametrize(("name", "capability"), [("matmul_fp16_s3", 90), ("tma_host_matmul", 100), ("cluster", 90)])
def test_the_assembler_takes_a_dump_of_everything(name, capability, level):
    """Also where no CPU runs it: wgmma, tcgen05 and clusters, through ptxas."""
    plain = compile_plain(case_named(name), capability)
    text = plain.asm[level]
    slots = _C.list_values(level, text)
    chosen = [index for index, slot in enumerate(slots) if not slot.refusal]
    spec = triton_runner.load(
        plain.asm["ptx"], level="ptx", signature=signature_of(plain), metadata=metadata_of(plain)
    ).spec
    visible = sum(1 for index, _, _ in _C.layout(spec) if index >= 0)
    edited, _ = _C.dump_values(level, text, "", chosen, visible, spec.num_ctas)
    kernel = triton_runner.compile(
        edited,
        level=level,
        signature={**signature_of(plain), "triton_runner_dump": "*i8:16"},
        metadata=metadata_of(plain),
        target=f"sm_{capability}",
        to="cubin",
    )
    assert kernel.artifacts["cubin"][:4] == b"\x7fELF"
    assert len(chosen) > 20
