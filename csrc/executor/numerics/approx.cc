// The .approx functions: the libm value in double, rounded once, around the special values of the PTX ISA. See
// approx.h.
#include "executor/numerics/approx.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace triton_runner::executor::numerics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

float operand(float x, bool ftz) { return ftz ? flush_denormal(x) : x; }

float result(double value, bool ftz) {
  const float rounded = float_from(value);
  return ftz ? flush_denormal(rounded) : rounded;
}

// sin and cos take the angle in turns, from one f32 multiplication by 1/(2 pi) rounded toward zero: that product, not
// the function, is what loses accuracy for large angles, so it is repeated here as the hardware does it.
double turns(float x) {
  constexpr float kInverseTwoPi = 0.15915494f;
  const double product = static_cast<double>(x) * kInverseTwoPi;
  const double rounded = float_from(product, Rounding::kTowardZero);
  return rounded - std::floor(rounded);  // in [0, 1], exact; NaN for infinities
}

}  // namespace

float ex2_approx(float x, bool ftz) { return result(std::exp2(static_cast<double>(operand(x, ftz))), ftz); }

float lg2_approx(float x, bool ftz) { return result(std::log2(static_cast<double>(operand(x, ftz))), ftz); }

float rcp_approx(float x, bool ftz) { return result(1.0 / operand(x, ftz), ftz); }

float rsqrt_approx(float x, bool ftz) {
  const double value = operand(x, ftz);
  if (value == 0) return result(std::copysign(kInfinity, value), ftz);
  return result(1.0 / std::sqrt(value), ftz);
}

float sqrt_approx(float x, bool ftz) { return result(std::sqrt(static_cast<double>(operand(x, ftz))), ftz); }

float sin_approx(float x, bool ftz) {
  const float angle = operand(x, ftz);
  if (angle == 0) return angle;
  return result(std::sin(2 * std::numbers::pi * turns(angle)), ftz);
}

float cos_approx(float x, bool ftz) { return result(std::cos(2 * std::numbers::pi * turns(operand(x, ftz))), ftz); }

float tanh_approx(float x) { return result(std::tanh(static_cast<double>(x)), false); }

Half ex2_approx(Half x, bool ftz) {
  const auto is_denormal = [](Half h) { return (h.bits & 0x7c00u) == 0; };
  if (ftz && is_denormal(x)) return half_from(1.0);
  const Half rounded = half_from(std::exp2(static_cast<double>(to_float(x))));
  return ftz && is_denormal(rounded) ? Half{0} : rounded;
}

BFloat16 ex2_approx(BFloat16 x) {  // exists as .ftz only
  return bfloat16_from(ex2_approx(to_float(x), true));
}

Half tanh_approx(Half x) { return half_from(std::tanh(static_cast<double>(to_float(x)))); }
BFloat16 tanh_approx(BFloat16 x) { return bfloat16_from(std::tanh(static_cast<double>(to_float(x)))); }

namespace {

// Reads and writes the upper word of a double; a denormal counts as zero.
double upper_word(double x) { return double_from_bits(float_bits(x) & 0xffffffff00000000u); }

constexpr std::uint64_t kNanOfUpperWord = 0x7fffffff00000000u;

double flush_double(double x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0, x) : x; }

}  // namespace

double rcp_approx_ftz(double x) {
  const double value = 1.0 / flush_double(upper_word(x));
  return is_nan(value) ? double_from_bits(kNanOfUpperWord) : upper_word(flush_double(value));
}

double rsqrt_approx_ftz(double x) {
  const double operand = flush_double(upper_word(x));
  if (operand == 0) return std::copysign(kInfinity, operand);
  const double value = 1.0 / std::sqrt(operand);
  return is_nan(value) ? double_from_bits(kNanOfUpperWord) : upper_word(value);
}

}  // namespace triton_runner::executor::numerics
