// Conversions: cvt and cvt.pack.
//
// The registers of a cvt may be wider than its types: a source is read in its low bits, a result fills the register,
// sign-extended where it is signed. The common conversions have handlers of their own; all others go through
// numerics/convert.h, which works on bit patterns. Tested in tests/csrc/executor/test_convert.cc.
#include <array>
#include <bit>
#include <optional>

#include "executor/decode_table.h"
#include "executor/instructions/by_type.h"
#include "executor/lanewise.h"
#include "executor/numerics/convert.h"

namespace triton_runner::executor {
namespace {

using numerics::FloatType;
using numerics::IntType;
using ptx::Mod;
using ptx::Type;

std::optional<IntType> int_type(Type type) {
  switch (type) {
    case Type::U8:
    case Type::U16:
    case Type::U32:
    case Type::U64:
      return IntType{static_cast<uint8_t>(ptx::type_bits(type)), false};
    case Type::S8:
    case Type::S16:
    case Type::S32:
    case Type::S64:
      return IntType{static_cast<uint8_t>(ptx::type_bits(type)), true};
    case Type::U4:
      return IntType{4, false};
    case Type::S4:
      return IntType{4, true};
    default:
      return std::nullopt;
  }
}

// Of a packed type, the type of its elements.
std::optional<FloatType> float_type(Type type) {
  switch (type) {
    case Type::F64:
      return FloatType::kF64;
    case Type::F32:
      return FloatType::kF32;
    case Type::TF32:
      return FloatType::kTF32;
    case Type::F16:
    case Type::F16x2:
      return FloatType::kF16;
    case Type::BF16:
    case Type::BF16x2:
      return FloatType::kBF16;
    case Type::E4M3x2:
      return FloatType::kE4M3;
    case Type::E5M2x2:
      return FloatType::kE5M2;
    case Type::E2M3x2:
      return FloatType::kE2M3;
    case Type::E3M2x2:
      return FloatType::kE3M2;
    case Type::E2M1x2:
      return FloatType::kE2M1;
    default:
      return std::nullopt;
  }
}

bool is_packed(Type type) {
  switch (type) {
    case Type::F16x2:
    case Type::BF16x2:
    case Type::E4M3x2:
    case Type::E5M2x2:
    case Type::E2M3x2:
    case Type::E3M2x2:
    case Type::E2M1x2:
      return true;
    default:
      return false;
  }
}

// Both types of a conversion, as Instruction::immediate.
struct Types {
  IntType to_int{0, false}, from_int{0, false};
  FloatType to_float{}, from_float{};
  uint16_t unused = 0;
};
static_assert(sizeof(Types) == sizeof(int64_t));
Types types_of(const Instruction& in) { return std::bit_cast<Types>(in.immediate); }

numerics::ConvertMode mode_of(const Modifiers& m) {
  return {m.rounding, m.to_integer, m.ftz, m.sat, m.satfinite, m.relu};
}

using Convert = uint64_t (*)(const Types&, uint64_t, numerics::ConvertMode);
uint64_t float_to_float(const Types& t, uint64_t bits, numerics::ConvertMode mode) {
  return numerics::convert_float(t.to_float, t.from_float, bits, mode);
}
uint64_t float_to_int(const Types& t, uint64_t bits, numerics::ConvertMode mode) {
  return numerics::convert_float_to_int(t.to_int, t.from_float, bits, mode);
}
uint64_t int_to_float(const Types& t, uint64_t bits, numerics::ConvertMode mode) {
  return numerics::convert_int_to_float(t.to_float, t.from_int, bits, mode);
}
uint64_t int_to_int(const Types& t, uint64_t bits, numerics::ConvertMode mode) {
  return numerics::convert_int(t.to_int, t.from_int, bits, mode);
}
uint64_t packed_to_packed(const Types& t, uint64_t bits, numerics::ConvertMode mode) {
  return numerics::convert_packed(t.to_float, t.from_float, static_cast<uint32_t>(bits), mode);
}

template <Convert Function, typename To, typename From>
void convert(Warp& warp, const Instruction& in) {
  const Types types = types_of(in);
  const numerics::ConvertMode mode = mode_of(in.modifiers);
  const From* source = warp.lanes<From>(in[1]);
  write_lanes<To>(warp, in[0], [&](int lane) { return static_cast<To>(Function(types, source[lane], mode)); });
}

template <Convert Function, typename To>
Handler from_handler(uint32_t from_bits) {
  switch (from_bits) {
    case 64:
      return convert<Function, To, uint64_t>;
    case 32:
      return convert<Function, To, uint32_t>;
    default:
      return convert<Function, To, uint16_t>;
  }
}
template <Convert Function>
Handler convert_handler(uint32_t to_bits, uint32_t from_bits) {
  switch (to_bits) {
    case 64:
      return from_handler<Function, uint64_t>(from_bits);
    case 32:
      return from_handler<Function, uint32_t>(from_bits);
    default:
      return from_handler<Function, uint16_t>(from_bits);
  }
}

// cvt of two f32 into one packed register: operand 1 fills the upper half.
template <typename To>
void pack_two(Warp& warp, const Instruction& in) {
  const Types types = types_of(in);
  const numerics::ConvertMode mode = mode_of(in.modifiers);
  const uint32_t* high = warp.lanes<uint32_t>(in[1]);
  const uint32_t* low = warp.lanes<uint32_t>(in[2]);
  write_lanes<To>(warp, in[0], [&](int lane) {
    return static_cast<To>(numerics::convert_pack(types.to_float, types.from_float, high[lane], low[lane], mode));
  });
}

void pack_saturated(Warp& warp, const Instruction& in) {
  const Types types = types_of(in);
  const int32_t* a = warp.lanes<int32_t>(in[1]);
  const int32_t* b = warp.lanes<int32_t>(in[2]);
  const uint32_t* c = warp.lanes<uint32_t>(in[3]);
  write_lanes<uint32_t>(warp, in[0],
                        [&](int lane) { return numerics::convert_pack_sat(types.to_int, a[lane], b[lane], c[lane]); });
}

// The conversions that address arithmetic and mixed precision are full of.
template <typename To, typename From>
To resize(From a) {
  return static_cast<To>(a);
}
float half_to_float(numerics::Half a) { return numerics::to_float(a); }
float bfloat16_to_float(numerics::BFloat16 a) { return numerics::to_float(a); }

Handler plain_int_handler(Type to, Type from, uint32_t to_bits) {
  if (ptx::type_bits(to) != to_bits || ptx::type_bits(from) < 16) return nullptr;
  return by_width(to, [&]<typename To>() {
    return by_integer_type(from, []<typename From>() { return lanewise<resize<To, From>>; });
  });
}

Handler plain_float_handler(Type to, Type from, const Modifiers& m) {
  if (m.rounding != numerics::Rounding::kNearestEven || m.to_integer || m.ftz || m.sat || m.satfinite || m.relu)
    return nullptr;
  if (to == Type::F32 && from == Type::F16) return lanewise<half_to_float>;
  if (to == Type::F32 && from == Type::BF16) return lanewise<bfloat16_to_float>;
  if (to == Type::F32 && from == Type::S32) return lanewise<resize<float, int32_t>>;
  if (to == Type::F32 && from == Type::U32) return lanewise<resize<float, uint32_t>>;
  return nullptr;
}

Handler general_handler(Type to, Type from, uint32_t to_bits, Types& types) {
  const std::optional<FloatType> to_float = float_type(to), from_float = float_type(from);
  const std::optional<IntType> to_int = int_type(to), from_int = int_type(from);
  types = {to_int.value_or(IntType{}), from_int.value_or(IntType{}), to_float.value_or(FloatType{}),
           from_float.value_or(FloatType{})};
  const uint32_t from_bits = ptx::type_bits(from);
  if (to_float && from_float) {
    return is_packed(from) ? convert_handler<packed_to_packed>(to_bits, from_bits)
                           : convert_handler<float_to_float>(to_bits, from_bits);
  }
  if (to_int && from_float) return convert_handler<float_to_int>(to_bits, from_bits);
  if (to_float && from_int) return convert_handler<int_to_float>(to_bits, from_bits);
  if (to_int && from_int) return convert_handler<int_to_int>(to_bits, from_bits);
  return nullptr;
}

Modifiers take_modifiers(Decoder& d) {
  Modifiers m;
  d.take_rounding(m);
  m.ftz = d.take(Mod::Ftz);
  m.sat = d.take(Mod::Sat);
  m.satfinite = d.take(Mod::Satfinite);
  m.relu = d.take(Mod::Relu);
  return m;
}

void decode_pack_two(Decoder& d, Type to, const Modifiers& m) {
  const std::optional<FloatType> to_float = float_type(to);
  if (!to_float) d.unsupported("a conversion to .", ptx::type_text(to));
  const Handler handler = ptx::type_bits(to) == 32 ? pack_two<uint32_t> : pack_two<uint16_t>;
  Instruction& in = d.emit(handler, {d.destination(0, to), d.source(1, Type::F32), d.source(2, Type::F32)});
  in.modifiers = m;
  in.immediate = std::bit_cast<int64_t>(Types{{}, {}, *to_float, FloatType::kF32});
}

}  // namespace

void decode_cvt(Decoder& d) {
  const Modifiers m = take_modifiers(d);
  const Type to = d.type(0), from = d.type(1);
  if (is_packed(to) && from == Type::F32 && d.operand_count() == 3) return decode_pack_two(d, to, m);
  if (d.operand_count() != 2) d.unsupported("a conversion of more than one operand");

  const uint32_t register_bits = d.register_bits(d.operand(0));
  const uint32_t to_bits = register_bits == 0 ? ptx::type_bits(to) : register_bits;
  Types types;
  const bool plain_ints = int_type(to) && int_type(from) && !m.sat;
  Handler handler = plain_ints ? plain_int_handler(to, from, to_bits) : plain_float_handler(to, from, m);
  if (const Handler general = general_handler(to, from, to_bits, types); handler == nullptr) handler = general;
  Instruction& in =
      d.emit(handler, {d.destination(0, register_bits == 0 ? to : bits_type(register_bits)), d.source(1, from)});
  in.modifiers = m;
  in.immediate = std::bit_cast<int64_t>(types);
}

void decode_cvt_pack(Decoder& d) {
  d.take(Mod::Sat);
  const Type to = d.type(0);
  d.type(1);
  d.type(2);
  const Slot rest = d.operand_count() == 4 ? d.source(3, Type::B32) : d.constant(0, Type::B32);
  d.emit(pack_saturated, {d.destination(0, Type::B32), d.source(1, Type::S32), d.source(2, Type::S32), rest})
      .immediate = std::bit_cast<int64_t>(Types{*int_type(to), {}, {}, {}});
}

}  // namespace triton_runner::executor
