"""Dump of LLVM IR: any value, per thread, compiled by LLVM and run, held against torch."""

import pytest
import torch
from kernels import case_named
from kernels.plain import compile_plain, signature_of, write_folder

import triton_runner
from triton_runner import _C
from triton_runner.errors import ArgumentError, ArtifactError, CompileError, UnsupportedError

# A kernel with a value of every kind; f is a function of the thread that every element can be told from.
KINDS = """\
target triple = "nvptx64-nvidia-cuda"

define ptx_kernel void @kinds(ptr addrspace(1) %out, i32 %n, ptr addrspace(1) readnone %s, ptr addrspace(1) readnone) {
entry:
  %t = tail call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %is_even = trunc i32 %t to i1
  %byte = trunc i32 %t to i8
  %short = trunc i32 %t to i16
  %wide = sext i32 %t to i64
  %odd = trunc i64 %wide to i5
  %single = sitofp i32 %t to float
  %double = sitofp i32 %t to double
  %half = sitofp i32 %t to half
  %brain = fptrunc float %single to bfloat
  %pair0 = insertelement <2 x half> poison, half %half, i32 0
  %pair = insertelement <2 x half> %pair0, half 5.0, i32 1
  %four0 = insertelement <4 x float> zeroinitializer, float %single, i32 0
  %four = insertelement <4 x float> %four0, float 7.0, i32 3
  %bytes0 = insertelement <3 x i8> zeroinitializer, i8 %byte, i32 2
  %flags = insertelement <4 x i1> zeroinitializer, i1 %is_even, i32 1
  %array0 = insertvalue [3 x i32] zeroinitializer, i32 %t, 1
  %struct0 = insertvalue { i32, { double, <2 x half> }, ptr addrspace(1) } poison, i32 %t, 0
  %struct1 = insertvalue { i32, { double, <2 x half> }, ptr addrspace(1) } %struct0, double %double, 1, 0
  %struct2 = insertvalue { i32, { double, <2 x half> }, ptr addrspace(1) } %struct1, <2 x half> %pair, 1, 1
  %address = getelementptr i32, ptr addrspace(1) %out, i32 %t
  %struct = insertvalue { i32, { double, <2 x half> }, ptr addrspace(1) } %struct2, ptr addrspace(1) %address, 2
  %huge = zext i64 %wide to i128
  store i32 %t, ptr addrspace(1) %address
  %many = icmp ult i32 %t, %n
  br i1 %many, label %loop, label %done

loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %sum = phi i32 [ %t, %entry ], [ %more, %loop ]
  %more = add i32 %sum, %i
  %next = add i32 %i, 1
  %again = icmp ult i32 %next, %t
  br i1 %again, label %loop, label %done

done:
  ret void
}

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()

"""
METADATA = {"name": "kinds", "num_warps": 1, "shared": 0, "target": {"backend": "cuda", "arch": 80, "warp_size": 32}}
T = torch.arange(32)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    path = tmp_path_factory.mktemp("llir") / "kinds.llir"
    path.write_text(KINDS)
    signature = {"out": "*i32", "n": "i32"}
    return triton_runner.compile(path, signature=signature, metadata=METADATA, to="ptx", target="sm_80")


@pytest.fixture(scope="module")
def everything(kinds):
    out = torch.zeros(32, dtype=torch.int32)
    dumps = kinds.dump("*")[(1,)](out, 4)
    assert torch.equal(out, T.int())
    return dumps, out


def of(everything, name):
    dump = everything[0][name]
    return dump.tensor[0, 0, 0]


def test_scalars_of_every_kind(everything):
    for name, want in {
        "%t": T.int(),
        "%is_even": T % 2 == 1,
        "%byte": T.to(torch.int8),
        "%short": T.to(torch.int16),
        "%wide": T,
        "%odd": T.to(torch.int8),
        "%single": T.float(),
        "%double": T.double(),
        "%half": T.half(),
        "%brain": T.bfloat16(),
    }.items():
        assert torch.equal(of(everything, name), want), name
        assert of(everything, name).dtype == want.dtype, name


def test_vectors_arrays_and_fields(everything):
    zero, ones = torch.zeros(32), torch.ones(32)
    pair = torch.stack([T.half(), 5 * ones.half()], 1)
    for name, want in {
        "%pair": pair,
        "%four": torch.stack([T.float(), zero, zero, 7 * ones], 1),
        "%bytes0": torch.stack([zero, zero, T], 1).to(torch.int8),
        "%flags": torch.stack([zero, T % 2, zero, zero], 1) != 0,
        "%array0": torch.stack([zero, T, zero], 1).int(),
        "%struct#0": T.int(),
        "%struct#1#0": T.double(),
        "%struct#1#1": pair,
        "%struct#2": everything[1].data_ptr() + 4 * T,
        "%out": torch.full((32,), everything[1].data_ptr()),
        "%n": torch.full((32,), 4, dtype=torch.int32),
    }.items():
        assert torch.equal(of(everything, name), want), name


def test_a_loop_that_few_threads_enter_with_ragged_counts(everything):
    more = everything[0]["%more"]
    assert more.tensor.shape == (1, 1, 1, 32, 3)
    for thread in range(32):
        # Threads 0 to 3 enter, and go round once at least.
        count = max(thread, 1) if thread < 4 else 0
        assert more.valid[0, 0, 0, thread].tolist() == [i < count for i in range(3)]
        sums = [thread + sum(range(i + 1)) for i in range(count)]
        assert more.tensor[0, 0, 0, thread, :count].tolist() == sums
    phi = everything[0]["%i"]
    assert phi.tensor[0, 0, 0, 3].tolist() == [0, 1, 2]


def test_what_has_no_place_in_a_tensor_is_refused(kinds):
    assert "%huge" not in {slot.name for slot in kinds.dumpable()}
    with pytest.raises(UnsupportedError, match=r"%huge .*cannot be dumped: its type i128"):
        kinds.dump("%huge")[(1,)](torch.zeros(32, dtype=torch.int32), 4)


def test_a_struct_as_a_whole_is_ambiguous(kinds):
    with pytest.raises(ArgumentError, match=r"%struct is ambiguous: it is one of %struct#0"):
        kinds.dump("%struct")[(1,)](torch.zeros(32, dtype=torch.int32), 4)


def test_the_steps_of_a_softmax(tmp_path):
    """Every exponential and the quotients of a real kernel, thread by thread, against torch."""
    case = case_named("softmax")
    plain = compile_plain(case, 80)
    path = write_folder(plain, tmp_path, "llir")
    kernel = triton_runner.compile(path, signature=signature_of(plain), to="ptx", target="sm_80")
    arguments = case.arguments("cpu")
    values = [value for name, value in arguments.items() if plain.src.signature[name] != "constexpr"]
    line = next(slot for slot in kernel.dumpable() if slot.op.startswith("llvm.nvvm.ex2"))
    dumps = kernel.dump("llvm.nvvm.ex2.approx.f", "llvm.nvvm.div.full")[case.grid](*values)
    assert line.sources[-1][0].endswith("reductions.py")
    quotients = [dump for dump in dumps.values() if dump.source.op == "llvm.nvvm.div.full"]
    # [programs, threads, iterations] of each quarter of a row.
    rows = torch.cat([dump.tensor[0, 0] for dump in quotients], dim=1)
    valid = torch.cat([dump.valid[0, 0] for dump in quotients], dim=1)
    want = torch.softmax(arguments["x_ptr"], dim=-1)
    columns = want.shape[-1]
    for row in range(want.shape[0]):
        program, iteration = row % case.grid[0], row // case.grid[0]
        assert valid[program, :, iteration].all()
        torch.testing.assert_close(rows[program, :columns, iteration], want[row])
    case.check(arguments, case.reference(case.arguments("cpu")))


def test_nothing_asked_for_compiles_to_the_same_code(kinds):
    text, slots = _C.dump_values("llir", KINDS, "kinds", [])
    assert text == KINDS
    assert slots == []


def test_text_that_is_no_llvm_ir():
    with pytest.raises(ArtifactError, match=r"LLVM IR line 3, .*: there is no block %gone"):
        _C.list_values("llir", "define void @k() {\nentry:\n  br label %gone\n}\n")
    with pytest.raises(ArtifactError, match="cut off"):
        _C.dump_values("llir", KINDS[:900], "", [0])


def test_llvm_checks_the_edited_text(tmp_path):
    """What our reader passes over, the compiler refuses: the edited kernel never runs."""
    broken = KINDS.replace("%more = add i32 %sum, %i", "%more = add i32 %sum, %single")
    path = tmp_path / "kinds.llir"
    path.write_text(broken)
    with pytest.raises(CompileError, match="'%single' defined with type 'float' but expected 'i32'"):
        triton_runner.compile(path, signature={"out": "*i32", "n": "i32"}, metadata=METADATA, to="ptx", target="sm_80")
    text, _ = _C.dump_values("llir", broken, "kinds", [3], 2)
    assert "%single" in text
