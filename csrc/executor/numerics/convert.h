// PTX `cvt`: between float formats, between floats and integers, and between integers, bit for bit.
//
// Registers go in and out as bit patterns in the low bits of a uint64_t, the form in which the executor holds them.
// A signed integer result narrower than 64 bits is returned sign-extended to 64 bits; the caller stores what the
// register holds. Tested in tests/csrc/executor/numerics/test_convert.cc and by the golden vectors.
#pragma once

#include <cstdint>

#include "executor/numerics/formats.h"

namespace triton_runner::executor::numerics {

struct IntType {
  std::uint8_t bits;  // 8, 16, 32, 64; 4 and others work too
  bool is_signed;
};

struct ConvertMode {
  Rounding rounding = Rounding::kNearestEven;
  bool to_integer = false;  // .rni .rzi .rmi .rpi between two float types of one size: round to an integral value
  bool ftz = false;         // flush f32 denormals, in and out; other types keep theirs
  bool sat = false;         // float result: clamp to [0, 1], NaN to 0; integer result: clamp to its range
  bool satfinite = false;   // beyond the range: the largest finite value
  bool relu = false;        // negative results become +0, NaN stays NaN
};

std::uint64_t convert_float(FloatType to, FloatType from, std::uint64_t bits, ConvertMode mode);

// Always clamps to the range of `to`. NaN gives 0, or the lone top bit when either side is 64 bits wide.
std::uint64_t convert_float_to_int(IntType to, FloatType from, std::uint64_t bits, ConvertMode mode);

std::uint64_t convert_int_to_float(FloatType to, IntType from, std::uint64_t bits, ConvertMode mode);

std::uint64_t convert_int(IntType to, IntType from, std::uint64_t bits, ConvertMode mode);

// cvt.<rnd>.<to>x2.<from> d, a, b: `high` (operand a) fills the upper half, `low` (operand b) the lower.
// `to` is f16, bf16 (32-bit result) or an 8-bit format (16-bit result); `from` is f32.
std::uint32_t convert_pack(FloatType to, FloatType from, std::uint64_t high, std::uint64_t low, ConvertMode mode);

// cvt.<rnd>.<to>x2.<from>x2 d, a: both elements of a packed register, between f16x2/bf16x2 and 8-bit pairs.
std::uint32_t convert_packed(FloatType to, FloatType from, std::uint32_t packed, ConvertMode mode);

// cvt.pack.sat.<to>.s32[.b32] d, a, b, c: clamp a and b, put them above what remains of c (c = 0 without .b32).
std::uint32_t convert_pack_sat(IntType to, std::int32_t a, std::int32_t b, std::uint32_t c);

}  // namespace triton_runner::executor::numerics
