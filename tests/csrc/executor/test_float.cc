// Floats: that types and modifiers reach numerics, and that registers hold what they should. Values are held against
// recorded hardware by tests/instructions.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(Float, EveryTypeHasItsArithmetic) {
  EXPECT_EQ(compute("add.f32 %fx, %fa, %fb;", {bits(1.5f), bits(2.0f)}), bits(3.5f));
  EXPECT_EQ(compute("mul.f64 %fdx, %fda, %fdb;", {bits(1.5), bits(2.0)}), bits(3.0));
  EXPECT_EQ(compute("sub.f16 %hx, %ha, %hb;", {0x4000, 0x3C00}), 0x3C00u);
  EXPECT_EQ(compute("mul.bf16 %hx, %ha, %hb;", {0x4000, 0x4040}), 0x40C0u);
  EXPECT_EQ(compute("add.f16x2 %rx, %ra, %rb;", {0x3C004000, 0x3C003C00}), 0x40004200u);
  EXPECT_EQ(compute("fma.rn.bf16x2 %rx, %ra, %rb, %rc;", {0x3F804000, 0x40004000, 0x00003F80}), 0x400040A0u);
  EXPECT_EQ(compute("add.rn.f32x2 %rdx, %rda, %rdb;", {bits(1.0f) << 32 | bits(2.0f), bits(3.0f) << 32 | bits(4.0f)}),
            bits(4.0f) << 32 | bits(6.0f));
  EXPECT_EQ(compute("fma.rn.f32 %fx, %fa, %fb, %fc;", {bits(2.0f), bits(3.0f), bits(1.0f)}), bits(7.0f));
}

TEST(Float, ModifiersReachTheArithmetic) {
  const uint64_t third_up = bits(0x1.555556p-2f), third_down = bits(0x1.555554p-2f);
  EXPECT_EQ(compute("div.rp.f32 %fx, %fa, %fb;", {bits(1.0f), bits(3.0f)}), third_up);
  EXPECT_EQ(compute("div.rm.f32 %fx, %fa, %fb;", {bits(1.0f), bits(3.0f)}), third_down);
  EXPECT_EQ(compute("add.sat.f32 %fx, %fa, %fb;", {bits(1.0f), bits(3.0f)}), bits(1.0f));
  EXPECT_EQ(compute("add.ftz.f32 %fx, %fa, %fb;", {1, 1}), 0u);
  EXPECT_EQ(compute("add.f32 %fx, %fa, %fb;", {1, 1}), 2u);
  EXPECT_EQ(compute("fma.rn.relu.f16 %hx, %ha, %hb, %hc;", {0xBC00, 0x3C00, 0}), 0u);
  EXPECT_EQ(compute("max.NaN.f32 %fx, %fa, %fb;", {0x7FC00000, bits(1.0f)}), 0x7FFFFFFFu);
  EXPECT_EQ(compute("max.f32 %fx, %fa, %fb;", {0x7FC00000, bits(1.0f)}), bits(1.0f));
  EXPECT_EQ(compute("min.xorsign.abs.f32 %fx, %fa, %fb;", {bits(-3.0f), bits(2.0f)}), bits(-2.0f));
  EXPECT_EQ(compute("max.f32 %fx, %fa, %fb, %fc;", {bits(1.0f), bits(2.0f), bits(3.0f)}), bits(3.0f));
}

TEST(Float, FunctionsOfOneOperand) {
  EXPECT_EQ(compute("neg.f32 %fx, %fa;", {bits(1.0f)}), bits(-1.0f));
  EXPECT_EQ(compute("abs.f64 %fdx, %fda;", {bits(-1.0)}), bits(1.0));
  EXPECT_EQ(compute("neg.bf16x2 %rx, %ra;", {0x3F803F80}), 0xBF80BF80u);
  EXPECT_EQ(compute("sqrt.rn.f32 %fx, %fa;", {bits(9.0f)}), bits(3.0f));
  EXPECT_EQ(compute("rcp.rn.f64 %fdx, %fda;", {bits(4.0)}), bits(0.25));
  EXPECT_EQ(compute("rsqrt.approx.f32 %fx, %fa;", {bits(4.0f)}), bits(0.5f));
  EXPECT_EQ(compute("ex2.approx.ftz.f32 %fx, %fa;", {bits(3.0f)}), bits(8.0f));
  EXPECT_EQ(compute("lg2.approx.f32 %fx, %fa;", {bits(8.0f)}), bits(3.0f));
  EXPECT_EQ(compute("sin.approx.f32 %fx, %fa;", {bits(0.0f)}), 0u);
  EXPECT_EQ(compute("cos.approx.f32 %fx, %fa;", {bits(0.0f)}), bits(1.0f));
  EXPECT_EQ(compute("tanh.approx.f16x2 %rx, %ra;", {0}), 0u);
  EXPECT_EQ(compute("copysign.f32 %fx, %fa, %fb;", {bits(-0.0f), bits(2.0f)}), bits(-2.0f));
  EXPECT_EQ(compute("div.full.f32 %fx, %fa, %fb;", {bits(6.0f), bits(3.0f)}), bits(2.0f));
}

TEST(Float, LiteralsTakeTheTypeOfTheInstruction) {
  EXPECT_EQ(compute("add.f32 %fx, %fa, 0f3F800000;", {bits(1.0f)}), bits(2.0f));
  EXPECT_EQ(compute("add.f32 %fx, %fa, 1.5;", {bits(1.0f)}), bits(2.5f));
  EXPECT_EQ(compute("add.f64 %fdx, %fda, 0d3FF0000000000000;", {bits(1.0)}), bits(2.0));
}

}  // namespace
}  // namespace triton_runner::executor
