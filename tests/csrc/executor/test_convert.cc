// cvt: that types, modifiers and register widths reach numerics. Values are held against recorded hardware by
// tests/instructions.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(Convert, IntegersExtendTruncateAndSaturate) {
  EXPECT_EQ(compute("cvt.s64.s32 %rdx, %ra;", {~0u}), ~uint64_t{0});
  EXPECT_EQ(compute("cvt.u64.u32 %rdx, %ra;", {~0u}), 0xFFFFFFFFu);
  EXPECT_EQ(compute("cvt.u32.u64 %rx, %rda;", {0x123456789}), 0x23456789u);
  EXPECT_EQ(compute("cvt.s32.s8 %rx, %ra;", {0x80}), 0xFFFFFF80u);
  EXPECT_EQ(compute("cvt.u16.u8 %hx, %ha;", {0x1FF}), 0xFFu);
  EXPECT_EQ(compute("cvt.u8.u32 %rx, %ra;", {0x1FF}), 0xFFu);
  EXPECT_EQ(compute("cvt.sat.s8.s32 %rx, %ra;", {300}), 127u);
  EXPECT_EQ(compute("cvt.sat.u8.s32 %rx, %ra;", {static_cast<uint32_t>(-5)}), 0u);
}

TEST(Convert, BetweenFloatsAndIntegers) {
  EXPECT_EQ(compute("cvt.rzi.s32.f32 %rx, %fa;", {bits(-2.7f)}), static_cast<uint32_t>(-2));
  EXPECT_EQ(compute("cvt.rni.u64.f64 %rdx, %fda;", {bits(2.5)}), 2u);
  EXPECT_EQ(compute("cvt.rn.f32.s32 %fx, %ra;", {static_cast<uint32_t>(-3)}), bits(-3.0f));
  EXPECT_EQ(compute("cvt.rn.f32.u32 %fx, %ra;", {~0u}), bits(4294967296.0f));
  EXPECT_EQ(compute("cvt.rz.f32.u32 %fx, %ra;", {~0u}), bits(4294967040.0f));
  EXPECT_EQ(compute("cvt.rn.f16.s32 %hx, %ra;", {3}), 0x4200u);
  EXPECT_EQ(compute("cvt.rpi.f32.f32 %fx, %fa;", {bits(1.25f)}), bits(2.0f));
}

TEST(Convert, BetweenFloats) {
  EXPECT_EQ(compute("cvt.f32.f16 %fx, %ha;", {0x3E00}), bits(1.5f));
  EXPECT_EQ(compute("cvt.f32.bf16 %fx, %ha;", {0x3FC0}), bits(1.5f));
  EXPECT_EQ(compute("cvt.f64.f32 %fdx, %fa;", {bits(1.5f)}), bits(1.5));
  EXPECT_EQ(compute("cvt.rn.f32.f64 %fx, %fda;", {bits(0.1)}), bits(0.1f));
  EXPECT_EQ(compute("cvt.rn.f16.f32 %hx, %fa;", {bits(1.5f)}), 0x3E00u);
  EXPECT_EQ(compute("cvt.rn.relu.bf16.f32 %hx, %fa;", {bits(-1.5f)}), 0u);
  EXPECT_EQ(compute("cvt.rna.tf32.f32 %rx, %fa;", {0x3F801000}), 0x3F802000u);
  EXPECT_EQ(compute("cvt.ftz.f64.f32 %fdx, %fa;", {1}), 0u);
  EXPECT_EQ(compute("cvt.sat.f32.f32 %fx, %fa;", {bits(7.0f)}), bits(1.0f));
}

TEST(Convert, PackedForms) {
  EXPECT_EQ(compute("cvt.rn.f16x2.f32 %rx, %fa, %fb;", {bits(1.5f), bits(2.0f)}), 0x3E004000u);
  EXPECT_EQ(compute("cvt.rn.bf16x2.f32 %rx, %fa, %fb;", {bits(1.5f), bits(2.0f)}), 0x3FC04000u);
  EXPECT_EQ(compute("cvt.rn.satfinite.e4m3x2.f32 %hx, %fa, %fb;", {bits(1.5f), bits(1000.0f)}), 0x3C7Eu);
  EXPECT_EQ(compute("cvt.rn.f16x2.e5m2x2 %rx, %ha;", {0x3C3E}), 0x3C003E00u);
  EXPECT_EQ(compute("cvt.rn.satfinite.e5m2x2.f16x2 %hx, %ra;", {0x3C003E00}), 0x3C3Eu);
  EXPECT_EQ(compute("cvt.pack.sat.s16.s32 %rx, %ra, %rb;", {40000, 5}), 0x7FFF0005u);
  EXPECT_EQ(compute("cvt.pack.sat.u8.s32.b32 %rx, %ra, %rb, %rc;", {300, 1, 0xABCD1234}), 0x1234FF01u);
}

}  // namespace
}  // namespace triton_runner::executor
