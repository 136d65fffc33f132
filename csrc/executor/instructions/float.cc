// Floating-point arithmetic: add sub mul mad fma div rcp sqrt rsqrt sin cos lg2 ex2 tanh min max neg abs copysign, for
// f32, f64, f16, bf16 and their packed forms. The mathematics is numerics/; here it meets registers and modifiers.
// Tested in tests/csrc/executor/test_float.cc.
#include <array>

#include "executor/decode_table.h"
#include "executor/instructions/by_type.h"
#include "executor/lanewise.h"
#include "executor/numerics/approx.h"
#include "executor/numerics/arith.h"

namespace triton_runner::executor {
namespace {

using numerics::BFloat16;
using numerics::Half;
using ptx::Mod;
using ptx::Opcode;
using ptx::Type;

numerics::ArithMode arith(const Modifiers& m) { return {m.rounding, m.ftz, m.sat, m.relu}; }
numerics::MinMaxMode min_max(const Modifiers& m) { return {m.ftz, m.nan, m.xorsign_abs}; }

template <typename T>
T add(const Modifiers& m, T a, T b) {
  return numerics::add(a, b, arith(m));
}
template <typename T>
T sub(const Modifiers& m, T a, T b) {
  return numerics::sub(a, b, arith(m));
}
template <typename T>
T mul(const Modifiers& m, T a, T b) {
  return numerics::mul(a, b, arith(m));
}
template <typename T>
T fma(const Modifiers& m, T a, T b, T c) {
  return numerics::fma(a, b, c, arith(m));
}
template <typename T>
T div(const Modifiers& m, T a, T b) {
  return numerics::div(a, b, arith(m));
}
template <typename T>
T rcp(const Modifiers& m, T a) {
  return numerics::rcp(a, arith(m));
}
template <typename T>
T sqrt(const Modifiers& m, T a) {
  return numerics::sqrt(a, arith(m));
}
template <typename T>
T min(const Modifiers& m, T a, T b) {
  return numerics::min(a, b, min_max(m));
}
template <typename T>
T max(const Modifiers& m, T a, T b) {
  return numerics::max(a, b, min_max(m));
}
template <typename T>
T min3(const Modifiers& m, T a, T b, T c) {
  return min(m, min(m, a, b), c);
}
template <typename T>
T max3(const Modifiers& m, T a, T b, T c) {
  return max(m, max(m, a, b), c);
}

// Rounding to nearest without modifiers, which is nearly all of it, is the host's own instruction.
float add_rn(float a, float b) { return numerics::add(a, b); }
float sub_rn(float a, float b) { return numerics::sub(a, b); }
float mul_rn(float a, float b) { return numerics::mul(a, b); }
float fma_rn(float a, float b, float c) { return numerics::fma(a, b, c); }

float neg(const Modifiers& m, float a) { return numerics::neg(a, m.ftz); }
float abs(const Modifiers& m, float a) { return numerics::abs(a, m.ftz); }
double neg(const Modifiers&, double a) { return numerics::neg(a); }
double abs(const Modifiers&, double a) { return numerics::abs(a); }
Half neg(const Modifiers& m, Half a) { return numerics::neg(a, m.ftz); }
Half abs(const Modifiers& m, Half a) { return numerics::abs(a, m.ftz); }
BFloat16 neg(const Modifiers&, BFloat16 a) { return numerics::neg(a); }
BFloat16 abs(const Modifiers&, BFloat16 a) { return numerics::abs(a); }

float div_full(const Modifiers& m, float a, float b) { return numerics::div_full(a, b, m.ftz); }
float div_approx(const Modifiers& m, float a, float b) { return numerics::div_approx(a, b, m.ftz); }
float rcp_approx(const Modifiers& m, float a) { return numerics::rcp_approx(a, m.ftz); }
float rsqrt_approx(const Modifiers& m, float a) { return numerics::rsqrt_approx(a, m.ftz); }
float sqrt_approx(const Modifiers& m, float a) { return numerics::sqrt_approx(a, m.ftz); }
float sin_approx(const Modifiers& m, float a) { return numerics::sin_approx(a, m.ftz); }
float cos_approx(const Modifiers& m, float a) { return numerics::cos_approx(a, m.ftz); }
float lg2_approx(const Modifiers& m, float a) { return numerics::lg2_approx(a, m.ftz); }
float ex2_approx(const Modifiers& m, float a) { return numerics::ex2_approx(a, m.ftz); }
Half ex2_approx(const Modifiers& m, Half a) { return numerics::ex2_approx(a, m.ftz); }
BFloat16 ex2_approx(const Modifiers&, BFloat16 a) { return numerics::ex2_approx(a); }
template <typename T>
T tanh_approx(const Modifiers&, T a) {
  return numerics::tanh_approx(a);
}

// A function on one element, for both elements of a packed word.
template <typename T, T (*Function)(const Modifiers&, T)>
uint32_t both(const Modifiers& m, uint32_t a) {
  using namespace numerics;
  return pack_halves(Function(m, low_half<T>(a)), Function(m, high_half<T>(a)));
}
template <typename T, T (*Function)(const Modifiers&, T, T)>
uint32_t both(const Modifiers& m, uint32_t a, uint32_t b) {
  using namespace numerics;
  return pack_halves(Function(m, low_half<T>(a), low_half<T>(b)), Function(m, high_half<T>(a), high_half<T>(b)));
}
template <typename T, T (*Function)(const Modifiers&, T, T, T)>
uint32_t both(const Modifiers& m, uint32_t a, uint32_t b, uint32_t c) {
  using namespace numerics;
  return pack_halves(Function(m, low_half<T>(a), low_half<T>(b), low_half<T>(c)),
                     Function(m, high_half<T>(a), high_half<T>(b), high_half<T>(c)));
}

float low_float(uint64_t pair) { return numerics::float_from_bits(static_cast<uint32_t>(pair)); }
float high_float(uint64_t pair) { return numerics::float_from_bits(static_cast<uint32_t>(pair >> 32)); }
uint64_t pack_floats(float low, float high) {
  return numerics::float_bits(low) | uint64_t{numerics::float_bits(high)} << 32;
}

template <float (*Function)(const Modifiers&, float, float)>
uint64_t both_floats(const Modifiers& m, uint64_t a, uint64_t b) {
  return pack_floats(Function(m, low_float(a), low_float(b)), Function(m, high_float(a), high_float(b)));
}
uint64_t fma_both_floats(const Modifiers& m, uint64_t a, uint64_t b, uint64_t c) {
  return pack_floats(fma(m, low_float(a), low_float(b), low_float(c)),
                     fma(m, high_float(a), high_float(b), high_float(c)));
}

// Operations that exist for all four types.
template <typename T>
Handler common_handler(Opcode opcode, bool three) {
  switch (opcode) {
    case Opcode::Add:
      return lanewise<add<T>>;
    case Opcode::Sub:
      return lanewise<sub<T>>;
    case Opcode::Mul:
      return lanewise<mul<T>>;
    case Opcode::Mad:
    case Opcode::Fma:
      return lanewise<fma<T>>;
    case Opcode::Min:
      return three ? lanewise<min3<T>> : lanewise<min<T>>;
    case Opcode::Max:
      return three ? lanewise<max3<T>> : lanewise<max<T>>;
    case Opcode::Neg:
      return lanewise<static_cast<T (*)(const Modifiers&, T)>(neg)>;
    case Opcode::Abs:
      return lanewise<static_cast<T (*)(const Modifiers&, T)>(abs)>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler packed_handler(Opcode opcode, bool three) {
  switch (opcode) {
    case Opcode::Add:
      return lanewise<both<T, add<T>>>;
    case Opcode::Sub:
      return lanewise<both<T, sub<T>>>;
    case Opcode::Mul:
      return lanewise<both<T, mul<T>>>;
    case Opcode::Fma:
      return lanewise<both<T, fma<T>>>;
    case Opcode::Min:
      return three ? lanewise<both<T, min3<T>>> : lanewise<both<T, min<T>>>;
    case Opcode::Max:
      return three ? lanewise<both<T, max3<T>>> : lanewise<both<T, max<T>>>;
    case Opcode::Neg:
      return lanewise<both<T, static_cast<T (*)(const Modifiers&, T)>(neg)>>;
    case Opcode::Abs:
      return lanewise<both<T, static_cast<T (*)(const Modifiers&, T)>(abs)>>;
    case Opcode::Ex2:
      return lanewise<both<T, static_cast<T (*)(const Modifiers&, T)>(ex2_approx)>>;
    case Opcode::Tanh:
      return lanewise<both<T, tanh_approx<T>>>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler small_handler(Opcode opcode, bool three) {
  if (opcode == Opcode::Ex2) return lanewise<static_cast<T (*)(const Modifiers&, T)>(ex2_approx)>;
  if (opcode == Opcode::Tanh) return lanewise<tanh_approx<T>>;
  return common_handler<T>(opcode, three);
}

Handler rn_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::Add:
      return lanewise<add_rn>;
    case Opcode::Sub:
      return lanewise<sub_rn>;
    case Opcode::Mul:
      return lanewise<mul_rn>;
    case Opcode::Mad:
    case Opcode::Fma:
      return lanewise<fma_rn>;
    default:
      return nullptr;
  }
}

// The .approx functions; sin to tanh have no other form.
Handler approx_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::Div:
      return lanewise<div_approx>;
    case Opcode::Rcp:
      return lanewise<rcp_approx>;
    case Opcode::Sqrt:
      return lanewise<sqrt_approx>;
    case Opcode::Rsqrt:
      return lanewise<rsqrt_approx>;
    case Opcode::Sin:
      return lanewise<sin_approx>;
    case Opcode::Cos:
      return lanewise<cos_approx>;
    case Opcode::Lg2:
      return lanewise<lg2_approx>;
    case Opcode::Ex2:
      return lanewise<static_cast<float (*)(const Modifiers&, float)>(ex2_approx)>;
    case Opcode::Tanh:
      return lanewise<tanh_approx<float>>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler exact_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::Div:
      return lanewise<div<T>>;
    case Opcode::Rcp:
      return lanewise<rcp<T>>;
    case Opcode::Sqrt:
      return lanewise<sqrt<T>>;
    default:
      return nullptr;
  }
}

Handler float_handler(Decoder& d, const Modifiers& m, bool approx, bool full, bool three) {
  const Opcode opcode = d.opcode();
  if (full) return lanewise<div_full>;
  if (approx) return approx_handler(opcode);
  if (opcode == Opcode::Copysign) return lanewise<static_cast<float (*)(float, float)>(numerics::copysign_from)>;
  if (const Handler handler = rn_handler(opcode); handler != nullptr && arith(m).is_default()) return handler;
  if (const Handler handler = exact_handler<float>(opcode); handler != nullptr) return handler;
  return common_handler<float>(opcode, three);
}

Handler double_handler(Decoder& d, const Modifiers& m, bool approx) {
  const Opcode opcode = d.opcode();
  if (approx) {
    if (!m.ftz) return nullptr;  // the form with .ftz is the only one for f64 on all targets
    return opcode == Opcode::Rcp     ? lanewise<numerics::rcp_approx_ftz>
           : opcode == Opcode::Rsqrt ? lanewise<static_cast<double (*)(double)>(numerics::rsqrt_approx_ftz)>
                                     : nullptr;
  }
  if (opcode == Opcode::Copysign) return lanewise<static_cast<double (*)(double, double)>(numerics::copysign_from)>;
  if (const Handler handler = exact_handler<double>(opcode); handler != nullptr) return handler;
  return common_handler<double>(opcode, false);
}

Handler float_pair_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::Add:
      return lanewise<both_floats<add<float>>>;
    case Opcode::Sub:
      return lanewise<both_floats<sub<float>>>;
    case Opcode::Mul:
      return lanewise<both_floats<mul<float>>>;
    case Opcode::Fma:
      return lanewise<fma_both_floats>;
    default:
      return nullptr;
  }
}

}  // namespace

void decode_float(Decoder& d) {
  Modifiers m;
  d.take_rounding(m);
  m.ftz = d.take(Mod::Ftz);
  m.sat = d.take(Mod::Sat);
  m.relu = d.take(Mod::Relu);
  m.nan = d.take(Mod::Nan);
  m.xorsign_abs = d.take(Mod::Xorsign) && d.take(Mod::Abs);
  const bool approx = d.take(Mod::Approx), full = d.take(Mod::Full);
  const bool three = d.operand_count() == 4;
  const Type type = d.type();
  if (d.type(1) != Type::None) d.unsupported("arithmetic that mixes types");

  Handler handler = nullptr;
  switch (type) {
    case Type::F32:
      handler = float_handler(d, m, approx, full, three);
      break;
    case Type::F64:
      handler = double_handler(d, m, approx);
      break;
    case Type::F16:
      handler = small_handler<Half>(d.opcode(), three);
      break;
    case Type::BF16:
      handler = small_handler<BFloat16>(d.opcode(), three);
      break;
    case Type::F16x2:
      handler = packed_handler<Half>(d.opcode(), three);
      break;
    case Type::BF16x2:
      handler = packed_handler<BFloat16>(d.opcode(), three);
      break;
    case Type::F32x2:
      handler = float_pair_handler(d.opcode());
      break;
    default:
      break;
  }
  d.emit_plain(handler, type).modifiers = m;
}

}  // namespace triton_runner::executor
