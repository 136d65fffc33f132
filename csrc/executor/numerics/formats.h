// The floating-point formats of PTX as bit patterns, and exact conversion between them.
//
// Every format but f64 fits in a double, so a value is decoded to a double exactly, and encoded from one with a single
// rounding. Arithmetic of a narrow format is done in double, "rounded to odd" where it is inexact (see arith.cc), and
// encoded once; no result is ever rounded twice. Pure functions without state, safe from any thread.
// Tested in tests/csrc/executor/numerics/test_formats.cc.
#pragma once

#include <bit>
#include <cstdint>

namespace triton_runner::executor::numerics {

enum class Rounding : std::uint8_t {
  kNearestEven,  // .rn, .rni
  kTowardZero,   // .rz, .rzi
  kDown,         // .rm, .rmi
  kUp,           // .rp, .rpi
  kNearestAway,  // .rna (tf32 only)
};

enum class FloatType : std::uint8_t {
  kF64,
  kF32,
  kTF32,
  kF16,
  kBF16,
  kE4M3,
  kE5M2,
  kE2M3,
  kE3M2,
  kE2M1
};

// A 16-bit value in its register form; strong types, so that arithmetic can be overloaded on them.
struct Half {
  std::uint16_t bits;
  friend bool operator==(Half, Half) = default;
};
struct BFloat16 {
  std::uint16_t bits;
  friend bool operator==(BFloat16, BFloat16) = default;
};

// What the hardware writes for any NaN result of these types, whatever NaN went in. f64 is different: it passes on the
// NaN of an operand, made quiet, and has a NaN of its own only for an invalid operation.
inline constexpr std::uint32_t kCanonicalNanF32 = 0x7fffffffu;
inline constexpr std::uint32_t kCanonicalNanTF32 = 0x7fffe000u;
inline constexpr std::uint16_t kCanonicalNan16 = 0x7fffu;  // f16 and bf16
inline constexpr std::uint64_t kInvalidNanF64 = 0xfff8000000000000u;
inline constexpr std::uint64_t kQuietBitF64 = 0x0008000000000000u;

inline std::uint32_t float_bits(float x) { return std::bit_cast<std::uint32_t>(x); }
inline std::uint64_t float_bits(double x) { return std::bit_cast<std::uint64_t>(x); }
inline float float_from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }
inline double double_from_bits(std::uint64_t bits) { return std::bit_cast<double>(bits); }

inline bool is_nan(float x) { return x != x; }
inline bool is_nan(double x) { return x != x; }
inline bool is_nan(Half x) { return (x.bits & 0x7fffu) > 0x7c00u; }
inline bool is_nan(BFloat16 x) { return (x.bits & 0x7fffu) > 0x7f80u; }

// Exact, and a NaN becomes the canonical one. The rescaling turns the exponent field, denormals included, into that of
// f32 with one multiplication.
inline float to_float(Half x) {
  const std::uint32_t magnitude = (x.bits & 0x7fffu) << 13;
  const std::uint32_t sign = static_cast<std::uint32_t>(x.bits & 0x8000u) << 16;
  std::uint32_t bits = float_bits(float_from_bits(magnitude) * 0x1p112f);
  if (magnitude > 0x0f800000u) return float_from_bits(kCanonicalNanF32);
  if (magnitude == 0x0f800000u) bits = 0x7f800000u;
  return float_from_bits(bits | sign);
}
// Exact: a shift, which leaves the NaN as it is.
inline float to_float(BFloat16 x) { return float_from_bits(static_cast<std::uint32_t>(x.bits) << 16); }

// Flushes a denormal to a zero of its sign (.ftz); other values pass.
inline float flush_denormal(float x) {
  const std::uint32_t bits = float_bits(x);
  return (bits & 0x7f800000u) == 0 ? float_from_bits(bits & 0x80000000u) : x;
}

// What encode() does with a value beyond the largest finite one, and with NaN.
enum class Overflow : std::uint8_t {
  kIeee,    // infinity, or the largest finite value where the rounding mode says so
  kFinite,  // .satfinite: the largest finite value of that sign
};

// The exact value of a bit pattern (right-aligned, upper bits ignored). A NaN comes back as a NaN.
double decode(FloatType type, std::uint64_t bits);

// The bit pattern of `value` rounded once into the format; NaN gives the canonical NaN, and in a format without NaN
// the largest finite value, as PTX says for .satfinite.
std::uint64_t encode(FloatType type, double value, Rounding rounding = Rounding::kNearestEven,
                     Overflow overflow = Overflow::kIeee);

Half half_from(double value, Rounding rounding = Rounding::kNearestEven);
BFloat16 bfloat16_from(double value, Rounding rounding = Rounding::kNearestEven);

// f32 from a double with any rounding mode; NaN gives the canonical NaN.
float float_from(double value, Rounding rounding = Rounding::kNearestEven);

// Packed forms: two 16-bit elements, or two 8-bit ones, the first in the low bits.
template <typename T>
T low_half(std::uint32_t packed) {
  return T{static_cast<std::uint16_t>(packed)};
}
template <typename T>
T high_half(std::uint32_t packed) {
  return T{static_cast<std::uint16_t>(packed >> 16)};
}
template <typename T>
std::uint32_t pack_halves(T low, T high) {
  return static_cast<std::uint32_t>(low.bits) | static_cast<std::uint32_t>(high.bits) << 16;
}

}  // namespace triton_runner::executor::numerics
