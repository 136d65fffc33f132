#include "executor/numerics/convert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "executor/numerics/reference.h"

namespace triton_runner::executor::numerics {
namespace {

constexpr IntType kS8{8, true}, kU8{8, false}, kS16{16, true}, kU16{16, false};
constexpr IntType kS32{32, true}, kU32{32, false}, kS64{64, true}, kU64{64, false};

std::uint64_t to_int(IntType to, float value, Rounding rounding = Rounding::kTowardZero) {
  return convert_float_to_int(to, FloatType::kF32, float_bits(value), {.rounding = rounding});
}
std::uint64_t to_int(IntType to, double value, Rounding rounding = Rounding::kTowardZero) {
  return convert_float_to_int(to, FloatType::kF64, float_bits(value), {.rounding = rounding});
}

TEST(Convert, FloatToIntRoundsInEveryMode) {
  const struct {
    float value;
    std::int64_t nearest, zero, down, up;
  } rows[] = {{2.5f, 2, 2, 2, 3},   {3.5f, 4, 3, 3, 4},      {-2.5f, -2, -2, -3, -2},
              {-0.5f, 0, 0, -1, 0}, {-3.7f, -4, -3, -4, -3}, {0.49999997f, 0, 0, 0, 1}};
  for (const auto& row : rows) {
    const std::int64_t want[] = {row.nearest, row.zero, row.down, row.up};
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(static_cast<std::int64_t>(to_int(kS32, row.value, kRoundings[i])), want[i]) << row.value;
    }
  }
}

TEST(Convert, FloatToIntClampsToItsRange) {
  EXPECT_EQ(to_int(kS32, 1e10f), 0x7fffffffu);
  EXPECT_EQ(static_cast<std::int64_t>(to_int(kS32, -1e10f)), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(to_int(kU32, -1.0f), 0u);
  EXPECT_EQ(to_int(kU32, 0x1p32f), 0xffffffffu);
  EXPECT_EQ(to_int(kU8, 300.0f), 255u);
  EXPECT_EQ(static_cast<std::int64_t>(to_int(kS8, -200.0f)), -128);
  EXPECT_EQ(to_int(kS16, INFINITY), 0x7fffu);
  EXPECT_EQ(to_int(kU16, 65535.9f), 65535u);
  EXPECT_EQ(to_int(kS64, 0x1p63), 0x7fffffffffffffffu);
  EXPECT_EQ(to_int(kS64, -0x1p63), 0x8000000000000000u);
  EXPECT_EQ(to_int(kU64, 0x1p64), 0xffffffffffffffffu);
  EXPECT_EQ(to_int(kU64, 0x1.fffffffffffffp63), 0xfffffffffffff800u);
}

TEST(Convert, NanToIntIsZeroOrTheLoneTopBit) {
  EXPECT_EQ(to_int(kS32, std::nanf("")), 0u);
  EXPECT_EQ(to_int(kU8, std::nanf("")), 0u);
  EXPECT_EQ(to_int(kS64, std::nanf("")), 0x8000000000000000u);
  EXPECT_EQ(to_int(kU64, std::nan("")), 0x8000000000000000u);
  EXPECT_EQ(static_cast<std::uint32_t>(to_int(kS32, std::nan(""))), 0x80000000u);
}

// In every mode, against the host's own conversions.
TEST(Convert, IntToFloatRoundsLikeTheHost) {
  Patterns patterns(3);
  for (int i = 0; i < 200000; ++i) {
    const volatile std::uint64_t bits = patterns.any_bits() * (i % 2 == 0 ? 1 : -1);
    for (const Rounding rounding : kRoundings) {
      const ConvertMode mode{.rounding = rounding};
      const auto f32_u64 = convert_int_to_float(FloatType::kF32, kU64, bits, mode);
      const auto f32_s64 = convert_int_to_float(FloatType::kF32, kS64, bits, mode);
      const auto f32_s32 = convert_int_to_float(FloatType::kF32, kS32, bits, mode);
      const auto f64_s64 = convert_int_to_float(FloatType::kF64, kS64, bits, mode);
      const auto f64_u64 = convert_int_to_float(FloatType::kF64, kU64, bits, mode);
      const HostRounding host(rounding);
      const volatile auto s64 = static_cast<std::int64_t>(bits);
      const volatile auto s32 = static_cast<std::int32_t>(bits);
      const volatile long double u64 = bits;  // 64-bit mantissa: exact, and one rounding to either type
      ASSERT_EQ(f32_u64, float_bits(static_cast<float>(u64))) << bits;
      ASSERT_EQ(f32_s64, float_bits(static_cast<float>(s64))) << s64;
      ASSERT_EQ(f32_s32, float_bits(static_cast<float>(s32))) << s32;
      ASSERT_EQ(f64_s64, float_bits(static_cast<double>(s64))) << s64;
      ASSERT_EQ(f64_u64, float_bits(static_cast<double>(u64))) << bits;
    }
  }
}

TEST(Convert, IntToHalfRoundsOnce) {
  const NaiveFormat naive = naive_half();
  for (std::int32_t value = 1; value < 200000; value += 3) {
    for (const Rounding rounding : kRoundings) {
      const auto got =
          convert_int_to_float(FloatType::kF16, kS32, static_cast<std::uint32_t>(-value), {.rounding = rounding});
      ASSERT_EQ(got, naive.round(-value, rounding, false)) << value;
    }
  }
}

TEST(Convert, IntToIntTruncatesOrSaturates) {
  EXPECT_EQ(convert_int(kS8, kS32, 0x180, {}), 0xffffffffffffff80u);
  EXPECT_EQ(convert_int(kU8, kS32, 0x180, {}), 0x80u);
  EXPECT_EQ(convert_int(kS64, kS32, 0xffffffffu, {}), 0xffffffffffffffffu);
  EXPECT_EQ(convert_int(kU64, kU32, 0xffffffffu, {}), 0xffffffffu);
  EXPECT_EQ(convert_int(kU8, kS32, 0xffffffffu, {.sat = true}), 0u);
  EXPECT_EQ(convert_int(kS8, kS32, 1000, {.sat = true}), 127u);
  EXPECT_EQ(convert_int(kS32, kU32, 0xffffffffu, {.sat = true}), 0x7fffffffu);
}

TEST(Convert, FloatToFloatModifiers) {
  const auto cvt = [](FloatType to, float value, ConvertMode mode) {
    return convert_float(to, FloatType::kF32, float_bits(value), mode);
  };
  EXPECT_EQ(cvt(FloatType::kF16, -1.0f, {.relu = true}), 0u);
  EXPECT_EQ(cvt(FloatType::kF16, std::nanf(""), {.relu = true}), kCanonicalNan16);
  EXPECT_EQ(cvt(FloatType::kF16, 1e10f, {.satfinite = true}), 0x7bffu);
  EXPECT_EQ(cvt(FloatType::kF16, std::nanf(""), {.satfinite = true}), kCanonicalNan16);
  EXPECT_EQ(cvt(FloatType::kF16, 2.0f, {.sat = true}), 0x3c00u);
  EXPECT_EQ(cvt(FloatType::kF16, std::nanf(""), {.sat = true}), 0u);
  EXPECT_EQ(cvt(FloatType::kF32, 2.5f, {.to_integer = true}), float_bits(2.0f));
  EXPECT_EQ(cvt(FloatType::kF32, -0.25f, {.to_integer = true}), 0x80000000u);
  EXPECT_EQ(cvt(FloatType::kF64, 1e-40f, {.ftz = true}), 0u);
  EXPECT_EQ(cvt(FloatType::kE4M3, 1e10f, {.satfinite = true}), 0x7eu);
  EXPECT_EQ(cvt(FloatType::kE5M2, -1e10f, {.satfinite = true}), 0xfbu);
}

TEST(Convert, NanKeepsItsPayloadToAndFromDoubleOnly) {
  using enum FloatType;
  const auto cvt = [](FloatType to, FloatType from, std::uint64_t bits, ConvertMode mode = {}) {
    return convert_float(to, from, bits, mode);
  };
  EXPECT_EQ(cvt(kF16, kF64, 0xfff0000000000001u), 0xfe00u);
  EXPECT_EQ(cvt(kF16, kF64, 0xfff26c7af86a5b5cu), 0xfe9bu);
  EXPECT_EQ(cvt(kBF16, kF64, 0x7ff8000000000000u), 0x7fc0u);
  EXPECT_EQ(cvt(kF32, kF64, 0xfff75f488e9ceee5u), 0xfffafa44u);
  EXPECT_EQ(cvt(kF64, kF16, 0x7c01), 0x7ff8040000000000u);
  EXPECT_EQ(cvt(kF64, kF32, 0xff800001u), 0xfff8000020000000u);
  EXPECT_EQ(cvt(kF64, kF32, 0xff800001u, {.ftz = true}), 0x7fffffffe0000000u);
  EXPECT_EQ(cvt(kF64, kF64, 0xfff0000000000001u, {.to_integer = true}), 0xfff8000000000001u);
  EXPECT_EQ(cvt(kF32, kF16, 0xfe00), kCanonicalNanF32);
  EXPECT_EQ(cvt(kF32, kBF16, 0xff81), 0xff810000u);
  EXPECT_EQ(cvt(kTF32, kF32, 0x7f800001u, {.rounding = Rounding::kNearestAway}), 0x7f800000u);
  EXPECT_EQ(cvt(kTF32, kF32, 0x7f800001u), kCanonicalNanTF32);
}

TEST(Convert, PackedFormsPutTheFirstOperandHigh) {
  const auto one = float_bits(1.0f), two = float_bits(2.0f);
  EXPECT_EQ(convert_pack(FloatType::kF16, FloatType::kF32, one, two, {}), 0x3c004000u);
  EXPECT_EQ(convert_pack(FloatType::kE4M3, FloatType::kF32, one, two, {.satfinite = true}), 0x3840u);
  EXPECT_EQ(convert_packed(FloatType::kF16, FloatType::kE4M3, 0x3840, {}), 0x3c004000u);
  EXPECT_EQ(convert_packed(FloatType::kE5M2, FloatType::kF16, 0x3c004000u, {.satfinite = true}), 0x3c40u);
}

TEST(Convert, PackSaturatesAndKeepsTheRestOfC) {
  EXPECT_EQ(convert_pack_sat(kU8, 300, -5, 0xaaaabbbbu), 0xbbbbff00u);
  EXPECT_EQ(convert_pack_sat(kS8, -300, 5, 0), 0x8005u);
  EXPECT_EQ(convert_pack_sat(kS16, 40000, -40000, 0), 0x7fff8000u);
}

}  // namespace
}  // namespace triton_runner::executor::numerics
