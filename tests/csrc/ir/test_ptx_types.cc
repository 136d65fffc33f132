#include "ir/ptx_types.h"

#include <gtest/gtest.h>

#include "ir/ptx_values.h"
#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

// "element" or "elementxlanes" of the first register that each instruction writes.
std::vector<std::string> types_of(const std::string& statements) {
  const std::string text = ptx::kernel_text(statements);
  const ptx::Module module = ptx::parse(text);
  std::vector<std::string> found;
  uint32_t last = ptx::kNone;
  for (const PtxValue& value : read_ptx_kernel(module, module.functions[0], text).values) {
    if (value.instruction == last) continue;
    last = value.instruction;
    found.push_back(value.type.lanes == 1 ? value.type.element : concat(value.type.element, "x", value.type.lanes));
  }
  return found;
}

using Names = std::vector<std::string>;

TEST(PtxTypes, ATypedResultHasItsType) {
  EXPECT_EQ(types_of("add.f32 %r1, %r2, %r3;\nadd.s32 %r4, %r5, %r6;\nsetp.lt.f32 %p1, %r1, %r2;\n"
                     "cvt.rn.f16.f32 %rs1, %r1;\ncvt.rn.bf16x2.f32 %r7, %r1, %r2;\nadd.f64 %rd1, %rd2, %rd3;\n"
                     "mul.wide.s32 %rd4, %r4, 8;\ncvt.rn.satfinite.e4m3x2.f32 %rs2, %r1, %r2;"),
            (Names{"fp32", "i32", "i1", "fp16", "bf16x2", "fp64", "i64", "fp8e4nvx2"}));
}

TEST(PtxTypes, AMovedResultHasTheTypeOfItsUses) {
  EXPECT_EQ(types_of("ld.global.b32 %r1, [%rd1];\nld.global.b32 %r2, [%rd1];\nmul.f32 %r3, %r1, %r1;\n"
                     "add.s32 %r4, %r2, 1;\nld.global.b32 %r5, [%rd1];"),
            (Names{"fp32", "i32", "fp32", "i32", "i32"}));
}

TEST(PtxTypes, UsesAreFollowedThroughMoves) {
  EXPECT_EQ(types_of("ld.global.b32 %r1, [%rd1];\nmov.b32 %r2, %r1;\nshfl.sync.bfly.b32 %r3, %r2, 1, 31, -1;\n"
                     "selp.b32 %r4, %r3, 0f00000000, %p1;\nadd.f32 %r5, %r4, %r4;"),
            (Names{"fp32", "fp32", "fp32", "fp32", "fp32"}));
}

TEST(PtxTypes, WhereUsesDisagreeItIsAnInteger) {
  EXPECT_EQ(types_of("ld.global.b32 %r1, [%rd1];\nadd.f32 %r2, %r1, %r1;\nadd.s32 %r3, %r1, 1;"),
            (Names{"i32", "fp32", "i32"}));
}

TEST(PtxTypes, RegistersOf128BitsAreTwoWords) {
  EXPECT_EQ(types_of(".reg .b128 %q;\nmov.b128 %q, {%rd1, %rd2};"), (Names{"i64x2"}));
}

}  // namespace
}  // namespace triton_runner::ir
