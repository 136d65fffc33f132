// Integer arithmetic: add sub mul mad mul24 mad24 sad div rem abs neg min max, and dp4a dp2a.
//
// Everything wraps, so the arithmetic is done unsigned. PTX leaves a division by zero open; here it gives what the
// hardware's division gives, all ones, and the remainder the dividend. Tested in tests/csrc/executor/test_integer.cc.
#include <algorithm>
#include <limits>
#include <type_traits>

#include "executor/decode_table.h"
#include "executor/instructions/by_type.h"
#include "executor/lanewise.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::Opcode;
using ptx::Type;

template <typename T>
using Unsigned = std::make_unsigned_t<T>;
template <typename T>
struct Double;
template <>
struct Double<int16_t> {
  using type = int32_t;
};
template <>
struct Double<uint16_t> {
  using type = uint32_t;
};
template <>
struct Double<int32_t> {
  using type = int64_t;
};
template <>
struct Double<uint32_t> {
  using type = uint64_t;
};
template <>
struct Double<int64_t> {
  __extension__ using type = __int128;
};
template <>
struct Double<uint64_t> {
  __extension__ using type = unsigned __int128;
};
template <typename T>
using Wide = typename Double<T>::type;

// Sums and products modulo the width of T; the detour through 64 bits keeps 16-bit operands from becoming signed ints.
template <typename T>
T add(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <typename T>
T sub(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
template <typename T>
T mul_lo(T a, T b) {
  return static_cast<T>(static_cast<std::common_type_t<Unsigned<T>, uint32_t>>(a) * static_cast<Unsigned<T>>(b));
}
template <typename T>
T mul_hi(T a, T b) {
  return static_cast<T>((static_cast<Wide<T>>(a) * b) >> (8 * sizeof(T)));
}
template <typename T>
Wide<T> mul_wide(T a, T b) {
  return static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b);
}
template <typename T>
T mad_lo(T a, T b, T c) {
  return add(mul_lo(a, b), c);
}
template <typename T>
T mad_hi(T a, T b, T c) {
  return add(mul_hi(a, b), c);
}
template <typename T>
Wide<T> mad_wide(T a, T b, Wide<T> c) {
  return add(mul_wide(a, b), c);
}

template <typename T>
T saturate(int64_t value) {
  return static_cast<T>(std::clamp<int64_t>(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}
int32_t add_sat(int32_t a, int32_t b) { return saturate<int32_t>(int64_t{a} + b); }
int32_t sub_sat(int32_t a, int32_t b) { return saturate<int32_t>(int64_t{a} - b); }
int32_t mad_hi_sat(int32_t a, int32_t b, int32_t c) { return saturate<int32_t>(int64_t{mul_hi(a, b)} + c); }

template <typename T>
T div(T a, T b) {
  if (b == 0) return static_cast<T>(~T{0});
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return sub(T{0}, a);  // the smallest number has no positive
  return static_cast<T>(a / b);
}
template <typename T>
T rem(T a, T b) {
  if (b == 0) return a;
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
  return static_cast<T>(a % b);
}

template <typename T>
T neg(T a) {
  return sub(T{0}, a);
}
template <typename T>
T abs(T a) {
  return a < 0 ? neg(a) : a;
}
template <typename T>
T min(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
T max(T a, T b) {
  return a < b ? b : a;
}
template <typename T>
T min_relu(T a, T b) {
  return max(min(a, b), T{0});
}
template <typename T>
T max_relu(T a, T b) {
  return max(max(a, b), T{0});
}
template <typename T>
T sad(T a, T b, T c) {
  return add(c, a < b ? sub(b, a) : sub(a, b));
}

// 24-bit operands of 32-bit registers.
template <typename T>
T low_24(T a) {
  return static_cast<T>(static_cast<uint32_t>(a) << 8) >> 8;
}
template <typename T>
T mul24_lo(T a, T b) {
  return static_cast<T>(mul_wide(low_24(a), low_24(b)));
}
template <typename T>
T mul24_hi(T a, T b) {
  return static_cast<T>(mul_wide(low_24(a), low_24(b)) >> 16);
}
template <typename T>
T mad24_lo(T a, T b, T c) {
  return add(mul24_lo(a, b), c);
}
template <typename T>
T mad24_hi(T a, T b, T c) {
  return add(mul24_hi(a, b), c);
}
int32_t mad24_hi_sat(int32_t a, int32_t b, int32_t c) { return saturate<int32_t>(int64_t{mul24_hi(a, b)} + c); }

// A function on 16 bits, for both halves of a word.
template <typename T, T (*Function)(T, T)>
uint32_t both_halves(uint32_t a, uint32_t b) {
  const uint16_t low = static_cast<uint16_t>(Function(static_cast<T>(a), static_cast<T>(b)));
  const uint16_t high = static_cast<uint16_t>(Function(static_cast<T>(a >> 16), static_cast<T>(b >> 16)));
  return low | static_cast<uint32_t>(high) << 16;
}

template <typename T>
Handler packed_handler(Opcode opcode, bool relu) {
  switch (opcode) {
    case Opcode::Add:
      return lanewise<both_halves<T, add<T>>>;
    case Opcode::Min:
      return relu ? lanewise<both_halves<T, min_relu<T>>> : lanewise<both_halves<T, min<T>>>;
    case Opcode::Max:
      return relu ? lanewise<both_halves<T, max_relu<T>>> : lanewise<both_halves<T, max<T>>>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler plain_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::Add:
      return lanewise<add<T>>;
    case Opcode::Sub:
      return lanewise<sub<T>>;
    case Opcode::Div:
      return lanewise<div<T>>;
    case Opcode::Rem:
      return lanewise<rem<T>>;
    case Opcode::Neg:
      return lanewise<neg<T>>;
    case Opcode::Abs:
      return lanewise<abs<T>>;
    case Opcode::Min:
      return lanewise<min<T>>;
    case Opcode::Max:
      return lanewise<max<T>>;
    case Opcode::Sad:
      return lanewise<sad<T>>;
    default:
      return nullptr;
  }
}

Handler saturating_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::Add:
      return lanewise<add_sat>;
    case Opcode::Sub:
      return lanewise<sub_sat>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler product_handler(Opcode opcode, Mod part) {
  switch (opcode) {
    case Opcode::Mul:
      return part == Mod::Lo ? lanewise<mul_lo<T>> : part == Mod::Hi ? lanewise<mul_hi<T>> : nullptr;
    case Opcode::Mad:
      return part == Mod::Lo ? lanewise<mad_lo<T>> : part == Mod::Hi ? lanewise<mad_hi<T>> : nullptr;
    default:
      return nullptr;
  }
}

template <typename T>
Handler wide_handler(Opcode opcode) {
  if (opcode == Opcode::Mul) return lanewise<mul_wide<T>>;
  return lanewise<mad_wide<T>>;
}

template <typename T>
Handler product24_handler(Opcode opcode, Mod part) {
  if (opcode == Opcode::Mul24) return part == Mod::Lo ? lanewise<mul24_lo<T>> : lanewise<mul24_hi<T>>;
  return part == Mod::Lo ? lanewise<mad24_lo<T>> : lanewise<mad24_hi<T>>;
}

// mul.wide and mad.wide: the result and the addend are twice as wide as the factors.
void decode_wide(Decoder& d, Type type) {
  Handler handler = nullptr;
  Type sum = Type::None;
  switch (type) {
    case Type::U16:
      handler = wide_handler<uint16_t>(d.opcode()), sum = Type::U32;
      break;
    case Type::S16:
      handler = wide_handler<int16_t>(d.opcode()), sum = Type::S32;
      break;
    case Type::U32:
      handler = wide_handler<uint32_t>(d.opcode()), sum = Type::U64;
      break;
    case Type::S32:
      handler = wide_handler<int32_t>(d.opcode()), sum = Type::S64;
      break;
    default:
      break;
  }
  std::vector<Slot> slots{d.destination(0, sum), d.source(1, type), d.source(2, type)};
  if (d.opcode() == Opcode::Mad) slots.push_back(d.source(3, sum));
  d.emit(handler, slots);
}

void decode_product(Decoder& d, Type type) {
  constexpr std::array parts = {Mod::Lo, Mod::Hi, Mod::Wide};
  const Mod part = d.take_one_of(parts);
  if (part == Mod::Wide) return decode_wide(d, type);
  if (d.take(Mod::Sat)) {
    d.emit_plain(d.opcode() == Opcode::Mad && part == Mod::Hi && type == Type::S32 ? lanewise<mad_hi_sat> : nullptr,
                 type);
    return;
  }
  d.emit_plain(by_integer_type(type, [&]<typename T>() { return product_handler<T>(d.opcode(), part); }), type);
}

void decode_product24(Decoder& d, Type type) {
  constexpr std::array parts = {Mod::Lo, Mod::Hi};
  const Mod part = d.take_one_of(parts);
  if (d.take(Mod::Sat)) {
    d.emit_plain(part == Mod::Hi && type == Type::S32 ? lanewise<mad24_hi_sat> : nullptr, type);
    return;
  }
  d.emit_plain(
      type == Type::S32 ? product24_handler<int32_t>(d.opcode(), part) : product24_handler<uint32_t>(d.opcode(), part),
      type);
}

// Sum of products of the bytes of two words, or of the halves of one with the bytes of another.
template <typename A, typename B>
uint32_t dp4a(uint32_t a, uint32_t b, uint32_t c) {
  for (int i = 0; i < 32; i += 8) c += static_cast<uint32_t>(static_cast<A>(a >> i) * static_cast<B>(b >> i));
  return c;
}
template <typename A, typename B, int Shift>
uint32_t dp2a(uint32_t a, uint32_t b, uint32_t c) {
  for (int i = 0; i < 2; ++i) {
    c += static_cast<uint32_t>(static_cast<A>(a >> (16 * i)) * static_cast<B>(b >> (Shift + 8 * i)));
  }
  return c;
}

template <typename Narrow, typename B>
Handler dot_handler(Opcode opcode, bool high) {
  if (opcode == Opcode::Dp4a) return lanewise<dp4a<Narrow, B>>;
  using Half = std::conditional_t<std::is_signed_v<Narrow>, int16_t, uint16_t>;
  return high ? lanewise<dp2a<Half, B, 16>> : lanewise<dp2a<Half, B, 0>>;
}

}  // namespace

void decode_integer(Decoder& d) {
  const Type type = d.type();
  if (type == Type::U16x2 || type == Type::S16x2) {
    const bool relu = d.take(Mod::Relu);
    d.emit_plain(
        type == Type::U16x2 ? packed_handler<uint16_t>(d.opcode(), relu) : packed_handler<int16_t>(d.opcode(), relu),
        type);
    return;
  }
  switch (d.opcode()) {
    case Opcode::Mul:
    case Opcode::Mad:
      return decode_product(d, type);
    case Opcode::Mul24:
    case Opcode::Mad24:
      return decode_product24(d, type);
    default:
      break;
  }
  if (d.take(Mod::Sat)) {
    d.emit_plain(type == Type::S32 ? saturating_handler(d.opcode()) : nullptr, type);
    return;
  }
  if (d.take(Mod::Relu)) {
    d.emit_plain(type != Type::S32           ? nullptr
                 : d.opcode() == Opcode::Min ? lanewise<min_relu<int32_t>>
                                             : lanewise<max_relu<int32_t>>,
                 type);
    return;
  }
  d.emit_plain(by_integer_type(type, [&]<typename T>() { return plain_handler<T>(d.opcode()); }), type);
}

void decode_dot_product(Decoder& d) {
  const bool a_signed = d.type(0) == Type::S32, b_signed = d.type(1) == Type::S32;
  const bool high = d.take(Mod::Hi);
  d.take(Mod::Lo);
  const Handler handler = a_signed ? (b_signed ? dot_handler<int8_t, int8_t>(d.opcode(), high)
                                               : dot_handler<int8_t, uint8_t>(d.opcode(), high))
                                   : (b_signed ? dot_handler<uint8_t, int8_t>(d.opcode(), high)
                                               : dot_handler<uint8_t, uint8_t>(d.opcode(), high));
  d.emit_plain(handler, Type::B32);
}

void decode_arithmetic(Decoder& d) {
  if (is_float(d.type())) return decode_float(d);
  decode_integer(d);
}

}  // namespace triton_runner::executor
