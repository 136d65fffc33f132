// The aligned dot product. See tensor_core.h.
#include "executor/numerics/tensor_core.h"

#include <algorithm>
#include <cmath>

#include "executor/numerics/formats.h"

namespace triton_runner::executor::numerics {
namespace {

FloatType float_type(MmaType type) {
  switch (type) {
    case MmaType::kF16:
      return FloatType::kF16;
    case MmaType::kBF16:
      return FloatType::kBF16;
    case MmaType::kTF32:
      return FloatType::kTF32;
    case MmaType::kE4M3:
      return FloatType::kE4M3;
    case MmaType::kE5M2:
      return FloatType::kE5M2;
    default:
      return FloatType::kF32;
  }
}

int smallest_exponent(FloatType type) {
  switch (type) {
    case FloatType::kF16:
    case FloatType::kE5M2:
      return -14;
    case FloatType::kE4M3:
      return -6;
    default:
      return -126;
  }
}

std::int32_t exponent_of(double value, FloatType type) {
  if (value == 0) return kZeroExponent;
  const int exponent = static_cast<int>(float_bits(value) >> 52 & 0x7ff) - 1023;
  return std::max(exponent, smallest_exponent(type));
}

double power_of_two(int exponent) { return double_from_bits(static_cast<std::uint64_t>(exponent + 1023) << 52); }

double read_element(FloatType type, std::uint32_t bits) {
  if (type == FloatType::kF16) return to_float(Half{static_cast<std::uint16_t>(bits)});
  if (type == FloatType::kBF16) return to_float(BFloat16{static_cast<std::uint16_t>(bits)});
  return decode(type, bits);
}

// Infinities and NaN follow IEEE rules whatever the order; finite values cannot overflow a double here.
double special_sum(const double* a, const double* b, int count, double c) {
  for (int i = 0; i < count; ++i) c += a[i] * b[i];
  return c;
}

// The aligned and truncated sum of one block, exact in a double.
double aligned_sum(const DotOperand& a, const DotOperand& b, int first, int count, int fraction_bits, double c,
                   FloatType accumulator) {
  std::int32_t largest = exponent_of(c, accumulator);
  for (int i = first; i < first + count; ++i) largest = std::max(largest, a.exponent[i] + b.exponent[i]);
  if (largest <= kZeroExponent / 2) return 0.0;  // all terms are zero

  const double scale = power_of_two(fraction_bits - largest);
  std::int32_t terms[kMaxDotLength];  // a term is below 2^(fraction_bits + 2)
  for (int i = 0; i < count; ++i) {
    terms[i] = static_cast<std::int32_t>(a.value[first + i] * b.value[first + i] * scale);
  }
  std::int64_t sum = static_cast<std::int32_t>(c * scale);
  for (int i = 0; i < count; ++i) sum += terms[i];
  return static_cast<double>(sum) * power_of_two(largest - fraction_bits);
}

// Truncation keeps the largest finite value where the sum does not reach 2^128; beyond, the result is infinite.
std::uint32_t truncate_to_f32(double value) {
  if (std::fabs(value) >= 0x1p128) return float_bits(std::copysign(INFINITY, static_cast<float>(value)));
  return static_cast<std::uint32_t>(encode(FloatType::kF32, value, Rounding::kTowardZero));
}

std::uint32_t round_to_f16(double value) { return static_cast<std::uint32_t>(encode(FloatType::kF16, value)); }

template <typename Round>
std::uint32_t dot(const DotOperand& a, const DotOperand& b, int length, int block, int fraction_bits, std::uint32_t c,
                  FloatType accumulator, Round round) {
  for (int first = 0; first < length; first += block) {
    const int count = std::min(block, length - first);
    const double addend = read_element(accumulator, c);
    const bool special = a.has_special || b.has_special || !std::isfinite(addend);
    c = round(special ? special_sum(a.value + first, b.value + first, count, addend)
                      : aligned_sum(a, b, first, count, fraction_bits, addend, accumulator));
  }
  return c;
}

}  // namespace

void set_element(DotOperand& operand, int index, MmaType type, std::uint32_t bits) {
  const FloatType format = float_type(type);
  const double value = read_element(format, bits);
  operand.value[index] = value;
  operand.exponent[index] = exponent_of(value, format);
  operand.has_special |= !std::isfinite(value);
}

std::uint32_t dot_f32(const DotOperand& a, const DotOperand& b, int length, int block, int fraction_bits,
                      std::uint32_t c) {
  return dot(a, b, length, block, fraction_bits, c, FloatType::kF32, truncate_to_f32);
}

std::uint32_t dot_f16(const DotOperand& a, const DotOperand& b, int length, int block, int fraction_bits,
                      std::uint32_t c) {
  return dot(a, b, length, block, fraction_bits, c & 0xffff, FloatType::kF16, round_to_f16);
}

}  // namespace triton_runner::executor::numerics
