// The .approx functions of PTX. Hardware evaluates them from tables that are not published; here each is the correctly
// rounded value of the same function, with the special values of the PTX ISA's tables, so that a result differs from
// hardware by no more than hardware differs from the truth. The bounds below are those that tests/instructions uses.
//
//   ex2.approx.f32    2 ULP + 2^-22.5 relative    lg2.approx.f32   2^-22 absolute in (0.5, 2), else 2^-22 relative
//   rcp.approx.f32    1 ULP                       rsqrt.approx.f32 2^-22.9 relative
//   sqrt.approx.f32   2^-22.5 relative            sin, cos         2^-20.5 absolute in [-pi, pi]
//   tanh.approx.f32   2^-11 relative              ex2.approx.f16   2^-9.9 relative; bf16 2^-7
//   tanh.approx.f16   2^-10.987 absolute          tanh.approx.bf16 2^-8
//
// Tested in tests/csrc/executor/numerics/test_approx.cc and by the golden vectors.
#pragma once

#include "executor/numerics/formats.h"

namespace triton_runner::executor::numerics {

float ex2_approx(float x, bool ftz);
float lg2_approx(float x, bool ftz);
float rcp_approx(float x, bool ftz);
float rsqrt_approx(float x, bool ftz);
float sqrt_approx(float x, bool ftz);
float sin_approx(float x, bool ftz);
float cos_approx(float x, bool ftz);
float tanh_approx(float x);

Half ex2_approx(Half x, bool ftz);
BFloat16 ex2_approx(BFloat16 x);
Half tanh_approx(Half x);
BFloat16 tanh_approx(BFloat16 x);

// rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64 read and write the upper 32 bits only; the lower ones are zero.
double rcp_approx_ftz(double x);
double rsqrt_approx_ftz(double x);

}  // namespace triton_runner::executor::numerics
