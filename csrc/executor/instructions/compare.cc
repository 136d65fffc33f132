// Comparison and selection: setp set selp slct testp.
//
// A comparison makes a mask of the lanes where it holds; combining it with a predicate is one operation on masks. set
// and slct are a comparison and a selection. Tested in tests/csrc/executor/test_compare.cc.
#include <array>
#include <cmath>

#include "executor/decode_table.h"
#include "executor/instructions/by_type.h"
#include "executor/lanewise.h"
#include "executor/numerics/formats.h"

namespace triton_runner::executor {
namespace {

using numerics::BFloat16;
using numerics::Half;
using ptx::Mod;
using ptx::Type;

constexpr std::array kComparisons = {Mod::Eq,  Mod::Ne,  Mod::Lt,  Mod::Le,  Mod::Gt,  Mod::Ge,
                                     Mod::Lo,  Mod::Ls,  Mod::Hi,  Mod::Hs,  Mod::Equ, Mod::Neu,
                                     Mod::Ltu, Mod::Leu, Mod::Gtu, Mod::Geu, Mod::Num, Mod::IsNan};

float value(const Modifiers& m, float a) { return m.ftz ? numerics::flush_denormal(a) : a; }
double value(const Modifiers&, double a) { return a; }
float value(const Modifiers&, Half a) { return numerics::to_float(a); }
float value(const Modifiers&, BFloat16 a) { return numerics::to_float(a); }
template <typename T>
T value(const Modifiers&, T a) {
  return a;
}

template <typename T>
bool unordered(T a, T b) {
  return a != a || b != b;
}

template <Mod Comparison, typename T>
bool compare(T a, T b) {
  if constexpr (Comparison == Mod::Eq) return a == b;
  if constexpr (Comparison == Mod::Ne) return a != b && !unordered(a, b);
  if constexpr (Comparison == Mod::Lt || Comparison == Mod::Lo) return a < b;
  if constexpr (Comparison == Mod::Le || Comparison == Mod::Ls) return a <= b;
  if constexpr (Comparison == Mod::Gt || Comparison == Mod::Hi) return a > b;
  if constexpr (Comparison == Mod::Ge || Comparison == Mod::Hs) return a >= b;
  if constexpr (Comparison == Mod::Equ) return a == b || unordered(a, b);
  if constexpr (Comparison == Mod::Neu) return a != b;
  if constexpr (Comparison == Mod::Ltu) return !(a >= b);
  if constexpr (Comparison == Mod::Leu) return !(a > b);
  if constexpr (Comparison == Mod::Gtu) return !(a <= b);
  if constexpr (Comparison == Mod::Geu) return !(a < b);
  if constexpr (Comparison == Mod::Num) return !unordered(a, b);
  if constexpr (Comparison == Mod::IsNan) return unordered(a, b);
}

LaneMask combine(Combine how, LaneMask mask, LaneMask other) {
  switch (how) {
    case Combine::And:
      return mask & other;
    case Combine::Or:
      return mask | other;
    case Combine::Xor:
      return mask ^ other;
    case Combine::None:
      break;
  }
  return mask;
}

// Operands: p, q or none, a, b, and the predicate to combine with where there is one.
template <Mod Comparison, typename T>
void setp(Warp& warp, const Instruction& in) {
  const T* a = warp.lanes<T>(in[2]);
  const T* b = warp.lanes<T>(in[3]);
  const LaneMask mask = lanes_where(
      warp, [&](int lane) { return compare<Comparison>(value(in.modifiers, a[lane]), value(in.modifiers, b[lane])); });
  const LaneMask other = in.combine == Combine::None ? 0 : warp.predicate(in[4]);
  warp.set_predicate(in[0], combine(in.combine, mask, other));
  if (in[1] != kNoSlot) warp.set_predicate(in[1], combine(in.combine, ~mask, other));
}

// The packed forms compare the low elements into p and the high ones into q.
template <Mod Comparison, typename T>
void setp_packed(Warp& warp, const Instruction& in) {
  const uint32_t* a = warp.lanes<uint32_t>(in[2]);
  const uint32_t* b = warp.lanes<uint32_t>(in[3]);
  const auto compare_at = [&](int shift) {
    return lanes_where(warp, [&](int lane) {
      const auto element = [&](uint32_t word) { return value(in.modifiers, T{static_cast<uint16_t>(word >> shift)}); };
      return compare<Comparison>(element(a[lane]), element(b[lane]));
    });
  };
  const LaneMask low = compare_at(0), high = compare_at(16);
  const LaneMask other = in.combine == Combine::None ? 0 : warp.predicate(in[4]);
  warp.set_predicate(in[0], combine(in.combine, low, other));
  if (in[1] != kNoSlot) warp.set_predicate(in[1], combine(in.combine, high, other));
}

template <Mod Comparison>
Handler setp_handler(Type type) {
  switch (type) {
    case Type::F32:
      return setp<Comparison, float>;
    case Type::F64:
      return setp<Comparison, double>;
    case Type::F16:
      return setp<Comparison, Half>;
    case Type::BF16:
      return setp<Comparison, BFloat16>;
    case Type::F16x2:
      return setp_packed<Comparison, Half>;
    case Type::BF16x2:
      return setp_packed<Comparison, BFloat16>;
    default:
      return by_integer_type(type, []<typename T>() -> Handler { return setp<Comparison, T>; });
  }
}

template <size_t... I>
Handler find_setp(Mod comparison, Type type, std::index_sequence<I...>) {
  Handler handler = nullptr;
  ((kComparisons[I] == comparison ? void(handler = setp_handler<kComparisons[I]>(type)) : void()), ...);
  return handler;
}

// lo, ls, hi and hs compare unsigned whatever the type says.
Type unsigned_where_asked(Mod comparison, Type type) {
  if (comparison != Mod::Lo && comparison != Mod::Ls && comparison != Mod::Hi && comparison != Mod::Hs) return type;
  switch (type) {
    case Type::S16:
      return Type::U16;
    case Type::S32:
      return Type::U32;
    case Type::S64:
      return Type::U64;
    default:
      return type;
  }
}

// The comparison of setp and set, of operands 1 and 2.
void emit_comparison(Decoder& d, Slot p, Slot q, Type type) {
  const Mod comparison = d.take_one_of(kComparisons);
  constexpr std::array logic = {Mod::And, Mod::Or, Mod::Xor};
  const Mod how = d.take_one_of(logic);
  const bool ftz = d.take(Mod::Ftz);
  const Handler handler =
      find_setp(comparison, unsigned_where_asked(comparison, type), std::make_index_sequence<kComparisons.size()>{});
  std::vector<Slot> slots{p, q, d.source(1, type), d.source(2, type)};
  if (how != Mod::Count) slots.push_back(d.predicate(d.operand(3)));
  Instruction& in = d.emit(handler, slots);
  in.modifiers.ftz = ftz;
  in.combine = how == Mod::And   ? Combine::And
               : how == Mod::Or  ? Combine::Or
               : how == Mod::Xor ? Combine::Xor
                                 : Combine::None;
}

template <typename T>
T select(T a, T b, bool predicate) {
  return predicate ? a : b;
}

Handler select_handler(Type type) {
  return by_width(type, []<typename T>() { return lanewise<select<T>>; });
}

template <typename T>
bool is_zero_or_more(const Modifiers& m, T a) {
  return value(m, a) >= 0;
}

// testp
template <typename T>
bool is_finite(T a) {
  return std::isfinite(a);
}
template <typename T>
bool is_infinite(T a) {
  return std::isinf(a);
}
template <typename T>
bool is_number(T a) {
  return !std::isnan(a);
}
template <typename T>
bool is_not_a_number(T a) {
  return std::isnan(a);
}
template <typename T>
bool is_normal(T a) {
  return std::isnormal(a) || a == 0;  // PTX counts zero among the normal numbers
}
template <typename T>
bool is_subnormal(T a) {
  return std::fpclassify(a) == FP_SUBNORMAL;
}

template <typename T>
Handler testp_handler(Mod test) {
  switch (test) {
    case Mod::Finite:
      return lanewise<is_finite<T>>;
    case Mod::Infinite:
      return lanewise<is_infinite<T>>;
    case Mod::Number:
      return lanewise<is_number<T>>;
    case Mod::Notanumber:
      return lanewise<is_not_a_number<T>>;
    case Mod::Normal:
      return lanewise<is_normal<T>>;
    case Mod::Subnormal:
      return lanewise<is_subnormal<T>>;
    default:
      return nullptr;
  }
}

}  // namespace

void decode_setp(Decoder& d) {
  const ptx::Operand& result = d.operand(0);
  const bool pair = result.kind == ptx::OperandKind::Pair;
  const Slot p = d.destination(pair ? result.elements[0] : result, Type::Pred);
  emit_comparison(d, p, pair ? d.destination(result.elements[1], Type::Pred) : kNoSlot, d.type());
}

// set writes "true" as all ones of an integer or as 1.0.
void decode_set(Decoder& d) {
  const Type result = d.type(0), compared = d.type(1);
  if (result == Type::F16x2 || result == Type::BF16x2) d.unsupported("set with a packed result");
  const Slot holds = d.scratch(Type::Pred);
  emit_comparison(d, holds, kNoSlot, compared);
  const uint64_t yes = result == Type::F32    ? 0x3F800000
                       : result == Type::F16  ? 0x3C00
                       : result == Type::BF16 ? 0x3F80
                                              : ~uint64_t{0};
  d.emit(select_handler(result), {d.destination(0, result), d.constant(yes, result), d.constant(0, result), holds});
}

void decode_selp(Decoder& d) {
  const Type type = d.type();
  d.emit(select_handler(type),
         {d.destination(0, type), d.source(1, type), d.source(2, type), d.predicate(d.operand(3))});
}

void decode_slct(Decoder& d) {
  const Type type = d.type(0), tested = d.type(1);
  const Slot holds = d.scratch(Type::Pred);
  const bool ftz = d.take(Mod::Ftz);
  d.emit(tested == Type::F32 ? lanewise<is_zero_or_more<float>> : lanewise<is_zero_or_more<int32_t>>,
         {holds, d.source(3, tested)})
      .modifiers.ftz = ftz;
  d.emit(select_handler(type), {d.destination(0, type), d.source(1, type), d.source(2, type), holds});
}

void decode_testp(Decoder& d) {
  constexpr std::array tests = {Mod::Finite, Mod::Infinite, Mod::Number, Mod::Notanumber, Mod::Normal, Mod::Subnormal};
  const Mod test = d.take_one_of(tests);
  const Type type = d.type();
  d.emit_plain(type == Type::F64 ? testp_handler<double>(test) : testp_handler<float>(test), Type::Pred, type);
}

}  // namespace triton_runner::executor
