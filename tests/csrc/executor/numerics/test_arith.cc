#include "executor/numerics/arith.h"

#include <gtest/gtest.h>

#include "executor/numerics/reference.h"

namespace triton_runner::executor::numerics {
namespace {

constexpr int kTrials = 60000;

// Same bits, where a NaN of the host counts as the canonical one.
::testing::AssertionResult same(float got, float want) {
  const std::uint32_t expected = is_nan(want) ? kCanonicalNanF32 : float_bits(want);
  if (float_bits(got) == expected) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << std::hexfloat << got << " instead of " << want;
}
// Which NaN an f64 instruction writes is tested below.
::testing::AssertionResult same(double got, double want) {
  if (float_bits(got) == float_bits(want) || (is_nan(got) && is_nan(want))) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << std::hexfloat << got << " instead of " << want;
}

template <typename T>
T draw(Patterns& patterns) {
  if constexpr (std::is_same_v<T, float>) {
    return patterns.any_float();
  } else {
    return patterns.any_double();
  }
}

// `compute(a, b, c, mode)` against `host(a, b, c)` under the host's rounding mode.
template <typename T, typename Compute, typename Host>
void compare_with_host(Compute compute, Host host) {
  Patterns patterns(7);
  for (int i = 0; i < kTrials; ++i) {
    const volatile T a = draw<T>(patterns), b = draw<T>(patterns);
    const volatile T c = i % 3 == 0 ? static_cast<T>(-a * b) : draw<T>(patterns);  // often close to cancelling
    for (const Rounding rounding : kRoundings) {
      const T got = compute(a, b, c, ArithMode{.rounding = rounding});
      const HostRounding scope(rounding);
      const volatile T want = host(a, b, c);
      ASSERT_TRUE(same(got, want)) << std::hexfloat << a << " " << b << " " << c << " mode "
                                   << static_cast<int>(rounding);
    }
  }
}

template <typename T>
class HostArith : public ::testing::Test {};
using HostTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(HostArith, HostTypes);

TYPED_TEST(HostArith, Add) {
  using T = TypeParam;
  compare_with_host<T>([](T a, T b, T, ArithMode m) { return add(a, b, m); }, [](T a, T b, T) { return a + b; });
}
TYPED_TEST(HostArith, Subtract) {
  using T = TypeParam;
  compare_with_host<T>([](T a, T b, T, ArithMode m) { return sub(a, b, m); }, [](T a, T b, T) { return a - b; });
}
TYPED_TEST(HostArith, Multiply) {
  using T = TypeParam;
  compare_with_host<T>([](T a, T b, T, ArithMode m) { return mul(a, b, m); }, [](T a, T b, T) { return a * b; });
}
TYPED_TEST(HostArith, FusedMultiplyAdd) {
  using T = TypeParam;
  compare_with_host<T>([](T a, T b, T c, ArithMode m) { return fma(a, b, c, m); },
                       [](T a, T b, T c) { return std::fma(a, b, c); });
}
TYPED_TEST(HostArith, Divide) {
  using T = TypeParam;
  compare_with_host<T>([](T a, T b, T, ArithMode m) { return div(a, b, m); }, [](T a, T b, T) { return a / b; });
}
TYPED_TEST(HostArith, Reciprocal) {
  using T = TypeParam;
  compare_with_host<T>([](T a, T, T, ArithMode m) { return rcp(a, m); }, [](T a, T, T) { return 1 / a; });
}
TYPED_TEST(HostArith, SquareRoot) {
  using T = TypeParam;
  compare_with_host<T>([](T a, T, T, ArithMode m) { return sqrt(a, m); }, [](T a, T, T) { return std::sqrt(a); });
}

TEST(Arith, ExactZeroTakesItsSignFromTheMode) {
  const ArithMode down{.rounding = Rounding::kDown}, up{.rounding = Rounding::kUp};
  EXPECT_EQ(float_bits(add(1.5f, -1.5f, down)), 0x80000000u);
  EXPECT_EQ(float_bits(add(1.5f, -1.5f, up)), 0u);
  EXPECT_EQ(float_bits(fma(2.0f, 3.0f, -6.0f, down)), 0x80000000u);
  EXPECT_EQ(float_bits(add(-0.0f, -0.0f, up)), 0x80000000u);
  EXPECT_EQ(float_bits(fma(2.0, 3.0, -6.0, down)), 0x8000000000000000u);
}

TEST(Arith, DoublesPassOnTheNanOfAnOperand) {
  const double a = double_from_bits(0x7ff0000000000001), b = double_from_bits(0xfff8000000000002);
  const std::uint64_t quiet_a = 0x7ff8000000000001, quiet_b = 0xfff8000000000002;
  for (const Rounding rounding : kRoundings) {
    const ArithMode mode{.rounding = rounding};
    EXPECT_EQ(float_bits(add(a, 1.0, mode)), quiet_a);
    EXPECT_EQ(float_bits(add(a, b, mode)), quiet_b);
    EXPECT_EQ(float_bits(sub(1.0, b, mode)), quiet_b);
    EXPECT_EQ(float_bits(mul(b, a, mode)), quiet_a);
    EXPECT_EQ(float_bits(fma(a, 1.0, b, mode)), quiet_b);
    EXPECT_EQ(float_bits(div(a, b, mode)), quiet_a);
    EXPECT_EQ(float_bits(sqrt(b, mode)), quiet_b);
    EXPECT_EQ(float_bits(sqrt(-1.0, mode)), kInvalidNanF64);
    EXPECT_EQ(float_bits(mul(0.0, double{INFINITY}, mode)), kInvalidNanF64);
    EXPECT_EQ(float_bits(div(0.0, 0.0, mode)), kInvalidNanF64);
  }
}

TEST(Arith, FlushActsOnOperandsAndResult) {
  const ArithMode ftz{.ftz = true};
  const float denormal = float_from_bits(0x00400000), smallest = float_from_bits(0x00800000);
  EXPECT_EQ(float_bits(add(denormal, 0.0f, ftz)), 0u);
  EXPECT_EQ(float_bits(mul(-smallest, 0.5f, ftz)), 0x80000000u);
  EXPECT_EQ(float_bits(add(denormal, denormal, ftz)), 0u);
  EXPECT_EQ(add(denormal, denormal), smallest);
  EXPECT_EQ(float_bits(fma(denormal, 1e30f, 1.0f, ftz)), 0x3f800000u);
  const float below_one = float_from_bits(0x3f7fffff);  // the product rounds up to the smallest normal, but is tiny
  EXPECT_EQ(mul(smallest, below_one), smallest);
  EXPECT_EQ(float_bits(mul(smallest, -below_one, ftz)), 0x80000000u);
  EXPECT_EQ(mul(Half{0x0400}, Half{0x3bff}, ftz).bits, 0);
  EXPECT_EQ(mul(Half{0x0400}, Half{0x3bff}).bits, 0x0400);
}

TEST(Arith, SaturateClampsAndTurnsNanIntoZero) {
  const ArithMode sat{.sat = true};
  EXPECT_EQ(add(0.75f, 0.5f, sat), 1.0f);
  EXPECT_EQ(float_bits(add(-0.75f, 0.5f, sat)), 0u);
  EXPECT_EQ(float_bits(mul(-1.0f, 0.0f, sat)), 0u);
  EXPECT_EQ(float_bits(add(INFINITY, -INFINITY, sat)), 0u);
  EXPECT_EQ(mul(0.5f, 0.5f, sat), 0.25f);
}

// Products of f16 are multiples of 2^-48 below 2^33, and so are sums with an f16: 128-bit floats hold them exactly. Of
// bf16 that is true within a range of exponents only.
template <typename T>
void compare_narrow(const NaiveFormat& naive, std::uint16_t smallest, std::uint16_t beyond) {
  Patterns patterns(11);
  for (int i = 0; i < kTrials; ++i) {
    const auto finite = [&] {
      for (;;) {
        const T x{patterns.any_word()};
        if ((x.bits & 0x7fff) >= smallest && (x.bits & 0x7fff) < beyond) return x;
      }
    };
    const T a = finite(), b = finite(), c = finite();
    const Exact x = to_float(a), y = to_float(b), z = to_float(c);
    for (const Rounding rounding : kRoundings) {
      const ArithMode mode{.rounding = rounding};
      if (x + y != 0) {
        ASSERT_EQ(add(a, b, mode).bits, naive.round(x + y, rounding, false));
      }
      if (x - y != 0) {
        ASSERT_EQ(sub(a, b, mode).bits, naive.round(x - y, rounding, false));
      }
      if (x * y != 0) {
        ASSERT_EQ(mul(a, b, mode).bits, naive.round(x * y, rounding, false));
      }
      if (x * y + z != 0) {
        ASSERT_EQ(fma(a, b, c, mode).bits, naive.round(x * y + z, rounding, false));
      }
    }
  }
}

TEST(Arith, HalfRoundsOnceLikeTheNaiveReference) { compare_narrow<Half>(naive_half(), 0, 0x7c00); }
TEST(Arith, BFloat16RoundsOnceLikeTheNaiveReference) { compare_narrow<BFloat16>(naive_bfloat16(), 0x3000, 0x4f00); }

TEST(Arith, FusedMultiplyAddOfBFloat16SeesTheWholeProduct) {
  // 1.0078125^2 = 1 + 2^-6 + 2^-14; the halfway case of the sum is decided by an addend far below.
  const BFloat16 a{0x3f81}, tiny{0x0080}, minus_tiny{0x8080}, half_ulp{0x3b80};
  EXPECT_EQ(fma(a, a, tiny).bits, 0x3f82);
  EXPECT_EQ(fma(BFloat16{0x3f80}, BFloat16{0x3f80}, half_ulp).bits, 0x3f80);  // 1 + 2^-8: tie, to even
  EXPECT_EQ(fma(BFloat16{0x3f81}, BFloat16{0x3f80}, half_ulp).bits, 0x3f82);  // tie, to even
  EXPECT_EQ(fma(half_ulp, BFloat16{0x3f80}, BFloat16{0x3f80}).bits, 0x3f80);
  EXPECT_EQ(fma(a, BFloat16{0x3f80}, minus_tiny).bits, 0x3f81);
}

TEST(Arith, NarrowModifiers) {
  const Half minus_one{0xbc00}, two{0x4000}, nan{0x7e00}, denormal{0x0200}, one{0x3c00};
  EXPECT_EQ(fma(minus_one, two, minus_one, {.relu = true}).bits, 0);
  EXPECT_EQ(fma(nan, two, minus_one, {.relu = true}).bits, kCanonicalNan16);
  EXPECT_EQ(add(two, one, {.sat = true}).bits, one.bits);
  EXPECT_EQ(add(nan, one, {.sat = true}).bits, 0);
  EXPECT_EQ(add(denormal, Half{0}, {.ftz = true}).bits, 0);
  EXPECT_EQ(add(denormal, Half{0}).bits, denormal.bits);
  EXPECT_EQ(add(Half{0x7c00}, Half{0xfc00}).bits, kCanonicalNan16);
  EXPECT_EQ(add(BFloat16{0x7f80}, BFloat16{0xff80}).bits, kCanonicalNan16);
}

TEST(Arith, DivisionVariants) {
  EXPECT_EQ(div_full(1.0f, 3.0f, false), 1.0f / 3.0f);
  EXPECT_NEAR(div_approx(1.0f, 3.0f, false), 1.0f / 3.0f, 0x1p-24f);
  EXPECT_EQ(div_approx(1.0f, 0x1.8p127f, false), 0.0f);
  EXPECT_TRUE(is_nan(div_approx(INFINITY, 0x1.8p127f, false)));
  const float denormal = float_from_bits(1);
  EXPECT_EQ(div_approx(denormal, denormal, false), 1.0f);
  EXPECT_EQ(div_approx(1.0f, denormal, true), INFINITY);
}

}  // namespace
}  // namespace triton_runner::executor::numerics
