// The .approx functions of PTX. Hardware evaluates them from tables that are not published; here each is the correctly
// rounded value of the same function, with the special values of the PTX ISA's tables, so that a result differs from
// hardware by no more than hardware differs from the truth. A result may differ from the H100's by (tests/instructions
// holds it to the larger of the bounds in a row):
//
//   ex2.f32    2 ULP, 2^-22 relative              lg2.f32     1 ULP, 2^-22 absolute or relative
//   rcp.f32    1 ULP                              rsqrt.f32   2 ULP
//   sqrt.f32   1 ULP                              sin, cos    2^-20.5 absolute in [-pi, pi]
//   tanh.f32   2^-11 relative                     tanh.f16    1 ULP, 2^-10.987 absolute; bf16 1 ULP, 2^-8
//   ex2.f16    1 ULP, 2^-9.9 relative; bf16 2^-7  rcp.f64, rsqrt.f64   2^-20 relative
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
