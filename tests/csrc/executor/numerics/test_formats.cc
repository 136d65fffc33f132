#include "executor/numerics/formats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "executor/numerics/reference.h"

namespace triton_runner::executor::numerics {
namespace {

struct Case {
  FloatType type;
  NaiveFormat naive;
  bool has_infinity;
};

std::vector<Case> small_formats() {
  return {{FloatType::kF16, naive_half(), true},         {FloatType::kBF16, naive_bfloat16(), true},
          {FloatType::kE4M3, {4, 3, 7, 0x7e, 0}, false}, {FloatType::kE5M2, {5, 2, 15, 0x7b, 0x7c}, true},
          {FloatType::kE2M3, {2, 3, 1, 0x1f, 0}, false}, {FloatType::kE3M2, {3, 2, 3, 0x1f, 0}, false},
          {FloatType::kE2M1, {2, 1, 1, 0x7, 0}, false}};
}

TEST(Formats, DecodeEveryFiniteValueAndEncodeItBack) {
  for (const Case& c : small_formats()) {
    for (std::size_t code = 0; code < c.naive.count(); ++code) {
      EXPECT_EQ(decode(c.type, code), c.naive.value(code));
      EXPECT_EQ(encode(c.type, c.naive.value(code), Rounding::kDown), code);
    }
  }
}

// At, just below and just above every value and every midpoint, both signs, all modes.
TEST(Formats, EncodeRoundsLikeTheNaiveReference) {
  for (const Case& c : small_formats()) {
    const std::size_t stride = c.naive.count() > 4096 ? 7 : 1;
    for (std::size_t code = 0; code < c.naive.count(); code += stride) {
      const double low = c.naive.value(code);
      const double step = code + 1 < c.naive.count() ? c.naive.value(code + 1) - low : low - c.naive.value(code - 1);
      for (const double value : {low, low + step / 2, low + step / 4, low + step * 0.75}) {
        for (const double near : {std::nextafter(value, 0.0), value, std::nextafter(value, 1e300)}) {
          for (const double exact : {near, -near}) {
            if (exact == 0) continue;
            for (const Rounding rounding : kRoundings) {
              const bool finite = !c.has_infinity;
              EXPECT_EQ(encode(c.type, exact, rounding), c.naive.round(exact, rounding, finite)) << exact;
            }
            EXPECT_EQ(encode(c.type, exact, Rounding::kNearestEven, Overflow::kFinite),
                      c.naive.round(exact, Rounding::kNearestEven, true));
          }
        }
      }
    }
  }
}

TEST(Formats, HalfToFloatIsExactForEveryPattern) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half{static_cast<std::uint16_t>(bits)};
    if (is_nan(half)) {
      EXPECT_EQ(float_bits(to_float(half)), kCanonicalNanF32);
    } else {
      EXPECT_EQ(float_bits(static_cast<double>(to_float(half))), float_bits(decode(FloatType::kF16, bits))) << bits;
      EXPECT_EQ(half_from(to_float(half)).bits, bits);
    }
    const BFloat16 bfloat{static_cast<std::uint16_t>(bits)};
    if (!is_nan(bfloat)) {
      EXPECT_EQ(bfloat16_from(to_float(bfloat)).bits, bits);
    }
  }
}

TEST(Formats, OverflowFollowsTheMode) {
  const double beyond = 65520.0;  // halfway between the largest f16 and the next power of two
  EXPECT_EQ(half_from(beyond).bits, 0x7c00);
  EXPECT_EQ(half_from(std::nextafter(beyond, 0)).bits, 0x7bff);
  EXPECT_EQ(half_from(1e300, Rounding::kTowardZero).bits, 0x7bff);
  EXPECT_EQ(half_from(-1e300, Rounding::kUp).bits, 0xfbff);
  EXPECT_EQ(half_from(-1e300, Rounding::kDown).bits, 0xfc00);
  EXPECT_EQ(encode(FloatType::kF16, INFINITY, Rounding::kTowardZero), 0x7c00u);
  EXPECT_EQ(encode(FloatType::kF16, -INFINITY, Rounding::kNearestEven, Overflow::kFinite), 0xfbffu);
  EXPECT_EQ(encode(FloatType::kE4M3, INFINITY), 0x7eu);
}

TEST(Formats, NanIsCanonical) {
  const double nan = -std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(encode(FloatType::kF32, nan), 0x7fffffffu);
  EXPECT_EQ(encode(FloatType::kTF32, nan), 0x7fffe000u);
  EXPECT_EQ(encode(FloatType::kF16, nan), 0x7fffu);
  EXPECT_EQ(encode(FloatType::kBF16, nan), 0x7fffu);
  EXPECT_EQ(encode(FloatType::kE4M3, nan), 0x7fu);
  EXPECT_EQ(encode(FloatType::kE5M2, nan), 0x7fu);
  EXPECT_EQ(encode(FloatType::kE2M1, nan), 0x7u);  // no NaN: the largest finite value
  EXPECT_TRUE(std::isnan(decode(FloatType::kE4M3, 0xff)));
  EXPECT_TRUE(std::isnan(decode(FloatType::kE5M2, 0x7d)));
  EXPECT_EQ(decode(FloatType::kE5M2, 0xfc), -INFINITY);
}

TEST(Formats, TF32KeepsTenMantissaBitsInPlace) {
  EXPECT_EQ(encode(FloatType::kTF32, float_from_bits(0x3f801000), Rounding::kNearestAway), 0x3f802000u);
  EXPECT_EQ(encode(FloatType::kTF32, float_from_bits(0x3f801000), Rounding::kNearestEven), 0x3f800000u);
  EXPECT_EQ(encode(FloatType::kTF32, float_from_bits(0xbf800fff), Rounding::kNearestAway), 0xbf800000u);
  EXPECT_EQ(encode(FloatType::kTF32, float_from_bits(0x7f7fffff), Rounding::kNearestAway), 0x7f800000u);
  EXPECT_EQ(decode(FloatType::kTF32, 0x3f801fff), 1.0);
}

TEST(Formats, FloatFromRoundsLikeTheHost) {
  Patterns patterns(1);
  for (int i = 0; i < 200000; ++i) {
    const volatile double value = i % 2 == 0 ? patterns.any_double() : patterns.any_float() * (1 + 0x1p-30);
    if (std::isnan(value)) continue;
    for (const Rounding rounding : kRoundings) {
      const float got = float_from(value, rounding);
      const HostRounding host(rounding);
      const volatile float want = static_cast<float>(value);
      ASSERT_EQ(float_bits(got), float_bits(want)) << value;
    }
  }
}

TEST(Formats, FlushKeepsTheSignAndNormalValues) {
  EXPECT_EQ(float_bits(flush_denormal(float_from_bits(0x807fffff))), 0x80000000u);
  EXPECT_EQ(float_bits(flush_denormal(float_from_bits(0x00800000))), 0x00800000u);
  EXPECT_EQ(float_bits(flush_denormal(float_from_bits(0x7f800001))), 0x7f800001u);
}

TEST(Formats, PackPutsTheFirstElementLow) {
  EXPECT_EQ(pack_halves(Half{0x1234}, Half{0xabcd}), 0xabcd1234u);
  EXPECT_EQ(low_half<Half>(0xabcd1234u).bits, 0x1234);
  EXPECT_EQ(high_half<BFloat16>(0xabcd1234u).bits, 0xabcd);
}

}  // namespace
}  // namespace triton_runner::executor::numerics
