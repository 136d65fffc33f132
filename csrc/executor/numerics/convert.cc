// PTX `cvt`. See convert.h.
#include "executor/numerics/convert.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace triton_runner::executor::numerics {
namespace {

using Wide = __int128;  // holds every 64-bit integer of either sign

// An integral double near `value`, in the direction of the integer rounding mode. -0.3 gives -0.
double round_to_integral(double value, Rounding rounding) {
  switch (rounding) {
    case Rounding::kNearestEven:
      return std::nearbyint(value);
    case Rounding::kTowardZero:
      return std::trunc(value);
    case Rounding::kDown:
      return std::floor(value);
    case Rounding::kUp:
      return std::ceil(value);
    case Rounding::kNearestAway:
      return std::round(value);
  }
  return value;
}

double decode_operand(FloatType type, std::uint64_t bits, const ConvertMode& mode) {
  if (type == FloatType::kF32 && mode.ftz) return flush_denormal(float_from_bits(static_cast<std::uint32_t>(bits)));
  return decode(type, bits);
}

std::uint64_t low_bits(std::uint64_t value, int count) {
  return count >= 64 ? value : value & ((std::uint64_t{1} << count) - 1);
}

// The fields of a type, for carrying the payload of a NaN over.
struct NanLayout {
  int sign_bit, mantissa_bits;
};
NanLayout nan_layout(FloatType type) {
  if (type == FloatType::kF64) return {63, 52};
  if (type == FloatType::kF32) return {31, 23};
  return {15, type == FloatType::kF16 ? 10 : 7};
}

// To and from f64 a NaN keeps its sign and the upper bits of its payload, and becomes quiet.
std::uint64_t carry_nan(FloatType to, FloatType from, std::uint64_t bits) {
  const NanLayout source = nan_layout(from), result = nan_layout(to);
  const int narrower = source.mantissa_bits - result.mantissa_bits;
  const std::uint64_t payload = low_bits(bits, source.mantissa_bits);
  const std::uint64_t kept = narrower >= 0 ? payload >> narrower : payload << -narrower;
  const std::uint64_t exponent_and_quiet =
      ((std::uint64_t{1} << result.sign_bit) - 1) ^ ((std::uint64_t{1} << (result.mantissa_bits - 1)) - 1);
  return (bits >> source.sign_bit & 1) << result.sign_bit | exponent_and_quiet | kept;
}

std::uint64_t convert_nan(FloatType to, FloatType from, std::uint64_t bits, const ConvertMode& mode) {
  if (mode.sat) return 0;
  if (to == FloatType::kTF32 && mode.rounding == Rounding::kNearestAway) return bits & 0xffffe000u;  // only cut off
  if (to == FloatType::kF32 && from == FloatType::kBF16) return bits << 16;
  if (from == FloatType::kF32 && mode.ftz) bits = kCanonicalNanF32;
  if (to == FloatType::kF64 || from == FloatType::kF64) return carry_nan(to, from, bits);
  return encode(to, std::numeric_limits<double>::quiet_NaN());
}

std::uint64_t encode_result(FloatType type, double value, const ConvertMode& mode) {
  if (mode.sat) value = value > 0 ? std::min(value, 1.0) : 0.0;  // NaN compares false
  if (mode.relu && !(value > 0) && !is_nan(value)) value = 0.0;
  const Overflow overflow = mode.satfinite ? Overflow::kFinite : Overflow::kIeee;
  const std::uint64_t bits = encode(type, value, mode.rounding, overflow);
  if (type != FloatType::kF32 || !mode.ftz) return bits;
  return float_bits(flush_denormal(float_from_bits(static_cast<std::uint32_t>(bits))));
}

Wide smallest(IntType type) { return type.is_signed ? -(Wide{1} << (type.bits - 1)) : Wide{0}; }
Wide largest(IntType type) { return (Wide{1} << (type.is_signed ? type.bits - 1 : type.bits)) - 1; }

// The value of the low bits of a register as an integer of that type.
Wide read_integer(IntType type, std::uint64_t bits) {
  const std::uint64_t value = low_bits(bits, type.bits);
  const bool negative = type.is_signed && (value >> (type.bits - 1) & 1) != 0;
  return negative ? Wide{value} - (Wide{1} << type.bits) : Wide{value};
}

// A double that rounds to any narrower format as the integer itself would: where it does not fit, its last bit is
// set to stand for all that was dropped.
double round_to_odd(Wide value) {
  const bool negative = value < 0;
  std::uint64_t magnitude = static_cast<std::uint64_t>(negative ? -value : value);
  const int excess = 64 - std::countl_zero(magnitude) - 53;
  if (excess > 0) {
    const bool inexact = low_bits(magnitude, excess) != 0;
    magnitude = (magnitude >> excess | (inexact ? 1 : 0)) << excess;
  }
  return negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
}

// f64 in any rounding mode: the host rounds to nearest, and the neighbour is taken where that went the other way.
double double_from_integer(Wide value, Rounding rounding) {
  const double nearest = value < 0 ? -static_cast<double>(static_cast<std::uint64_t>(-value))
                                   : static_cast<double>(static_cast<std::uint64_t>(value));
  const Wide error = static_cast<Wide>(nearest) - value;
  const bool is_above = error > 0, is_below = error < 0;
  const bool toward_zero = rounding == Rounding::kTowardZero;
  if (is_above && (rounding == Rounding::kDown || (toward_zero && value > 0)))
    return std::nextafter(nearest, -INFINITY);
  if (is_below && (rounding == Rounding::kUp || (toward_zero && value < 0))) return std::nextafter(nearest, INFINITY);
  return nearest;
}

}  // namespace

std::uint64_t convert_float(FloatType to, FloatType from, std::uint64_t bits, ConvertMode mode) {
  double value = decode_operand(from, bits, mode);
  if (is_nan(value)) return convert_nan(to, from, bits, mode);
  if (mode.to_integer) value = round_to_integral(value, mode.rounding);
  return encode_result(to, value, mode);
}

std::uint64_t convert_float_to_int(IntType to, FloatType from, std::uint64_t bits, ConvertMode mode) {
  const double value = round_to_integral(decode_operand(from, bits, mode), mode.rounding);
  if (is_nan(value)) {
    const bool is_wide = to.bits == 64 || from == FloatType::kF64;
    const std::uint64_t top = std::uint64_t{1} << (to.bits - 1);
    return is_wide ? static_cast<std::uint64_t>(read_integer(to, top)) : 0;
  }
  const double low = static_cast<double>(smallest(to));
  const double beyond = std::ldexp(1.0, to.is_signed ? to.bits - 1 : to.bits);
  if (value < low) return static_cast<std::uint64_t>(smallest(to));
  if (value >= beyond) return static_cast<std::uint64_t>(largest(to));
  return static_cast<std::uint64_t>(static_cast<Wide>(value));
}

std::uint64_t convert_int_to_float(FloatType to, IntType from, std::uint64_t bits, ConvertMode mode) {
  const Wide value = read_integer(from, bits);
  if (to == FloatType::kF64 && !mode.sat) return float_bits(double_from_integer(value, mode.rounding));
  return encode_result(to, round_to_odd(value), mode);
}

std::uint64_t convert_int(IntType to, IntType from, std::uint64_t bits, ConvertMode mode) {
  Wide value = read_integer(from, bits);
  if (mode.sat) value = std::clamp(value, smallest(to), largest(to));
  return static_cast<std::uint64_t>(read_integer(to, static_cast<std::uint64_t>(value)));
}

std::uint32_t convert_pack(FloatType to, FloatType from, std::uint64_t high, std::uint64_t low, ConvertMode mode) {
  const int width = to == FloatType::kF16 || to == FloatType::kBF16 ? 16 : 8;
  return static_cast<std::uint32_t>(convert_float(to, from, high, mode) << width | convert_float(to, from, low, mode));
}

std::uint32_t convert_packed(FloatType to, FloatType from, std::uint32_t packed, ConvertMode mode) {
  const int width = from == FloatType::kF16 || from == FloatType::kBF16 ? 16 : 8;
  const std::uint32_t element = (1u << width) - 1;
  return convert_pack(to, from, packed >> width & element, packed & element, mode);
}

std::uint32_t convert_pack_sat(IntType to, std::int32_t a, std::int32_t b, std::uint32_t c) {
  const auto clamped = [to](std::int32_t value) {
    const Wide inside = std::clamp<Wide>(value, smallest(to), largest(to));
    return static_cast<std::uint32_t>(low_bits(static_cast<std::uint64_t>(inside), to.bits));
  };
  const std::uint32_t pair = clamped(a) << to.bits | clamped(b);
  const int pair_bits = 2 * to.bits;
  return pair_bits >= 32 ? pair : c << pair_bits | pair;
}

}  // namespace triton_runner::executor::numerics
