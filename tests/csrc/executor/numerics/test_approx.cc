#include "executor/numerics/approx.h"

#include <gtest/gtest.h>

#include <cmath>

#include "executor/numerics/reference.h"

namespace triton_runner::executor::numerics {
namespace {

constexpr float kInf = INFINITY;
const float kDenormal = float_from_bits(0x00000001);
const float kNan = std::nanf("");

struct Special {
  float in, out;
};

void expect_specials(float (*function)(float, bool), bool ftz, std::initializer_list<Special> table) {
  for (const Special& row : table) {
    const float got = function(row.in, ftz);
    if (is_nan(row.out)) {
      EXPECT_EQ(float_bits(got), kCanonicalNanF32) << row.in;
    } else {
      EXPECT_EQ(float_bits(got), float_bits(row.out)) << row.in << " gave " << got;
    }
  }
}

TEST(Approx, SpecialValuesOfExponentialAndLogarithm) {
  expect_specials(ex2_approx, true, {{-kInf, 0}, {-kDenormal, 1}, {0, 1}, {kDenormal, 1}, {kInf, kInf}, {kNan, kNan}});
  expect_specials(ex2_approx, true, {{-127, 0}, {-126, 0x1p-126f}, {128, kInf}, {-3, 0.125f}});
  expect_specials(ex2_approx, false, {{-127, 0x1p-127f}, {-149, kDenormal}, {-151, 0}});
  expect_specials(lg2_approx, true, {{-kInf, kNan}, {-1, kNan}, {-kDenormal, -kInf}, {-0.0f, -kInf}, {0, -kInf}});
  expect_specials(lg2_approx, true, {{kDenormal, -kInf}, {kInf, kInf}, {kNan, kNan}, {1, 0}, {8, 3}});
  expect_specials(lg2_approx, false, {{kDenormal, -149}});
}

TEST(Approx, SpecialValuesOfReciprocalsAndRoots) {
  expect_specials(rcp_approx, true, {{-kInf, -0.0f}, {-kDenormal, -kInf}, {-0.0f, -kInf}, {0, kInf}, {kInf, 0}});
  expect_specials(rcp_approx, true, {{kNan, kNan}, {0x1p127f, 0}, {4, 0.25f}});
  expect_specials(rcp_approx, false, {{0x1p127f, 0x1p-127f}});
  expect_specials(rsqrt_approx, true, {{-kInf, kNan}, {-1, kNan}, {-kDenormal, -kInf}, {-0.0f, -kInf}, {0, kInf}});
  expect_specials(rsqrt_approx, true, {{kInf, 0}, {kNan, kNan}, {4, 0.5f}});
  expect_specials(sqrt_approx, true, {{-kInf, kNan}, {-1, kNan}, {-kDenormal, -0.0f}, {-0.0f, -0.0f}, {kInf, kInf}});
}

TEST(Approx, SpecialValuesOfTrigonometricFunctions) {
  expect_specials(sin_approx, true, {{-kInf, kNan}, {-kDenormal, -0.0f}, {-0.0f, -0.0f}, {kInf, kNan}, {kNan, kNan}});
  expect_specials(cos_approx, true, {{-kInf, kNan}, {kDenormal, 1}, {-0.0f, 1}, {kInf, kNan}});
  EXPECT_EQ(tanh_approx(kInf), 1.0f);
  EXPECT_EQ(float_bits(tanh_approx(-kDenormal)), 0x80000001u);
  EXPECT_EQ(float_bits(tanh_approx(kNan)), kCanonicalNanF32);
}

// Within half a unit of the true value, so that only the hardware's own error is left between the two.
TEST(Approx, ResultsAreTheRoundedTrueValue) {
  Patterns patterns(5);
  for (int i = 0; i < 100000; ++i) {
    const float x = patterns.any_float();
    if (is_nan(x) || x <= 0 || std::isinf(x)) continue;
    ASSERT_EQ(rcp_approx(x, false), static_cast<float>(1.0L / x));
    ASSERT_EQ(sqrt_approx(x, false), static_cast<float>(std::sqrt(static_cast<long double>(x))));
    ASSERT_EQ(rsqrt_approx(x, false), static_cast<float>(1.0L / std::sqrt(static_cast<long double>(x))));
    ASSERT_NEAR(lg2_approx(x, false), static_cast<double>(std::log2(static_cast<long double>(x))), 0x1p-17);
  }
}

TEST(Approx, AnglesOfOneTurnAreWithinTheirBound) {
  for (int i = -3000; i <= 3000; ++i) {
    const float x = static_cast<float>(i) * 0.001f;
    EXPECT_NEAR(sin_approx(x, false), std::sin(static_cast<double>(x)), 0x1p-21);
    EXPECT_NEAR(cos_approx(x, false), std::cos(static_cast<double>(x)), 0x1p-21);
  }
}

TEST(Approx, NarrowTypes) {
  EXPECT_EQ(ex2_approx(Half{0x3c00}, false).bits, 0x4000);
  EXPECT_EQ(ex2_approx(Half{0xcc00}, false).bits, half_from(0x1p-16).bits);
  EXPECT_EQ(ex2_approx(Half{0xcc00}, true).bits, 0);
  EXPECT_EQ(ex2_approx(Half{0x0001}, true).bits, 0x3c00);
  EXPECT_EQ(ex2_approx(BFloat16{0x4000}).bits, 0x4080);
  EXPECT_EQ(tanh_approx(Half{0x7c00}).bits, 0x3c00);
  EXPECT_EQ(tanh_approx(BFloat16{0xff80}).bits, 0xbf80);
}

TEST(Approx, DoublesKeepOnlyTheirUpperWord) {
  EXPECT_EQ(rcp_approx_ftz(4.0), 0.25);
  EXPECT_EQ(float_bits(rcp_approx_ftz(3.0)) & 0xffffffffu, 0u);
  EXPECT_NEAR(rcp_approx_ftz(3.0) * 3.0, 1.0, 0x1p-20);
  EXPECT_EQ(rcp_approx_ftz(-0.0), -INFINITY);
  EXPECT_EQ(rcp_approx_ftz(0x1p-1030), INFINITY);
  EXPECT_EQ(rsqrt_approx_ftz(0.25), 2.0);
  EXPECT_EQ(float_bits(rsqrt_approx_ftz(-1.0)), 0x7fffffff00000000u);
}

}  // namespace
}  // namespace triton_runner::executor::numerics
