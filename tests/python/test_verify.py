"""Broken IR: each kind ends in an error with the compiler's words, and this process lives on."""

import re

import pytest
from kernels import case_named
from kernels.plain import compile_plain

import triton_runner
from triton_runner.compiler.isolate import compile_isolated
from triton_runner.compiler.target import parse_target
from triton_runner.compiler.verify import check_llvm
from triton_runner.compiler.versions import adapter
from triton_runner.errors import ArtifactError, CompileError


@pytest.fixture(scope="module")
def plain():
    return compile_plain(case_named("vector_add"), 80)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path / "cache"))


def replaced(text, old, new):
    assert re.search(old, text), f"the test expects {old} in the text"
    return re.sub(old, new, text, count=1)


# (what is broken, pattern, replacement, what the message must hold)
BROKEN_LLVM = [
    ("syntax", r"^attributes #1 ", "attribute #1 ", r"expected top-level entity \(line \d+\)"),
    ("no_define", r"^define ", "defin ", "defines no kernel"),
    ("type", r"= shl i32", "= shl i33", "defined with type 'i32' but expected 'i33'"),
    ("undefined_value", r"shl i32 %(\d+)", "shl i32 %missing", "use of undefined value '%missing'"),
    ("return_type", r"ret void", "ret i32 0", "value doesn't match function result type 'void'"),
    ("truncated", r"(?s)ret void.*", "", "found end of file when expecting more instructions"),
    ("no_kernel", r"ptx_kernel", "", "defines no kernel"),
    ("cannot_select", r"@llvm\.nvvm\.read\.ptx\.sreg\.ctaid\.x", "@llvm.amdgcn.workgroup.id.x", "(?i)select|intrinsic"),
]


@pytest.mark.parametrize(("kind", "old", "new", "words"), BROKEN_LLVM, ids=[row[0] for row in BROKEN_LLVM])
def test_broken_llvm_ir(plain, kind, old, new, words):
    text = plain.asm["llir"]
    assert re.search(old, text, re.MULTILINE)
    # An intrinsic is declared too; everything else is broken in one place.
    broken = re.sub(old, new, text, count=0 if kind == "cannot_select" else 1, flags=re.MULTILINE)
    with pytest.raises((CompileError, ArtifactError), match=words):
        triton_runner.compile(broken, to="ptx", target="sm_80", metadata={"shared": 0})


def test_a_module_that_parses_but_fails_the_verifier(plain):
    # A use before its definition in the same block is legal to parse and breaks dominance.
    text = plain.asm["llir"]
    line = re.search(r"^  (%\d+) = tail call i32 @llvm\.nvvm\.read\.ptx\.sreg\.ctaid\.x\(\).*\n", text, re.MULTILINE)
    user = text.index("\n", text.index(line[1], line.end())) + 1
    moved = text[: line.start()] + text[line.end() : user] + line[0] + text[user:]
    with pytest.raises(CompileError, match=r"(?s)to ptx for sm_80.*(dominate|Broken|expected to be numbered)"):
        triton_runner.compile(moved, to="ptx", target="sm_80", metadata={"shared": 0})


def test_an_intrinsic_that_llvm_does_not_know(plain):
    broken = plain.asm["llir"].replace("sreg.ctaid.x", "sreg.nonsense")
    with pytest.raises(CompileError, match=r"@llvm\.nvvm\.read\.ptx\.sreg\.nonsense"):
        triton_runner.compile(broken, to="ptx", target="sm_80", metadata={"shared": 0})


@pytest.mark.parametrize("triple", ["x86_64-unknown-linux-gnu", "amdgcn-amd-amdhsa", "nvptx-nvidia-cuda"])
def test_foreign_triple(plain, triple):
    with pytest.raises(ArtifactError, match=rf"target triple '{triple}', expected nvptx64"):
        triton_runner.compile(
            f'target triple = "{triple}"\n' + plain.asm["llir"], to="ptx", target="sm_80", metadata={"shared": 0}
        )


@pytest.mark.parametrize(
    "layout",
    [
        "e-m:e-p270:32:32-p271:32:32-i64:64-f80:128-n8:16:32:64-S128",
        "e-p:64:64-p1:64:64-p2:32:32-i64:64-A5-G1-ni:7:8:9",
        "E-i64:64-v16:16",
        "e-p:32:32-i64:64",
    ],
)
def test_foreign_data_layout(plain, layout):
    broken = re.sub(r'target datalayout = ".*"', f'target datalayout = "{layout}"', plain.asm["llir"])
    with pytest.raises(ArtifactError, match="is not of a 64-bit NVIDIA GPU"):
        triton_runner.compile(broken, to="ptx", target="sm_80", metadata={"shared": 0})


@pytest.mark.parametrize(
    "layout", ["", "e-i64:64-i128:128-v16:16-v32:32-n16:32:64", "e-p6:32:32-i64:64-i128:128-n16:32:64"]
)
def test_data_layouts_of_other_llvm_versions_pass(layout):
    check_llvm(f'target datalayout = "{layout}"\n' if layout else "", "here", "cuda")


BROKEN_TTGIR = [
    ("unknown_op", r"arith\.muli", "arith.mulx", r"vector_add_kernel\.ttgir\":\d+:\d+.*'arith\.mulx' is unknown"),
    ("syntax", r"tt\.return", "tt.return )", r"vector_add_kernel\.ttgir\":\d+:\d+"),
    ("type", r"arith\.muli (%\S+), (%\S+) : i32", r"arith.muli \1, \2 : i64", "expects different type"),
    (
        "verifier",
        r'"ttg.num-warps" = 4',
        '"ttg.num-warps" = 8',
        "Layout has 4 warps per CTA, but the context requires 8",
    ),
    ("undefined", r"arith\.muli (%\S+),", "arith.muli %nowhere,", "use of undeclared SSA value name"),
]


@pytest.mark.parametrize(("kind", "old", "new", "words"), BROKEN_TTGIR, ids=[row[0] for row in BROKEN_TTGIR])
def test_broken_ttgir_brings_the_diagnostics_of_mlir(plain, kind, old, new, words, capfd):
    with pytest.raises(CompileError, match=rf"(?s)failed at ttgir.*{words}"):
        triton_runner.compile(replaced(plain.asm["ttgir"], old, new), to="llir", target="sm_80")
    assert capfd.readouterr().err == ""


def test_broken_ttir(plain):
    broken = replaced(plain.asm["ttir"], r"tt\.splat", "tt.splatter")
    with pytest.raises(CompileError, match=r"vector_add_kernel\.ttir.*sm_80 failed at ttir.*(?s:.*)tt\.splatter"):
        triton_runner.compile(broken, to="ptx", target="sm_80")


def test_broken_ptx_brings_the_lines_of_ptxas(plain):
    ptx = plain.asm["ptx"]
    line = ptx[: ptx.index("mul.lo.s32") if "mul.lo.s32" in ptx else ptx.index("shl.b32")].count("\n") + 1
    broken = re.sub(r"\b(mul\.lo\.s32|shl\.b32)\b", "shl.q32", ptx, count=1)
    with pytest.raises(CompileError, match=rf"(?s)to cubin for sm_80 failed at cubin.*line {line}; error.*\.q32"):
        compile_isolated(
            adapter(), broken, name="k", level="ptx", levels=["cubin"], target=parse_target(80), options={}
        )


def test_after_every_failure_the_process_still_compiles(plain):
    for broken in (
        plain.asm["llir"].replace("define", "defin", 1),
        plain.asm["llir"].replace("ret void", "ret i1 0", 1),
    ):
        with pytest.raises((CompileError, ArtifactError)):
            triton_runner.compile(broken, to="ptx", target="sm_80", metadata={"shared": 0})
    kernel = triton_runner.compile(plain.asm["llir"], to="ptx", target="sm_80", metadata={"shared": 0})
    assert kernel.artifacts["ptx"] == plain.asm["ptx"]


def test_a_failure_leaves_no_cache_entry(plain, tmp_path):
    with pytest.raises(CompileError):
        triton_runner.compile(replaced(plain.asm["ttgir"], r"arith\.muli", "arith.mulx"), to="llir", target="sm_80")
    cache = tmp_path / "cache"
    assert not cache.exists() or not list(cache.iterdir())
