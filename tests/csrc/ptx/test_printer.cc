#include "ptx/printer.h"

#include <gtest/gtest.h>

#include "reading.h"

namespace triton_runner::ptx {
namespace {

void expect_round_trip(const std::string& text, const std::string& where) {
  const Module module = parse(text);
  const std::string printed = print(module);
  const Module again = parse(printed);
  EXPECT_TRUE(again == module) << where << "\n" << printed;
  EXPECT_EQ(print(again), printed) << where;
}

TEST(Printer, RealModulesParseBackToThemselves) {
  const auto files = real_files();
  EXPECT_GE(files.size(), 12u);
  for (const auto& path : files) expect_round_trip(read_text(path), path.string());
}

TEST(Printer, EverythingAModuleCanHoldIsPrinted) {
  expect_round_trip(concat(kHeader, R"(.extern .func (.param .b32 r) f (.param .b64 _, .param .align 8 .b8 s[16]);
.pragma "module";
.extern .shared .align 16 .b8 smem[];
.weak .global .attribute(.unified(19, 95)) .align 8 .u64 g[3] = {generic(smem)+4, f-8, 18446744073709551615};
.global .align 4 .f32 one[2] = {0f3F800000, 0fBF800000};
.global .v2 .b32 two;
.func (.reg .b32 %out) helper(.reg .b32 %a) .noreturn { add.s32 %out, %a, 1; ret; }
.visible .entry k(.param .u64 .ptr p, .param .u64 .ptr .shared .align 8 q)
.reqntid 32, 2, 1 .maxclusterrank 4 .blocksareclusters .pragma "a";
{ .reg .pred %p<3>; .reg .b32 %r<5>, t; .reg .b64 %rd<2>; .reg .b128 %q;
.pragma "used_bytes_mask";
.loc 1 2 3
.loc 1 5 6, function_name $L__info_string3+16, inlined_at 1 2 3
{ .reg .b32 t; .local .align 4 .b8 depot[8]; .param .b32 p0;
L: @!%p1 bra.uni L; mov.b64 %rd0, depot+4; call.uni (p0), f, (%rd0, p0); }
L: c: .callprototype (.param .b32 _) _ (.param .b64 _);
ts: .branchtargets L, M;
brx.idx.uni t, ts;
call (%r0), %rd1, (%r1), c;
call helper;
setp.lt.and.s32 %p0|_, %r0, -5, !%p2;
M: ld.volatile.global.v2.b32 {%r0, _}, [%rd0+-8];
st.shared.b32 [smem+4], 0f3F800000;
fma.rn.f64 %rd0, 0d3FF0000000000000, %rd1, %rd1;
wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%r0, %r1, %r2, %r3}, %rd0, %rd1, %p1, 1, -1, 0, 1;
mov.u32 %r0, %clusterid.y; mov.u32 %r1, WARP_SZ; ld.global.b32 %r1, [4096]; }
.file 1 "a b.py"
.file 2 "c.py", 1, 2
.section .debug_info { .b8 1 // } not the end
.b32 .debug_abbrev
}
)"),
                    "all");
}

TEST(Printer, OneInstructionForMessages) {
  const Module module = parse_kernel(
      "@!%p1 ld.global.v2.b32 {%r1, %r2}, [%rd1+8];\n"
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%r0,%r1,%r2,%r3}, {%r4,%r5,%r6,%r7}, {%r8,%r9}, "
      "{%r0,%r1,%r2,%r3};\n"
      "mov.b32 %r0, 0f7F800000;\nst.local.b32 [%r1-4], 1;");
  const Function& kernel = module.functions[0];
  const std::vector<std::string> expected = {"@!%p1 ld.global.v2.b32 {%r1, %r2}, [%rd1+8];",
                                             "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%r0, %r1, %r2, %r3}, "
                                             "{%r4, %r5, %r6, %r7}, {%r8, %r9}, {%r0, %r1, %r2, "
                                             "%r3};",
                                             "mov.b32 %r0, 0f7F800000;", "st.local.b32 [%r1+-4], 1;", "ret;"};
  ASSERT_EQ(kernel.instructions.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(print(module, kernel, kernel.instructions[i]), expected[i]);
}

TEST(Printer, ModulesThatDifferAreNotEqual) {
  const Module base = parse_kernel("add.s32 %r0, %r1, 1;");
  EXPECT_TRUE(base == parse_kernel("\n\nadd.s32   %r0, %r1, 0x1; // the same")) << "lines and blanks do not count";
  EXPECT_FALSE(base == parse_kernel("add.s32 %r0, %r1, 2;"));
  EXPECT_FALSE(base == parse_kernel("add.u32 %r0, %r1, 1;"));
  EXPECT_FALSE(base == parse_kernel("@%p0 add.s32 %r0, %r1, 1;"));
  EXPECT_FALSE(base == parse_kernel(".loc 1 1 1\nadd.s32 %r0, %r1, 1;"));
}

}  // namespace
}  // namespace triton_runner::ptx
