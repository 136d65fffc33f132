"""Which Python line a line of IR came from, for every level."""

import pytest

from triton_runner.report.locations import locate, strip_locations

MLIR = """\
#blocked = #ttg.blocked<{order = [0]}>
#loc = loc("/k.py":10:0)
#loc1 = loc(unknown)
module {
  tt.func public @f(%x: i32 loc("x"(#loc)), %s: i32 loc("a \\" ) b"(#loc))) {
    %0 = arith.addi %x, %x : i32 loc(#loc5)
    scf.for %i = %x to %x step %x : i32 {
      %1 = arith.muli %i, %i : i32 loc(#loc6)
    } loc(#loc7)
    %m = scf.if %b -> i32 {
      scf.yield %x : i32 loc(#loc1)
    } else {
      scf.yield %s : i32 loc(#loc3)
    } loc(#loc4)
    tt.return loc(fused[#loc3, #loc4])
  } loc(#loc)
} loc(#loc)
#loc2 = loc("/lib.py":7:4)
#loc3 = loc("/k.py":13:8)
#loc4 = loc("/k.py":14:8)
#loc5 = loc("y"(#loc3))
#loc6 = loc(callsite(#loc2 at #loc4))
#loc7 = loc("/k.py":12:4 to :20)
"""


def test_mlir():
    found = locate("mlir", MLIR)
    assert not any("loc" in line for line in found.lines if "blocked" not in line)
    lines = {line.strip(): chain for line, chain in zip(found.lines, found.chains, strict=True)}
    assert lines["%0 = arith.addi %x, %x : i32"] == (("/k.py", 13),)
    assert lines["%1 = arith.muli %i, %i : i32"] == (("/lib.py", 7), ("/k.py", 14))
    assert lines["scf.for %i = %x to %x step %x : i32 {"] == (("/k.py", 12),), "it stands behind the last brace"
    assert lines["%m = scf.if %b -> i32 {"] == (("/k.py", 14),)
    assert lines["scf.yield %x : i32"] == ()
    assert lines["tt.return"] == (("/k.py", 13), ("/k.py", 14))
    assert lines["tt.func public @f(%x: i32, %s: i32) {"] == (("/k.py", 10),)
    assert found.lines[0].startswith("#blocked")


@pytest.mark.parametrize(
    ("line", "stripped"),
    [
        ('%a = f.local_alloc(%b) loc("x"("y":1:2))', "%a = f.local_alloc(%b)"),
        ("^bb0(%a: f32 loc(#loc1), %b: f32 loc(#loc2)):", "^bb0(%a: f32, %b: f32):"),
        ('tt.print "loc(" : %x loc(#loc)', 'tt.print "'),
    ],
)
def test_stripping(line, stripped):
    assert strip_locations(line)[0].startswith(stripped)


def test_locations_that_name_each_other_end():
    assert locate("mlir", "a loc(#loc1)\n#loc1 = loc(#loc2)\n#loc2 = loc(#loc1)\n").chains == [()]


LLVM = """\
define void @f() !dbg !4 {
  %1 = add i32 1, 2, !dbg !6
  %2 = add i32 1, 2, !dbg !8
  ret void, !dbg !11
}
!1 = !DIFile(filename: "k.py", directory: "/src")
!2 = !DIFile(filename: "lib.py", directory: "/lib")
!4 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 3)
!5 = distinct !DILexicalBlockFile(scope: !4, file: !2, discriminator: 0)
!6 = !DILocation(line: 5, column: 1, scope: !4)
!8 = !DILocation(line: 9, column: 1, scope: !5, inlinedAt: !6)
!11 = !DILocation(line: 0, scope: !4)
"""


def test_llvm():
    found = locate("llir", LLVM)
    assert found.lines == ["define void @f() {", "  %1 = add i32 1, 2", "  %2 = add i32 1, 2", "  ret void", "}"]
    assert found.chains == [
        (("/src/k.py", 3),),
        (("/src/k.py", 5),),
        (("/lib/lib.py", 9), ("/src/k.py", 5)),
        (),
        (),
    ]


PTX = """\
.visible .entry f()
{
	.loc	1 3 0
	mov.u32 	%r1, 1;
	.loc	2 9 4, function_name $L__info_string0, inlined_at 1 5 2
$L__BB0:
	@%p1 bra 	$L__BB0;
	.loc	1 0 0
	ret;
}
	.file	1 "/src/k.py"
	.file	2 "/lib" "lib.py"
	.section	.debug_loc
	.b8 1
"""


def test_ptx():
    found = locate("ptx", PTX)
    lines = {line.strip(): chain for line, chain in zip(found.lines, found.chains, strict=True)}
    code = ["mov.u32 \t%r1, 1;", "$L__BB0:", "@%p1 bra \t$L__BB0;", "ret;"]
    assert list(lines) == [".visible .entry f()", "{", *code, "}"]
    assert lines["mov.u32 \t%r1, 1;"] == (("/src/k.py", 3),)
    assert lines["@%p1 bra \t$L__BB0;"] == (("/lib/lib.py", 9), ("/src/k.py", 5))
    assert lines["ret;"] == lines["$L__BB0:"] == ()


AMDGCN = """\
	.file	1 "/src" "k.py"
	.file	2 "/lib" "lib.py"
f:
	.loc	1 4 35 is_stmt 1                ; k.py:4:35
	v_add_u32 v0, v1, v2
	.loc	2 9 27                          ; lib.py:9:27 @[ lib.py:12:40 @[ k.py:5:49 ] ]
	s_endpgm
"""


def test_amdgcn():
    found = locate("amdgcn", AMDGCN)
    assert found.lines == ["f:", "\tv_add_u32 v0, v1, v2", "\ts_endpgm"]
    assert found.chains == [(), (("/src/k.py", 4),), (("/lib/lib.py", 9), ("/lib/lib.py", 12), ("/src/k.py", 5))]


SASS = """\
f:
    //## File "/lib/lib.py", line 9 inlined at "/src/k.py", line 5
    //## File "/src/k.py", line 5
    /*0000*/ MOV R1, R2 ;
    /*0010*/ MOV R1, R2 ;
    //## File "/src/k.py", line 6
    /*0020*/ EXIT ;
"""


def test_sass():
    found = locate("sass", SASS)
    both = (("/lib/lib.py", 9), ("/src/k.py", 5))
    assert found.chains == [(), both, both, (("/src/k.py", 6),)]


def test_any_other_text_has_none():
    assert locate("text", "s_endpgm\n").chains == [()]
