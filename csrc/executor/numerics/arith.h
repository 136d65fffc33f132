// Floating-point arithmetic of PTX: correctly rounded in every mode, single rounding in fma, the NaN that hardware
// gives.
//
// One overload set for f32 (float), f64 (double), f16 (Half) and bf16 (BFloat16). The default mode of f32 and f64 is
// the host's own instruction; directed rounding never touches the host's rounding mode: f32 and narrower compute in
// double rounded to odd, f64 in 128-bit floats. Packed instructions apply these to each half.
// Compile with -ffp-contract=off where the target has FMA. Tested in tests/csrc/executor/numerics/test_arith.cc.
#pragma once

#include <cmath>
#include <cstdint>

#include "executor/numerics/formats.h"

namespace triton_runner::executor::numerics {

struct ArithMode {
  Rounding rounding = Rounding::kNearestEven;
  bool ftz = false;   // flush denormal operands, and results that are tiny before they are rounded; not of f64
  bool sat = false;   // clamp to [0, 1], NaN to +0; not of f64
  bool relu = false;  // f16 and bf16 fma: negative to +0, NaN stays

  bool is_default() const { return rounding == Rounding::kNearestEven && !ftz && !sat && !relu; }
};

// A result of the host's instruction, with the NaN that NVIDIA hardware would write.
inline float canonical(float x) { return is_nan(x) ? float_from_bits(kCanonicalNanF32) : x; }

namespace detail {
float add_with_mode(float a, float b, ArithMode mode);
float mul_with_mode(float a, float b, ArithMode mode);
float fma_with_mode(float a, float b, float c, ArithMode mode);
}  // namespace detail

inline float add(float a, float b, ArithMode mode = {}) {
  return mode.is_default() ? canonical(a + b) : detail::add_with_mode(a, b, mode);
}
inline float sub(float a, float b, ArithMode mode = {}) {
  return mode.is_default() ? canonical(a - b) : detail::add_with_mode(a, -b, mode);
}
inline float mul(float a, float b, ArithMode mode = {}) {
  return mode.is_default() ? canonical(a * b) : detail::mul_with_mode(a, b, mode);
}
inline float fma(float a, float b, float c, ArithMode mode = {}) {
  return mode.is_default() ? canonical(std::fma(a, b, c)) : detail::fma_with_mode(a, b, c, mode);
}
float div(float a, float b, ArithMode mode = {});  // div.rn and the directed ones
float rcp(float a, ArithMode mode = {});
float sqrt(float a, ArithMode mode = {});

double add(double a, double b, ArithMode mode = {});
double sub(double a, double b, ArithMode mode = {});
double mul(double a, double b, ArithMode mode = {});
double fma(double a, double b, double c, ArithMode mode = {});
double div(double a, double b, ArithMode mode = {});
double rcp(double a, ArithMode mode = {});
double sqrt(double a, ArithMode mode = {});

Half add(Half a, Half b, ArithMode mode = {});
Half sub(Half a, Half b, ArithMode mode = {});
Half mul(Half a, Half b, ArithMode mode = {});
Half fma(Half a, Half b, Half c, ArithMode mode = {});

BFloat16 add(BFloat16 a, BFloat16 b, ArithMode mode = {});
BFloat16 sub(BFloat16 a, BFloat16 b, ArithMode mode = {});
BFloat16 mul(BFloat16 a, BFloat16 b, ArithMode mode = {});
BFloat16 fma(BFloat16 a, BFloat16 b, BFloat16 c, ArithMode mode = {});

struct MinMaxMode {
  bool ftz = false;
  bool propagate_nan = false;  // .NaN: a NaN operand gives the canonical NaN; otherwise the other operand wins
  bool xorsign_abs = false;    // compare magnitudes; the sign is the xor of both signs
};

// -0 is less than +0. Two NaNs give the canonical NaN, of f64 the second one.
float min(float a, float b, MinMaxMode mode = {});
float max(float a, float b, MinMaxMode mode = {});
double min(double a, double b, MinMaxMode mode = {});
double max(double a, double b, MinMaxMode mode = {});
Half min(Half a, Half b, MinMaxMode mode = {});
Half max(Half a, Half b, MinMaxMode mode = {});
BFloat16 min(BFloat16 a, BFloat16 b, MinMaxMode mode = {});
BFloat16 max(BFloat16 a, BFloat16 b, MinMaxMode mode = {});

// A NaN becomes the canonical one; of f64 it becomes quiet and keeps its sign.
float neg(float a, bool ftz = false);
float abs(float a, bool ftz = false);
double neg(double a);
double abs(double a);
Half neg(Half a, bool ftz = false);
Half abs(Half a, bool ftz = false);
BFloat16 neg(BFloat16 a);
BFloat16 abs(BFloat16 a);

// The magnitude of b with the sign of a, in PTX's operand order.
float copysign_from(float a, float b);
double copysign_from(double a, double b);

// div.full.f32: 2 ULP on hardware, here correctly rounded. div.approx.f32: a * rcp(b), 2 ULP while |b| <= 2^126.
float div_full(float a, float b, bool ftz);
float div_approx(float a, float b, bool ftz);

}  // namespace triton_runner::executor::numerics
