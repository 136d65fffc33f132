// encode() and decode() for every format, driven by one table. See formats.h.
#include "executor/numerics/formats.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace triton_runner::executor::numerics {
namespace {

struct Layout {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  std::uint32_t largest_finite;  // magnitude bits of the largest finite value
  std::uint32_t infinity;        // magnitude bits, or 0 where the format has none
  std::uint32_t canonical_nan;   // bits, or 0 where the format has none
};

constexpr Layout layout_of(FloatType type) {
  switch (type) {
    case FloatType::kF32:
      return {8, 23, 127, 0x7f7fffff, 0x7f800000, kCanonicalNanF32};
    case FloatType::kTF32:  // ten mantissa bits, kept in the upper 19 bits of a 32-bit register: see encode()
      return {8, 10, 127, 0x3fbff, 0x3fc00, kCanonicalNanTF32 >> 13};
    case FloatType::kF16:
      return {5, 10, 15, 0x7bff, 0x7c00, kCanonicalNan16};
    case FloatType::kBF16:
      return {8, 7, 127, 0x7f7f, 0x7f80, kCanonicalNan16};
    case FloatType::kE4M3:
      return {4, 3, 7, 0x7e, 0, 0x7f};
    case FloatType::kE5M2:
      return {5, 2, 15, 0x7b, 0x7c, 0x7f};
    case FloatType::kE2M3:
      return {2, 3, 1, 0x1f, 0, 0};
    case FloatType::kE3M2:
      return {3, 2, 3, 0x1f, 0, 0};
    case FloatType::kE2M1:
      return {2, 1, 1, 0x7, 0, 0};
    case FloatType::kF64:
      break;
  }
  return {11, 52, 1023, 0, 0, 0};
}

constexpr int kTF32Padding = 13;
constexpr int kDoubleMantissaBits = 52;

// Whether the magnitude grows by one unit of the kept bits, given the bits that are dropped.
bool rounds_away(Rounding rounding, bool negative, bool kept_is_odd, std::uint64_t dropped, std::uint64_t half) {
  switch (rounding) {
    case Rounding::kNearestEven:
      return dropped > half || (dropped == half && kept_is_odd);
    case Rounding::kNearestAway:
      return dropped >= half;
    case Rounding::kTowardZero:
      return false;
    case Rounding::kDown:
      return negative && dropped != 0;
    case Rounding::kUp:
      return !negative && dropped != 0;
  }
  return false;
}

// The finite, nonzero magnitude of `value` as exponent and mantissa fields of the format; may exceed largest_finite.
std::uint64_t round_magnitude(const Layout& layout, double value, Rounding rounding) {
  const std::uint64_t bits = float_bits(value);
  const bool negative = bits >> 63 != 0;
  const int exponent = std::max<int>((bits >> kDoubleMantissaBits & 0x7ff), 1) - 1023;
  std::uint64_t significand = bits & ((std::uint64_t{1} << kDoubleMantissaBits) - 1);
  if ((bits >> kDoubleMantissaBits & 0x7ff) != 0) significand |= std::uint64_t{1} << kDoubleMantissaBits;

  const int smallest = 1 - layout.bias;
  const int scale = std::max(exponent, smallest);
  const int shift = std::min(kDoubleMantissaBits - layout.mantissa_bits + scale - exponent, 62);
  const std::uint64_t kept = significand >> shift;
  const std::uint64_t dropped = significand & ((std::uint64_t{1} << shift) - 1);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t rounded = kept + (rounds_away(rounding, negative, kept & 1, dropped, half) ? 1 : 0);
  // The implicit bit of a normal number adds the missing one to the exponent field; a carry moves on to the next.
  return (static_cast<std::uint64_t>(scale - smallest) << layout.mantissa_bits) + rounded;
}

// What stands for a magnitude beyond the largest finite one.
std::uint32_t overflowed(const Layout& layout, bool is_infinite, bool negative, Rounding rounding, Overflow overflow) {
  if (overflow == Overflow::kFinite || layout.infinity == 0) return layout.largest_finite;
  if (is_infinite) return layout.infinity;
  const bool toward_zero = rounding == Rounding::kTowardZero || (rounding == Rounding::kDown && !negative) ||
                           (rounding == Rounding::kUp && negative);
  return toward_zero ? layout.largest_finite : layout.infinity;
}

}  // namespace

double decode(FloatType type, std::uint64_t bits) {
  if (type == FloatType::kF64) return double_from_bits(bits);
  if (type == FloatType::kF32) return float_from_bits(static_cast<std::uint32_t>(bits));
  if (type == FloatType::kTF32) return float_from_bits(static_cast<std::uint32_t>(bits) & ~((1u << kTF32Padding) - 1));
  const Layout layout = layout_of(type);
  const int width = layout.exponent_bits + layout.mantissa_bits;
  const bool negative = (bits >> width & 1) != 0;
  const std::uint32_t magnitude = static_cast<std::uint32_t>(bits) & ((1u << width) - 1);
  double value;
  if (layout.infinity != 0 && magnitude == layout.infinity) {
    value = std::numeric_limits<double>::infinity();
  } else if (layout.canonical_nan != 0 && magnitude > layout.largest_finite) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    const int exponent = static_cast<int>(magnitude >> layout.mantissa_bits);
    const int implicit = exponent == 0 ? 0 : 1 << layout.mantissa_bits;
    const int significand = static_cast<int>(magnitude & ((1u << layout.mantissa_bits) - 1)) + implicit;
    value = std::ldexp(significand, std::max(exponent, 1) - layout.bias - layout.mantissa_bits);
  }
  return negative ? -value : value;
}

std::uint64_t encode(FloatType type, double value, Rounding rounding, Overflow overflow) {
  if (type == FloatType::kF64) return float_bits(value);
  const Layout layout = layout_of(type);
  const int padding = type == FloatType::kTF32 ? kTF32Padding : 0;
  if (is_nan(value)) {
    return std::uint64_t{layout.canonical_nan != 0 ? layout.canonical_nan : layout.largest_finite} << padding;
  }
  const bool negative = std::signbit(value);
  std::uint64_t magnitude = 0;
  if (std::isinf(value)) {
    magnitude = overflowed(layout, true, negative, rounding, overflow);
  } else if (value != 0) {
    magnitude = round_magnitude(layout, value, rounding);
    if (magnitude > layout.largest_finite) magnitude = overflowed(layout, false, negative, rounding, overflow);
  }
  const std::uint64_t sign = negative ? std::uint64_t{1} << (layout.exponent_bits + layout.mantissa_bits) : 0;
  return (sign | magnitude) << padding;
}

Half half_from(double value, Rounding rounding) {
  return Half{static_cast<std::uint16_t>(encode(FloatType::kF16, value, rounding))};
}

BFloat16 bfloat16_from(double value, Rounding rounding) {
  return BFloat16{static_cast<std::uint16_t>(encode(FloatType::kBF16, value, rounding))};
}

float float_from(double value, Rounding rounding) {
  if (rounding == Rounding::kNearestEven) {
    return is_nan(value) ? float_from_bits(kCanonicalNanF32) : static_cast<float>(value);
  }
  return float_from_bits(static_cast<std::uint32_t>(encode(FloatType::kF32, value, rounding)));
}

}  // namespace triton_runner::executor::numerics
