#include "executor/decoder.h"

#include <algorithm>
#include <array>
#include <bit>

#include "executor/builder.h"
#include "executor/lanewise.h"
#include "ptx/printer.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::OperandKind;
using ptx::Space;
using ptx::Type;

constexpr std::array kCacheHints = {
    Mod::Ca,
    Mod::Cg,
    Mod::Cs,
    Mod::Lu,
    Mod::Cv,
    Mod::Wb,
    Mod::Wt,
    Mod::Nc,
    Mod::L1EvictNormal,
    Mod::L1EvictUnchanged,
    Mod::L1EvictFirst,
    Mod::L1EvictLast,
    Mod::L1NoAllocate,
    Mod::L2EvictNormal,
    Mod::L2EvictFirst,
    Mod::L2EvictLast,
    Mod::L2CacheHint,
    Mod::L2Bytes64,
    Mod::L2Bytes128,
    Mod::L2Bytes256,
};

// Bits of one lane in a column of this type.
uint32_t column_bits(Type type) {
  const uint32_t bits = ptx::type_bits(type);
  return type == Type::Pred ? 1 : std::max<uint32_t>(bits, 16);
}

void invert(Warp& warp, const Instruction& in) { warp.set_predicate(in[0], ~warp.predicate(in[1])); }

template <typename To, typename From>
To narrow(From value) {
  return static_cast<To>(value);
}

Handler narrow_handler(uint32_t to, uint32_t from) {
  if (to == 16 && from == 32) return lanewise<narrow<uint16_t, uint32_t>>;
  if (to == 16 && from == 64) return lanewise<narrow<uint16_t, uint64_t>>;
  if (to == 32 && from == 64) return lanewise<narrow<uint32_t, uint64_t>>;
  return nullptr;
}

// A float literal in the bits of the type that reads it: a decimal one is a double in the AST.
uint64_t float_bits(const ptx::Operand& operand, Type type) {
  if (operand.float_type == Type::F64 && type == Type::F32) {
    return std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(operand.bits)));
  }
  if (operand.float_type == Type::F32 && type == Type::F64) {
    return std::bit_cast<uint64_t>(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(operand.bits))));
  }
  return operand.bits;
}

}  // namespace

Type bits_type(uint32_t bits) {
  switch (bits) {
    case 128:
      return Type::B128;
    case 64:
      return Type::B64;
    case 32:
      return Type::B32;
    default:
      return Type::B16;
  }
}

bool Decoder::take(Mod modifier) {
  for (size_t i = 0; i < in_.suffixes.size(); ++i) {
    if (in_.suffixes[i].is_type() || in_.suffixes[i].mod() != modifier) continue;
    take_suffix(i);
    return true;
  }
  return false;
}

Mod Decoder::take_one_of(std::span<const Mod> modifiers) {
  for (const Mod modifier : modifiers) {
    if (take(modifier)) return modifier;
  }
  return Mod::Count;
}

Type Decoder::type(size_t position) {
  for (size_t i = 0; i < in_.suffixes.size(); ++i) {
    if (!in_.suffixes[i].is_type() || position-- != 0) continue;
    take_suffix(i);
    return in_.suffixes[i].type();
  }
  return Type::None;
}

Space Decoder::space() {
  constexpr std::array spaces = {Mod::Global, Mod::Shared,     Mod::SharedCta, Mod::SharedCluster, Mod::Local,
                                 Mod::Param,  Mod::ParamEntry, Mod::ParamFunc, Mod::Const};
  take_one_of(spaces);
  return in_.space();
}

ptx::Shape Decoder::shape() {
  take(Mod::Shape);
  return in_.shape;
}

void Decoder::ignore_cache_hints() {
  for (const Mod hint : kCacheHints) take(hint);
}

void Decoder::take_rounding(Modifiers& modifiers) {
  using numerics::Rounding;
  constexpr std::array modes = {Mod::Rn, Mod::Rz, Mod::Rm, Mod::Rp, Mod::Rna, Mod::Rni, Mod::Rzi, Mod::Rmi, Mod::Rpi};
  const Mod mode = take_one_of(modes);
  switch (mode) {
    case Mod::Rz:
    case Mod::Rzi:
      modifiers.rounding = Rounding::kTowardZero;
      break;
    case Mod::Rm:
    case Mod::Rmi:
      modifiers.rounding = Rounding::kDown;
      break;
    case Mod::Rp:
    case Mod::Rpi:
      modifiers.rounding = Rounding::kUp;
      break;
    case Mod::Rna:
      modifiers.rounding = Rounding::kNearestAway;
      break;
    default:
      break;
  }
  modifiers.to_integer = mode == Mod::Rni || mode == Mod::Rzi || mode == Mod::Rmi || mode == Mod::Rpi;
}

void Decoder::check_all_taken() const {
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i]) continue;
    const ptx::Suffix suffix = in_.suffixes[i];
    unsupported("the CPU executor does not know .",
                suffix.is_type() ? ptx::type_text(suffix.type()) : ptx::mod_text(suffix.mod()), " here");
  }
}

uint32_t Decoder::register_bits(const ptx::Operand& operand) const {
  if (operand.kind != OperandKind::Register) return 0;
  return ptx::type_bits(frame_.function.register_types[operand.index]);
}

Slot Decoder::destination(const ptx::Operand& operand, Type type) {
  if (operand.kind == OperandKind::Discard) return builder_.sink();
  if (operand.kind != OperandKind::Register) unsupported("the destination is no register");
  const uint32_t have = column_bits(frame_.function.register_types[operand.index]), want = column_bits(type);
  if (have != want) unsupported("a register of ", have, " bits where ", want, " are written");
  return frame_.registers[operand.index];
}

Slot Decoder::source(const ptx::Operand& operand, Type type) {
  switch (operand.kind) {
    case OperandKind::Register: {
      if (type == Type::Pred) return predicate(operand);
      const uint32_t have = column_bits(frame_.function.register_types[operand.index]), want = column_bits(type);
      if (have == want) return frame_.registers[operand.index];
      const Handler handler = narrow_handler(want, have);
      if (handler == nullptr) unsupported("a register of ", have, " bits where ", want, " are read");
      const Slot narrowed = scratch(bits_type(want));
      emit(handler, {narrowed, frame_.registers[operand.index]});
      return narrowed;
    }
    case OperandKind::Integer:
      return constant(operand.bits, type);
    case OperandKind::Float:
      return constant(float_bits(operand, type), type);
    case OperandKind::SpecialRegister: {
      const uint32_t have = ptx::special_bits(operand.special), want = column_bits(type);
      if (have == want || (have == 1 && type == Type::Pred)) return builder_.special(operand.special);
      const Handler handler = narrow_handler(want, have);
      if (handler == nullptr) unsupported(ptx::special_text(operand.special), " where ", want, " bits are read");
      const Slot narrowed = scratch(bits_type(want));
      emit(handler, {narrowed, builder_.special(operand.special)});
      return narrowed;
    }
    case OperandKind::Symbol: {
      const SymbolAddress symbol = builder_.address_of(frame_, operand.symbol, operand.index);
      return constant(symbol.address + operand.bits, type);
    }
    default:
      unsupported("an operand of a kind that the CPU executor does not read here");
  }
}

Slot Decoder::predicate(const ptx::Operand& operand) {
  if (operand.kind == OperandKind::Integer) return constant(operand.bits, Type::Pred);
  if (operand.kind == OperandKind::SpecialRegister) return builder_.special(operand.special);
  if (operand.kind != OperandKind::Register || register_bits(operand) != 1) unsupported("a predicate is expected");
  const Slot slot = frame_.registers[operand.index];
  if (!operand.negated) return slot;
  const Slot inverted = scratch(Type::Pred);
  emit(invert, {inverted, slot});
  return inverted;
}

std::vector<Slot> Decoder::destinations(size_t position, Type type) {
  const ptx::Operand& whole = operand(position);
  if (whole.kind != OperandKind::Vector) return {destination(whole, type)};
  std::vector<Slot> slots;
  for (const ptx::Operand& element : whole.elements) slots.push_back(destination(element, type));
  return slots;
}

std::vector<Slot> Decoder::sources(size_t position, Type type) { return sources_of(operand(position), type); }

std::vector<Slot> Decoder::sources_of(const ptx::Operand& operand, Type type) {
  if (operand.kind != OperandKind::Vector) return {source(operand, type)};
  std::vector<Slot> slots;
  for (const ptx::Operand& element : operand.elements) slots.push_back(source(element, type));
  return slots;
}

Address Decoder::address(const ptx::Operand& operand, Space space) {
  if (operand.kind != OperandKind::Address) unsupported("an address is expected");
  switch (operand.base) {
    case ptx::AddressBase::Register: {
      const uint32_t bits = ptx::type_bits(frame_.function.register_types[operand.index]);
      if (bits != 32 && bits != 64) unsupported("an address in a register of ", bits, " bits");
      return {frame_.registers[operand.index], operand.offset(), space, static_cast<uint8_t>(bits / 8)};
    }
    case ptx::AddressBase::Symbol: {
      const SymbolAddress symbol = builder_.address_of(frame_, operand.symbol, operand.index);
      return {constant(symbol.address, Type::B64), operand.offset(), symbol.space, 8};
    }
    case ptx::AddressBase::Absolute:
      return {constant(operand.bits, Type::B64), 0, space, 8};
  }
  unsupported("an address of a kind that the CPU executor does not know");
}

uint64_t Decoder::immediate(size_t position) const {
  if (operand(position).kind != OperandKind::Integer)
    unsupported("operand ", position + 1, " must be an integer constant");
  return operand(position).bits;
}

Slot Decoder::constant(uint64_t bits, Type type) { return builder_.constant(bits, type); }
Slot Decoder::scratch(Type type) { return builder_.scratch(type); }
Slot Decoder::sink() { return builder_.sink(); }

Instruction& Decoder::emit(Handler handler, std::span<const Slot> operands) {
  if (handler == nullptr) unsupported("the CPU executor does not run this form of the instruction");
  if (in_.guard != ptx::kNone && frame_.function.register_types[in_.guard] != Type::Pred)
    unsupported("the guard is no predicate");
  return builder_.emit(frame_, in_, handler, operands);
}

Instruction& Decoder::emit_plain(Handler handler, Type result, Type type) {
  std::vector<Slot> slots{destination(0, result)};
  for (size_t i = 1; i < operand_count(); ++i) slots.push_back(source(i, type));
  return emit(handler, slots);
}

void Decoder::emit_branch(Handler handler, std::initializer_list<Slot> operands, uint32_t label) {
  emit(handler, operands);
  builder_.branch_to_label(frame_, label);
}

void Decoder::emit_branch_table(Handler handler, Slot index, uint32_t table) {
  const uint32_t made = builder_.add_branch_table(frame_, frame_.function.branch_tables[table]);
  emit(handler, {index}).immediate = made;
}

const ptx::Module& Decoder::module() const { return builder_.module(); }

bool Decoder::in_entry() const { return frame_.caller == nullptr; }

void Decoder::emit_branch_to_end(Handler handler) {
  emit(handler, std::initializer_list<Slot>{});
  builder_.branch_to_end(frame_);
}

const ptx::Function& Decoder::callee() const {
  const ptx::Operand& callee = operand(1);
  if (callee.kind != OperandKind::Symbol || callee.symbol != ptx::SymbolKind::Function) {
    unsupported("an indirect call; the CPU executor calls functions by name only");
  }
  return builder_.module().functions[callee.index];
}

void Decoder::expand_call() {
  if (in_.guard != ptx::kNone) unsupported("a call under a predicate");
  builder_.expand_call(frame_, in_, callee());
}

void Decoder::raise_unsupported(const std::string& reason) const {
  raise<UnsupportedError>("kernel ", builder_.program().name, ": PTX line ", in_.line.number, ": ", reason, ": ",
                          ptx::print(builder_.module(), frame_.function, in_));
}

}  // namespace triton_runner::executor
