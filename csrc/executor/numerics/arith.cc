// Arithmetic in the non-default modes and in the narrow formats. See arith.h.
//
// A result is first found in a wider format, rounded to odd: truncated, with the last bit set when anything was
// dropped. Two more bits than the target format are then enough for one further rounding, in any mode, to be exact.
#include "executor/numerics/arith.h"

#include <initializer_list>
#include <limits>
#include <type_traits>

namespace triton_runner::executor::numerics {
namespace {

#if defined(__x86_64__)
using Quad = __float128;
#else
using Quad = long double;
static_assert(std::numeric_limits<long double>::digits == 113, "f64 arithmetic needs a 113-bit float type");
#endif

// `sum` is the rounded value and `error` has the sign of (exact - sum): the exact value rounded to odd.
double to_odd(double sum, double error) {
  if (error == 0 || !std::isfinite(sum)) return sum;
  const std::uint64_t bits = float_bits(sum);
  if ((bits & 1) != 0) return sum;
  const bool grows = (error > 0) == !std::signbit(sum);
  return double_from_bits(grows ? bits + 1 : bits - 1);
}

// a + b rounded to odd. Knuth's two-sum gives the error exactly.
double add_to_odd(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  const double error = (a - (sum - b_part)) + (b - b_part);
  return to_odd(sum, error);
}

double div_to_odd(double a, double b) {
  const double quotient = a / b;
  if (!std::isfinite(quotient) || quotient == 0) return quotient;
  const double remainder = std::fma(-quotient, b, a);
  return to_odd(quotient, b > 0 ? remainder : -remainder);
}

double sqrt_to_odd(double a) {
  const double root = std::sqrt(a);
  if (!std::isfinite(root) || root == 0) return root;
  return to_odd(root, std::fma(-root, root, a));
}

// IEEE 754: an exact zero from operands of unlike sign is -0 when rounding down, else +0.
template <typename T>
T signed_zero(T sum, T a, T b, Rounding rounding) {
  if (sum != 0 || std::signbit(a) == std::signbit(b)) return sum;
  return rounding == Rounding::kDown ? T{-0.0} : T{0.0};
}

float saturate(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
double saturate(double x) { return x > 0 ? (x < 1 ? x : 1.0) : 0.0; }

float operand(float x, const ArithMode& mode) { return mode.ftz ? flush_denormal(x) : x; }

// Tininess is judged before rounding: what would round up to the smallest normal number is flushed as well.
double flush_tiny(double value, double smallest_normal) {
  return std::fabs(value) < smallest_normal ? std::copysign(0.0, value) : value;
}

float finish(double value, const ArithMode& mode) {
  const float result = float_from(mode.ftz ? flush_tiny(value, 0x1p-126) : value, mode.rounding);
  return mode.sat ? saturate(result) : result;
}

// The NaN of an f64 instruction: that of the first operand in `by_priority` that is one, made quiet.
double nan_of(std::initializer_list<double> by_priority) {
  for (const double operand : by_priority) {
    if (is_nan(operand)) return double_from_bits(float_bits(operand) | kQuietBitF64);
  }
  return double_from_bits(kInvalidNanF64);
}

// f64 from the exact or rounded-to-nearest quad result; see the note on div_f64().
double finish(Quad value, Rounding rounding) {
  const double nearest = static_cast<double>(value);
  const Quad rounded = nearest;
  const bool is_above = rounded > value, is_below = rounded < value;
  const bool toward_zero = rounding == Rounding::kTowardZero;
  const double infinity = std::numeric_limits<double>::infinity();
  if (is_above && (rounding == Rounding::kDown || (toward_zero && value > 0)))
    return std::nextafter(nearest, -infinity);
  if (is_below && (rounding == Rounding::kUp || (toward_zero && value < 0))) return std::nextafter(nearest, infinity);
  return nearest;
}

// The sum of two quads whose error, where there is one, still decides directed rounding to f64: two-sum, then a step
// of one quad ulp toward the exact value. Rounding to nearest never comes here.
Quad add_directed(Quad a, Quad b) {
  const Quad sum = a + b;
  const Quad b_part = sum - a;
  const Quad error = (a - (sum - b_part)) + (b - b_part);
  if (!(error > 0) && !(error < 0)) return sum;  // exact, or not finite
  const Quad ulp = (sum < 0 ? -sum : sum) * static_cast<Quad>(0x1p-112);
  return static_cast<double>(sum) != sum ? sum : (error > 0 ? sum + ulp : sum - ulp);
}

}  // namespace

namespace detail {

float add_with_mode(float a, float b, ArithMode mode) {
  a = operand(a, mode);
  b = operand(b, mode);
  const double sum = add_to_odd(a, b);
  return finish(signed_zero<double>(sum, a, b, mode.rounding), mode);
}

float mul_with_mode(float a, float b, ArithMode mode) {
  return finish(static_cast<double>(operand(a, mode)) * operand(b, mode), mode);
}

float fma_with_mode(float a, float b, float c, ArithMode mode) {
  const double product = static_cast<double>(operand(a, mode)) * operand(b, mode);
  const double addend = operand(c, mode);
  return finish(signed_zero(add_to_odd(product, addend), product, addend, mode.rounding), mode);
}

}  // namespace detail

float div(float a, float b, ArithMode mode) { return finish(div_to_odd(operand(a, mode), operand(b, mode)), mode); }
float rcp(float a, ArithMode mode) { return div(1.0f, a, mode); }
float sqrt(float a, ArithMode mode) { return finish(sqrt_to_odd(operand(a, mode)), mode); }

namespace {

double add_f64(double a, double b, Rounding rounding) {
  if (rounding == Rounding::kNearestEven) return a + b;
  return signed_zero(finish(add_directed(a, b), rounding), a, b, rounding);
}

double fma_f64(double a, double b, double c, Rounding rounding) {
  if (rounding == Rounding::kNearestEven) return std::fma(a, b, c);
  const Quad product = static_cast<Quad>(a) * b;
  const double sum = finish(add_directed(product, c), rounding);
  const bool product_negative = std::signbit(a) != std::signbit(b);
  const bool cancels = sum == 0 && product + c == 0 && product_negative != std::signbit(c);
  return cancels ? (rounding == Rounding::kDown ? -0.0 : 0.0) : sum;
}

// A quotient of 53-bit numbers that is no 54-bit number is at least 2^-107 of itself away from one: the quad result,
// rounded to nearest at 2^-113, is on the same side of it and decides any rounding.
double div_f64(double a, double b, Rounding rounding) {
  return rounding == Rounding::kNearestEven ? a / b : finish(static_cast<Quad>(a) / b, rounding);
}

double sqrt_f64(double a, Rounding rounding) {
  const double root = std::sqrt(a);
  if (rounding == Rounding::kNearestEven || !std::isfinite(root) || root == 0) return root;
  const Quad square = static_cast<Quad>(root) * root;  // exact; its distance from a says where the true root lies
  const Quad step = static_cast<Quad>(root) * static_cast<Quad>(0x1p-80);
  if (square == a) return root;
  return finish(square > a ? root - step : root + step, rounding);
}

}  // namespace

double add(double a, double b, ArithMode mode) {
  const double sum = add_f64(a, b, mode.rounding);
  return is_nan(sum) ? nan_of({b, a}) : sum;
}

double sub(double a, double b, ArithMode mode) {
  const double difference = add_f64(a, -b, mode.rounding);
  return is_nan(difference) ? nan_of({b, a}) : difference;  // a NaN is not negated
}

double mul(double a, double b, ArithMode mode) {
  const bool nearest = mode.rounding == Rounding::kNearestEven;
  const double product = nearest ? a * b : finish(static_cast<Quad>(a) * b, mode.rounding);  // 106 bits: exact
  return is_nan(product) ? nan_of({b, a}) : product;
}

double fma(double a, double b, double c, ArithMode mode) {
  const double sum = fma_f64(a, b, c, mode.rounding);
  return is_nan(sum) ? nan_of({c, b, a}) : sum;
}

double div(double a, double b, ArithMode mode) {
  const double quotient = div_f64(a, b, mode.rounding);
  return is_nan(quotient) ? nan_of({a, b}) : quotient;
}

double rcp(double a, ArithMode mode) { return div(1.0, a, mode); }

double sqrt(double a, ArithMode mode) {
  const double root = sqrt_f64(a, mode.rounding);
  return is_nan(root) ? nan_of({a}) : root;
}

namespace {

template <typename T>
T narrow_from(double value, const ArithMode& mode);

template <>
Half narrow_from(double value, const ArithMode& mode) {
  return half_from(value, mode.rounding);
}
template <>
BFloat16 narrow_from(double value, const ArithMode& mode) {
  return bfloat16_from(value, mode.rounding);
}

template <typename T>
T flush_narrow(T x, const ArithMode& mode) {
  constexpr std::uint16_t kExponent = std::is_same_v<T, Half> ? 0x7c00 : 0x7f80;
  const bool flushed = mode.ftz && (x.bits & kExponent) == 0;
  return flushed ? T{static_cast<std::uint16_t>(x.bits & 0x8000)} : x;
}

template <typename T>
T finish_narrow(double value, const ArithMode& mode) {
  if (mode.sat) value = saturate(value);
  if (mode.relu && !is_nan(value) && !(value > 0)) value = 0.0;
  constexpr double kSmallestNormal = std::is_same_v<T, Half> ? 0x1p-14 : 0x1p-126;
  return narrow_from<T>(mode.ftz ? flush_tiny(value, kSmallestNormal) : value, mode);
}

template <typename T>
T add_narrow(T a, T b, const ArithMode& mode) {
  return finish_narrow<T>(add_to_odd(to_float(flush_narrow(a, mode)), to_float(flush_narrow(b, mode))), mode);
}

template <typename T>
T mul_narrow(T a, T b, const ArithMode& mode) {
  const double product = static_cast<double>(to_float(flush_narrow(a, mode))) * to_float(flush_narrow(b, mode));
  return finish_narrow<T>(product, mode);
}

template <typename T>
T fma_narrow(T a, T b, T c, const ArithMode& mode) {
  const double product = static_cast<double>(to_float(flush_narrow(a, mode))) * to_float(flush_narrow(b, mode));
  return finish_narrow<T>(add_to_odd(product, to_float(flush_narrow(c, mode))), mode);
}

template <typename T>
T flip_sign(T x) {
  return T{static_cast<std::uint16_t>(x.bits ^ 0x8000)};
}

}  // namespace

Half add(Half a, Half b, ArithMode mode) { return add_narrow(a, b, mode); }
Half sub(Half a, Half b, ArithMode mode) { return add_narrow(a, flip_sign(b), mode); }
Half mul(Half a, Half b, ArithMode mode) { return mul_narrow(a, b, mode); }
Half fma(Half a, Half b, Half c, ArithMode mode) { return fma_narrow(a, b, c, mode); }

BFloat16 add(BFloat16 a, BFloat16 b, ArithMode mode) { return add_narrow(a, b, mode); }
BFloat16 sub(BFloat16 a, BFloat16 b, ArithMode mode) { return add_narrow(a, flip_sign(b), mode); }
BFloat16 mul(BFloat16 a, BFloat16 b, ArithMode mode) { return mul_narrow(a, b, mode); }
BFloat16 fma(BFloat16 a, BFloat16 b, BFloat16 c, ArithMode mode) { return fma_narrow(a, b, c, mode); }

float div_full(float a, float b, bool ftz) { return div(a, b, {.ftz = ftz}); }

float div_approx(float a, float b, bool ftz) {
  if (!ftz && std::fabs(b) < 0x1p-126f) {  // the reciprocal would flush it
    a *= 0x1p24f;
    b *= 0x1p24f;
  }
  return mul(a, rcp(b, {.ftz = true}), {.ftz = ftz});
}

}  // namespace triton_runner::executor::numerics
