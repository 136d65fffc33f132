#include <gtest/gtest.h>

#include <limits>

#include "executor/numerics/arith.h"

namespace triton_runner::executor::numerics {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(MinMax, NegativeZeroIsTheSmallerZero) {
  EXPECT_EQ(float_bits(min(0.0f, -0.0f)), 0x80000000u);
  EXPECT_EQ(float_bits(min(-0.0f, 0.0f)), 0x80000000u);
  EXPECT_EQ(float_bits(max(-0.0f, 0.0f)), 0u);
  EXPECT_EQ(max(Half{0x8000}, Half{0}).bits, 0);
  EXPECT_EQ(min(BFloat16{0}, BFloat16{0x8000}).bits, 0x8000);
}

TEST(MinMax, OrdersValuesOfBothSigns) {
  const float values[] = {-INFINITY, -3.5f, -1e-40f, 0.0f, 1e-40f, 2.0f, INFINITY};
  for (const float a : values) {
    for (const float b : values) {
      EXPECT_EQ(min(a, b), a < b ? a : b);
      EXPECT_EQ(max(a, b), a > b ? a : b);
      EXPECT_EQ(max(double{a}, double{b}), a > b ? a : b);
    }
  }
}

TEST(MinMax, NanLosesUnlessItIsToPropagate) {
  EXPECT_EQ(min(kNan, 1.0f), 1.0f);
  EXPECT_EQ(max(1.0f, kNan), 1.0f);
  EXPECT_EQ(float_bits(max(kNan, kNan)), kCanonicalNanF32);
  EXPECT_EQ(float_bits(max(1.0f, kNan, {.propagate_nan = true})), kCanonicalNanF32);
  EXPECT_EQ(min(Half{0x7e01}, Half{0x3c00}, {.propagate_nan = true}).bits, kCanonicalNan16);
  EXPECT_EQ(min(BFloat16{0x7fc0}, BFloat16{0x3f80}).bits, 0x3f80);
}

TEST(MinMax, DoublesKeepTheSecondOfTwoNans) {
  const double a = double_from_bits(0x7ff8000000000001), b = double_from_bits(0xfff0000000000002);
  EXPECT_EQ(float_bits(min(a, b)), 0xfff8000000000002u);
  EXPECT_EQ(float_bits(max(b, a)), 0x7ff8000000000001u);
  EXPECT_EQ(max(a, 1.0), 1.0);
}

TEST(MinMax, XorsignComparesMagnitudes) {
  const MinMaxMode mode{.xorsign_abs = true};
  EXPECT_EQ(min(-3.0f, 2.0f, mode), -2.0f);
  EXPECT_EQ(max(-3.0f, -2.0f, mode), 3.0f);
  EXPECT_EQ(max(Half{0xc000}, Half{0x3c00}, mode).bits, 0xc000);
}

TEST(MinMax, FlushActsOnOperands) {
  EXPECT_EQ(float_bits(max(float_from_bits(1), -1.0f, {.ftz = true})), 0u);
  EXPECT_EQ(float_bits(max(float_from_bits(1), -1.0f)), 1u);
}

TEST(Sign, NegAbsAndCopysignTouchOnlyTheSign) {
  EXPECT_EQ(float_bits(neg(0.0f)), 0x80000000u);
  EXPECT_EQ(abs(-2.5f), 2.5f);
  EXPECT_EQ(float_bits(neg(float_from_bits(1), true)), 0x80000000u);
  EXPECT_EQ(neg(Half{0x3c00}).bits, 0xbc00);
  EXPECT_EQ(abs(BFloat16{0xbf80}).bits, 0x3f80);
  EXPECT_EQ(neg(1.5), -1.5);
  EXPECT_EQ(copysign_from(-1.0f, 2.0f), -2.0f);  // the sign of the first, the magnitude of the second
  EXPECT_EQ(copysign_from(1.0, -2.0), 2.0);
}

TEST(Sign, NanBecomesTheCanonicalOne) {
  EXPECT_EQ(float_bits(neg(kNan)), kCanonicalNanF32);
  EXPECT_EQ(float_bits(abs(-kNan)), kCanonicalNanF32);
  EXPECT_EQ(neg(Half{0x7c01}).bits, kCanonicalNan16);
  EXPECT_EQ(abs(BFloat16{0xff81}).bits, kCanonicalNan16);
  EXPECT_EQ(float_bits(neg(double_from_bits(0x7ff0000000000001))), 0x7ff8000000000001u);
  EXPECT_EQ(float_bits(abs(double_from_bits(0xfff0000000000001))), 0xfff8000000000001u);
}

}  // namespace
}  // namespace triton_runner::executor::numerics
