// min, max, neg, abs and copysign of arith.h: selections on bit patterns, with no rounding.
#include <type_traits>

#include "executor/numerics/arith.h"

namespace triton_runner::executor::numerics {
namespace {

template <typename T>
struct Bits;
template <>
struct Bits<float> {
  using Word = std::uint32_t;
  static constexpr Word kSign = 0x80000000u, kNan = kCanonicalNanF32, kExponent = 0x7f800000u;
  static Word of(float x) { return float_bits(x); }
  static float from(Word bits) { return float_from_bits(bits); }
};
template <>
struct Bits<double> {
  using Word = std::uint64_t;
  static constexpr Word kSign = Word{1} << 63, kQuietBit = kQuietBitF64, kExponent = Word{0x7ff} << 52;
  static Word of(double x) { return float_bits(x); }
  static double from(Word bits) { return double_from_bits(bits); }
};
template <>
struct Bits<Half> {
  using Word = std::uint16_t;
  static constexpr Word kSign = 0x8000, kNan = kCanonicalNan16, kExponent = 0x7c00;
  static Word of(Half x) { return x.bits; }
  static Half from(Word bits) { return Half{bits}; }
};
template <>
struct Bits<BFloat16> {
  using Word = std::uint16_t;
  static constexpr Word kSign = 0x8000, kNan = kCanonicalNan16, kExponent = 0x7f80;
  static Word of(BFloat16 x) { return x.bits; }
  static BFloat16 from(Word bits) { return BFloat16{bits}; }
};

template <typename Word>
Word flush(Word bits, Word sign, Word exponent, bool ftz) {
  return ftz && (bits & exponent) == 0 ? static_cast<Word>(bits & sign) : bits;
}

// An integer that orders as the value does, -0 below +0.
template <typename Word>
auto order(Word bits, Word sign) {
  using Signed = std::make_signed_t<Word>;
  return static_cast<Signed>((bits & sign) != 0 ? ~bits ^ sign : bits);
}

template <typename T>
T written_nan(T x) {
  using B = Bits<T>;
  if constexpr (std::is_same_v<T, double>) {
    return B::from(B::of(x) | B::kQuietBit);
  } else {
    return B::from(B::kNan);
  }
}

template <typename T>
T select(T a, T b, bool want_max, const MinMaxMode& mode) {
  using B = Bits<T>;
  using Word = typename B::Word;
  if (is_nan(a) && is_nan(b)) return written_nan(b);
  if (mode.propagate_nan && (is_nan(a) || is_nan(b))) return written_nan(is_nan(a) ? a : b);
  Word x = flush(B::of(a), B::kSign, B::kExponent, mode.ftz);
  Word y = flush(B::of(b), B::kSign, B::kExponent, mode.ftz);
  const Word sign = static_cast<Word>((x ^ y) & B::kSign);
  if (mode.xorsign_abs) {
    x = static_cast<Word>(x & ~B::kSign);
    y = static_cast<Word>(y & ~B::kSign);
  }
  const bool first_is_larger = order(x, B::kSign) > order(y, B::kSign);
  Word chosen = first_is_larger == want_max ? x : y;
  if (is_nan(a)) chosen = y;
  if (is_nan(b)) chosen = x;
  return B::from(mode.xorsign_abs ? static_cast<Word>(chosen | sign) : chosen);
}

template <typename T>
T with_sign(T x, bool clear, bool ftz) {
  if (is_nan(x)) return written_nan(x);
  using B = Bits<T>;
  using Word = typename B::Word;
  const Word bits = flush(B::of(x), B::kSign, B::kExponent, ftz);
  return B::from(static_cast<Word>(clear ? bits & ~B::kSign : bits ^ B::kSign));
}

template <typename T>
T join_sign(T sign, T magnitude) {
  using B = Bits<T>;
  return B::from((B::of(sign) & B::kSign) | (B::of(magnitude) & ~B::kSign));
}

}  // namespace

float min(float a, float b, MinMaxMode mode) { return select(a, b, false, mode); }
float max(float a, float b, MinMaxMode mode) { return select(a, b, true, mode); }
double min(double a, double b, MinMaxMode mode) { return select(a, b, false, mode); }
double max(double a, double b, MinMaxMode mode) { return select(a, b, true, mode); }
Half min(Half a, Half b, MinMaxMode mode) { return select(a, b, false, mode); }
Half max(Half a, Half b, MinMaxMode mode) { return select(a, b, true, mode); }
BFloat16 min(BFloat16 a, BFloat16 b, MinMaxMode mode) { return select(a, b, false, mode); }
BFloat16 max(BFloat16 a, BFloat16 b, MinMaxMode mode) { return select(a, b, true, mode); }

float neg(float a, bool ftz) { return with_sign(a, false, ftz); }
float abs(float a, bool ftz) { return with_sign(a, true, ftz); }
double neg(double a) { return with_sign(a, false, false); }
double abs(double a) { return with_sign(a, true, false); }
Half neg(Half a, bool ftz) { return with_sign(a, false, ftz); }
Half abs(Half a, bool ftz) { return with_sign(a, true, ftz); }
BFloat16 neg(BFloat16 a) { return with_sign(a, false, false); }
BFloat16 abs(BFloat16 a) { return with_sign(a, true, false); }

float copysign_from(float a, float b) { return join_sign(a, b); }
double copysign_from(double a, double b) { return join_sign(a, b); }

}  // namespace triton_runner::executor::numerics
