// The aligned dot product. See tensor_core.h. Loops have constant lengths, so that the compiler turns them into vector
// code: this is where a matmul on the CPU driver spends its time.
#include "executor/numerics/tensor_core.h"

#include <algorithm>
#include <cmath>

#include "executor/numerics/formats.h"

namespace triton_runner::executor::numerics {
namespace {

constexpr int smallest_exponent(MmaType type) {
  switch (type) {
    case MmaType::kF16:
    case MmaType::kE5M2:
      return -14;
    case MmaType::kE4M3:
      return -6;
    default:
      return -126;
  }
}

// Of a finite value; an infinity or NaN gets any.
std::int16_t exponent_of(double value, int smallest) {
  const int exponent = static_cast<int>(float_bits(value) >> 52 & 0x7ff) - 1023;
  return value == 0 ? kZeroExponent : static_cast<std::int16_t>(std::max(exponent, smallest));
}

double power_of_two(int exponent) { return double_from_bits(static_cast<std::uint64_t>(exponent + 1023) << 52); }

template <MmaType kType>
double read_element(std::uint32_t bits) {
  if constexpr (kType == MmaType::kF16) return to_float(Half{static_cast<std::uint16_t>(bits)});
  if constexpr (kType == MmaType::kBF16) return to_float(BFloat16{static_cast<std::uint16_t>(bits)});
  if constexpr (kType == MmaType::kTF32) return decode(FloatType::kTF32, bits);
  if constexpr (kType == MmaType::kE4M3) return decode(FloatType::kE4M3, bits);
  if constexpr (kType == MmaType::kE5M2) return decode(FloatType::kE5M2, bits);
  if constexpr (kType == MmaType::kF32) return float_from_bits(bits);
}

// Infinities and NaN follow IEEE rules whatever the order; finite values cannot overflow a double here.
double special_sum(const double* a, const double* b, int count, double c) {
  for (int i = 0; i < count; ++i) c += a[i] * b[i];
  return c;
}

template <int kCount>
int largest_exponent(const std::int16_t* a, const std::int16_t* b) {
  std::int16_t largest = 2 * kZeroExponent;
  for (int i = 0; i < kCount; ++i) largest = std::max(largest, static_cast<std::int16_t>(a[i] + b[i]));
  return largest;
}

// A term is below 2^(fraction_bits + 2) = 2^27, so sixteen of them fit.
template <int kCount>
std::int32_t truncated_terms(const double* a, const double* b, double scale) {
  static_assert(kCount <= 16);
  std::int32_t sum = 0;
  for (int i = 0; i < kCount; ++i) sum += static_cast<std::int32_t>(a[i] * b[i] * scale);
  return sum;
}

// The aligned and truncated sum of one block, exact in a double.
template <int kBlock>
double aligned_sum(const DotOperand& a, const DotOperand& b, int first, int fraction_bits, double c, int c_exponent) {
  const int largest = std::max(largest_exponent<kBlock>(a.exponent + first, b.exponent + first), c_exponent);
  if (largest <= kZeroExponent / 2) return 0.0;  // all terms are zero
  const double scale = power_of_two(fraction_bits - largest);
  constexpr int kStep = std::min(kBlock, 16);
  std::int64_t sum = static_cast<std::int32_t>(c * scale);
  for (int i = first; i < first + kBlock; i += kStep) sum += truncated_terms<kStep>(a.value + i, b.value + i, scale);
  return static_cast<double>(sum) * power_of_two(largest - fraction_bits);
}

// Truncation keeps the largest finite value where the sum does not reach 2^128; beyond, the result is infinite.
std::uint32_t truncate_to_f32(double value) {
  if (is_nan(value)) return kCanonicalNanF32;
  const auto nearest = static_cast<float>(value);
  const bool went_up = std::fabs(static_cast<double>(nearest)) > std::fabs(value) && std::fabs(value) < 0x1p128;
  return float_bits(nearest) - (went_up ? 1 : 0);
}

std::uint32_t round_to_f16(double value) { return static_cast<std::uint32_t>(encode(FloatType::kF16, value)); }

template <MmaType kAccumulator, int kBlock>
std::uint32_t dot_in_blocks(const DotOperand& a, const DotOperand& b, int length, int fraction_bits, std::uint32_t c) {
  for (int first = 0; first < length; first += kBlock) {
    const double addend = read_element<kAccumulator>(c);
    const bool special = a.has_special || b.has_special || !std::isfinite(addend);
    const int exponent = exponent_of(addend, smallest_exponent(kAccumulator));
    const double sum = special ? special_sum(a.value + first, b.value + first, kBlock, addend)
                               : aligned_sum<kBlock>(a, b, first, fraction_bits, addend, exponent);
    c = kAccumulator == MmaType::kF16 ? round_to_f16(sum) : truncate_to_f32(sum);
  }
  return c;
}

template <MmaType kAccumulator>
std::uint32_t dot(const DotOperand& a, const DotOperand& b, int length, int block, int fraction_bits, std::uint32_t c) {
  switch (std::min(block, length)) {
    case 4:
      return dot_in_blocks<kAccumulator, 4>(a, b, length, fraction_bits, c);
    case 8:
      return dot_in_blocks<kAccumulator, 8>(a, b, length, fraction_bits, c);
    case 16:
      return dot_in_blocks<kAccumulator, 16>(a, b, length, fraction_bits, c);
    default:
      return dot_in_blocks<kAccumulator, 32>(a, b, length, fraction_bits, c);
  }
}

}  // namespace

template <MmaType kType>
void set_element(DotOperand& operand, int index, std::uint32_t bits) {
  const double value = read_element<kType>(bits);
  operand.value[index] = value;
  operand.exponent[index] = exponent_of(value, smallest_exponent(kType));
  operand.has_special |= !std::isfinite(value);
}

template void set_element<MmaType::kF16>(DotOperand&, int, std::uint32_t);
template void set_element<MmaType::kBF16>(DotOperand&, int, std::uint32_t);
template void set_element<MmaType::kTF32>(DotOperand&, int, std::uint32_t);
template void set_element<MmaType::kE4M3>(DotOperand&, int, std::uint32_t);
template void set_element<MmaType::kE5M2>(DotOperand&, int, std::uint32_t);

std::uint32_t dot_f32(const DotOperand& a, const DotOperand& b, int length, int block, int fraction_bits,
                      std::uint32_t c) {
  return dot<MmaType::kF32>(a, b, length, block, fraction_bits, c);
}

std::uint32_t dot_f16(const DotOperand& a, const DotOperand& b, int length, int block, int fraction_bits,
                      std::uint32_t c) {
  return dot<MmaType::kF16>(a, b, length, block, fraction_bits, c & 0xffff);
}

}  // namespace triton_runner::executor::numerics
