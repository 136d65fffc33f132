// Bits of integers: and or xor not cnot shl shr shf lop3 popc clz bfind brev bfe bfi bmsk szext fns, and logic of
// predicates. Shift amounts beyond the width clamp. Tested in tests/csrc/executor/test_bits.cc.
#include <algorithm>
#include <bit>
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
constexpr uint32_t kWidth = 8 * sizeof(T);

template <typename T>
T bit_and(T a, T b) {
  return a & b;
}
template <typename T>
T bit_or(T a, T b) {
  return a | b;
}
template <typename T>
T bit_xor(T a, T b) {
  return a ^ b;
}
template <typename T>
T bit_not(T a) {
  return static_cast<T>(~a);
}
template <typename T>
T cnot(T a) {
  return a == 0;
}

template <typename T>
T shl(T a, uint32_t count) {
  return count < kWidth<T> ? static_cast<T>(a << count) : T{0};
}
template <typename T>
T shr(T a, uint32_t count) {
  if constexpr (std::is_signed_v<T>) return static_cast<T>(a >> std::min(count, kWidth<T> - 1));
  return count < kWidth<T> ? static_cast<T>(a >> count) : T{0};
}

// shf: 32 bits out of the 64 of high:low.
template <bool Wrap>
uint32_t shift_amount(uint32_t count) {
  return Wrap ? count & 31 : std::min(count, 32u);
}
template <bool Wrap>
uint32_t shf_left(uint32_t low, uint32_t high, uint32_t count) {
  const uint64_t both = uint64_t{high} << 32 | low;
  return static_cast<uint32_t>((both << shift_amount<Wrap>(count)) >> 32);
}
template <bool Wrap>
uint32_t shf_right(uint32_t low, uint32_t high, uint32_t count) {
  const uint64_t both = uint64_t{high} << 32 | low;
  return static_cast<uint32_t>(both >> shift_amount<Wrap>(count));
}

template <typename T>
uint32_t popc(T a) {
  return static_cast<uint32_t>(std::popcount(a));
}
template <typename T>
uint32_t clz(T a) {
  return static_cast<uint32_t>(std::countl_zero(a));
}
template <typename T>
T brev(T a) {
  T reversed = 0;
  for (uint32_t i = 0; i < kWidth<T>; ++i) reversed |= (a >> i & 1) << (kWidth<T> - 1 - i);
  return reversed;
}

// Position of the highest bit that is not the sign; all ones where there is none.
template <typename T, bool ShiftAmount>
uint32_t bfind(T a) {
  using U = std::make_unsigned_t<T>;
  const U magnitude = static_cast<U>(a < 0 ? ~a : a);
  if (magnitude == 0) return ~0u;
  const uint32_t leading = static_cast<uint32_t>(std::countl_zero(magnitude));
  return ShiftAmount ? leading : kWidth<T> - 1 - leading;
}

// Positions and lengths beyond 255 are outside of the PTX ISA; hardware reads the low byte of them in 32 bits, and
// takes them as they are in 64.
template <typename T>
uint32_t field_bound(uint32_t bound) {
  return kWidth<T> == 64 ? std::min(bound, 0xFFu) : bound & 0xFF;
}

template <typename T>
T bfe(T a, uint32_t position, uint32_t length) {
  using U = std::make_unsigned_t<T>;
  position = field_bound<T>(position);
  length = field_bound<T>(length);
  if (length == 0) return 0;
  const uint32_t sign_position = std::min(position + length - 1, kWidth<T> - 1);
  const bool sign = std::is_signed_v<T> && (static_cast<U>(a) >> sign_position & 1) != 0;
  const U field = position < kWidth<T> ? static_cast<U>(static_cast<U>(a) >> position) : U{0};
  const uint32_t taken = position < kWidth<T> ? std::min(length, kWidth<T> - position) : 0;
  const U mask = taken >= kWidth<T> ? ~U{0} : static_cast<U>((U{1} << taken) - 1);
  return static_cast<T>((field & mask) | (sign ? ~mask : U{0}));
}

template <typename T>
T bfi(T a, T b, uint32_t position, uint32_t length) {
  position = field_bound<T>(position);
  length = field_bound<T>(length);
  if (length == 0 || position >= kWidth<T>) return b;
  const T field = length >= kWidth<T> ? ~T{0} : (T{1} << length) - 1;
  const T mask = field << position;
  return (b & ~mask) | ((a << position) & mask);
}

template <bool Wrap>
uint32_t bmsk(uint32_t position, uint32_t length) {
  if (Wrap) return static_cast<uint32_t>(((uint64_t{1} << (length & 31)) - 1) << (position & 31));
  if (position >= 32) return 0;
  return static_cast<uint32_t>(((uint64_t{1} << std::min(length, 32u)) - 1) << position);
}

template <typename T, bool Wrap>
T szext(T a, uint32_t length) {
  length = Wrap ? length & 31 : std::min(length, 32u);
  if (length == 0) return 0;
  return static_cast<T>(static_cast<uint32_t>(a) << (32 - length)) >> (32 - length);
}

// The offset-th set bit of a mask, counted from a position; all ones where there is none.
uint32_t fns(uint32_t mask, uint32_t base, int32_t offset) {
  if (base >= 32) return ~0u;
  if (offset == 0) return (mask >> base & 1) != 0 ? base : ~0u;
  const int step = offset > 0 ? 1 : -1;
  int left = std::abs(offset);
  for (int position = static_cast<int>(base); position >= 0 && position < 32; position += step) {
    if ((mask >> position & 1) != 0 && --left == 0) return static_cast<uint32_t>(position);
  }
  return ~0u;
}

// Bit i of `table` is the result where the bits of a, b and c spell i.
uint32_t lop3_word(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
  uint32_t result = 0;
  for (int row = 0; row < 8; ++row) {
    if ((table >> row & 1) != 0) result |= (row & 4 ? a : ~a) & (row & 2 ? b : ~b) & (row & 1 ? c : ~c);
  }
  return result;
}
void lop3(Warp& warp, const Instruction& in) {
  const uint32_t* a = warp.lanes<uint32_t>(in[1]);
  const uint32_t* b = warp.lanes<uint32_t>(in[2]);
  const uint32_t* c = warp.lanes<uint32_t>(in[3]);
  const uint32_t table = static_cast<uint32_t>(in.immediate);
  write_lanes<uint32_t>(warp, in[0], [&](int lane) { return lop3_word(a[lane], b[lane], c[lane], table); });
}
// lop3.or/.and: the predicate (operand 1) of a result that was just written (operand 0), combined with operand 2.
void lop3_predicate(Warp& warp, const Instruction& in) {
  const uint32_t* d = warp.lanes<uint32_t>(in[0]);
  const LaneMask is_set = lanes_where(warp, [&](int lane) { return d[lane] != 0; });
  const LaneMask other = warp.predicate(in[2]);
  warp.set_predicate(in[1], in.combine == Combine::And ? is_set & other : is_set | other);
}

// Predicates are masks: one word for the whole warp.
void predicate_and(Warp& warp, const Instruction& in) {
  warp.set_predicate(in[0], warp.predicate(in[1]) & warp.predicate(in[2]));
}
void predicate_or(Warp& warp, const Instruction& in) {
  warp.set_predicate(in[0], warp.predicate(in[1]) | warp.predicate(in[2]));
}
void predicate_xor(Warp& warp, const Instruction& in) {
  warp.set_predicate(in[0], warp.predicate(in[1]) ^ warp.predicate(in[2]));
}
void predicate_not(Warp& warp, const Instruction& in) { warp.set_predicate(in[0], ~warp.predicate(in[1])); }

Handler predicate_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::And:
      return predicate_and;
    case Opcode::Or:
      return predicate_or;
    case Opcode::Xor:
      return predicate_xor;
    default:
      return predicate_not;
  }
}

template <typename T>
Handler logic_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::And:
      return lanewise<bit_and<T>>;
    case Opcode::Or:
      return lanewise<bit_or<T>>;
    case Opcode::Xor:
      return lanewise<bit_xor<T>>;
    case Opcode::Not:
      return lanewise<bit_not<T>>;
    default:
      return lanewise<cnot<T>>;
  }
}

template <typename T>
Handler count_handler(Opcode opcode) {
  switch (opcode) {
    case Opcode::Popc:
      return lanewise<popc<T>>;
    case Opcode::Clz:
      return lanewise<clz<T>>;
    case Opcode::Brev:
      return lanewise<brev<T>>;
    default:
      return nullptr;
  }
}

Handler bfind_handler(Type type, bool shift_amount) {
  switch (type) {
    case Type::U32:
      return shift_amount ? lanewise<bfind<uint32_t, true>> : lanewise<bfind<uint32_t, false>>;
    case Type::S32:
      return shift_amount ? lanewise<bfind<int32_t, true>> : lanewise<bfind<int32_t, false>>;
    case Type::U64:
      return shift_amount ? lanewise<bfind<uint64_t, true>> : lanewise<bfind<uint64_t, false>>;
    case Type::S64:
      return shift_amount ? lanewise<bfind<int64_t, true>> : lanewise<bfind<int64_t, false>>;
    default:
      return nullptr;
  }
}

}  // namespace

void decode_logic(Decoder& d) {
  const Type type = d.type();
  if (type == Type::Pred) {
    d.emit_plain(predicate_handler(d.opcode()), type);
    return;
  }
  d.emit_plain(by_width(type, [&]<typename T>() { return logic_handler<T>(d.opcode()); }), type);
}

void decode_shift(Decoder& d) {
  const Type type = d.type();
  const Handler handler = by_integer_type(
      type, [&]<typename T>() { return d.opcode() == Opcode::Shl ? lanewise<shl<T>> : lanewise<shr<T>>; });
  d.emit(handler, {d.destination(0, type), d.source(1, type), d.source(2, Type::U32)});
}

void decode_funnel_shift(Decoder& d) {
  d.type();
  const bool left = d.take(Mod::L), wrap = d.take(Mod::Wrap);
  d.take(Mod::R);
  d.take(Mod::Clamp);
  d.emit_plain(left ? (wrap ? lanewise<shf_left<true>> : lanewise<shf_left<false>>)
                    : (wrap ? lanewise<shf_right<true>> : lanewise<shf_right<false>>),
               Type::B32);
}

void decode_lop3(Decoder& d) {
  d.type();
  constexpr std::array combines = {Mod::And, Mod::Or};
  const Mod combine = d.take_one_of(combines);
  const bool pair = d.operand(0).kind == ptx::OperandKind::Pair;
  const ptx::Operand& first = pair ? d.operand(0).elements[0] : d.operand(0);
  const bool discarded = first.kind == ptx::OperandKind::Discard;
  const Slot result = discarded ? d.scratch(Type::B32) : d.destination(first, Type::B32);
  const Slot a = d.source(1, Type::B32), b = d.source(2, Type::B32), c = d.source(3, Type::B32);
  d.emit(lop3, {result, a, b, c}).immediate = static_cast<int64_t>(d.immediate(4));
  if (combine == Mod::Count || !pair) return;
  const Slot other = d.predicate(d.operand(5));
  d.emit(lop3_predicate, {result, d.destination(d.operand(0).elements[1], Type::Pred), other}).combine =
      combine == Mod::And ? Combine::And : Combine::Or;
}

void decode_bits(Decoder& d) {
  const Type type = d.type();
  switch (d.opcode()) {
    case Opcode::Bfind:
      d.emit_plain(bfind_handler(type, d.take(Mod::Shiftamt)), Type::U32, type);
      return;
    case Opcode::Bfe:
      d.emit(by_integer_type(type, []<typename T>() { return lanewise<bfe<T>>; }),
             {d.destination(0, type), d.source(1, type), d.source(2, Type::U32), d.source(3, Type::U32)});
      return;
    case Opcode::Bfi:
      d.emit(type == Type::B64 ? lanewise<bfi<uint64_t>> : lanewise<bfi<uint32_t>>,
             {d.destination(0, type), d.source(1, type), d.source(2, type), d.source(3, Type::U32),
              d.source(4, Type::U32)});
      return;
    case Opcode::Fns:
      d.emit_plain(lanewise<fns>, type);
      return;
    default:
      d.emit_plain(by_width(type, [&]<typename T>() { return count_handler<T>(d.opcode()); }),
                   d.opcode() == Opcode::Brev ? type : Type::U32, type);
      return;
  }
}

// bmsk and szext: .wrap takes lengths modulo 32, .clamp limits them.
void decode_mask(Decoder& d) {
  const Type type = d.type();
  const bool wrap = d.take(Mod::Wrap);
  d.take(Mod::Clamp);
  if (d.opcode() == Opcode::Bmsk) {
    d.emit_plain(wrap ? lanewise<bmsk<true>> : lanewise<bmsk<false>>, type);
  } else if (type == Type::S32) {
    d.emit_plain(wrap ? lanewise<szext<int32_t, true>> : lanewise<szext<int32_t, false>>, type);
  } else {
    d.emit_plain(wrap ? lanewise<szext<uint32_t, true>> : lanewise<szext<uint32_t, false>>, type);
  }
}

}  // namespace triton_runner::executor
