// The floating-point dot product of a tensor core: exact products, one aligned and truncated sum per block.
//
// Model: the products of a block and the accumulator are aligned to the largest exponent among them (a product's
// exponent is the sum of its factors', before normalization), each is truncated toward zero to `fraction_bits` below
// that exponent, and the sum of these is exact. It is then truncated to f32, or rounded to nearest-even for f16.
// Block lengths and fraction bits are what published measurements of each generation found. Those of sm_90 agree with
// an H100 in every bit of the golden vectors; those of sm_80 were not compared with hardware.
// Tested in tests/csrc/executor/numerics/test_mma.cc.
#pragma once

#include <cstdint>

#include "executor/numerics/mma.h"

namespace triton_runner::executor::numerics {

inline constexpr int kMaxDotLength = 32;

// One row of A or one column of B, as exact values with the exponents that the alignment looks at.
struct DotOperand {
  double value[kMaxDotLength];
  std::int16_t exponent[kMaxDotLength];  // of a denormal: the smallest normal one; of zero: kZeroExponent
  bool has_special = false;              // an infinity or NaN is among them
};
inline constexpr std::int16_t kZeroExponent = -10000;

// Sets element `index` of an operand from the low bits of a register.
template <MmaType kType>
void set_element(DotOperand& operand, int index, std::uint32_t bits);

// c + a[0]*b[0] + ... in blocks of `block` products (4, 8, 16 or 32), as bits of an f32 or f16 accumulator.
std::uint32_t dot_f32(const DotOperand& a, const DotOperand& b, int length, int block, int fraction_bits,
                      std::uint32_t c);
std::uint32_t dot_f16(const DotOperand& a, const DotOperand& b, int length, int block, int fraction_bits,
                      std::uint32_t c);

}  // namespace triton_runner::executor::numerics
