#include "ir/ptx_types.h"

#include <algorithm>
#include <numeric>

#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using ptx::Instruction;
using ptx::Opcode;
using ptx::Operand;
using ptx::OperandKind;
using ptx::Type;

struct FloatType {
  Type type;
  const char* element;
  uint32_t bits;  // of the element
};
constexpr FloatType kFloatTypes[] = {
    {Type::F16, "fp16", 16},      {Type::F16x2, "fp16", 16},    {Type::BF16, "bf16", 16},   {Type::BF16x2, "bf16", 16},
    {Type::TF32, "fp32", 32},     {Type::F32, "fp32", 32},      {Type::F32x2, "fp32", 32},  {Type::F64, "fp64", 64},
    {Type::E4M3x2, "fp8e4nv", 8}, {Type::E4M3x4, "fp8e4nv", 8}, {Type::E5M2x2, "fp8e5", 8}, {Type::E5M2x4, "fp8e5", 8},
};

const FloatType* find_float(Type type) {
  auto found = std::ranges::find(kFloatTypes, type, &FloatType::type);
  return found == std::end(kFloatTypes) ? nullptr : &*found;
}

// Operations that move bits and do not look at them.
bool is_move(Opcode opcode) {
  return opcode == Opcode::Mov || opcode == Opcode::Ld || opcode == Opcode::Ldu || opcode == Opcode::Selp ||
         opcode == Opcode::ShflSync || opcode == Opcode::Tcgen05Ld;
}

// Operations whose sources have the first type of the instruction.
bool types_its_sources(Opcode opcode) {
  static constexpr Opcode kOpcodes[] = {
      Opcode::Add, Opcode::Sub, Opcode::Mul,  Opcode::Mad,  Opcode::Fma,   Opcode::Div,      Opcode::Rem, Opcode::Min,
      Opcode::Max, Opcode::Neg, Opcode::Abs,  Opcode::Rcp,  Opcode::Sqrt,  Opcode::Rsqrt,    Opcode::Ex2, Opcode::Lg2,
      Opcode::Sin, Opcode::Cos, Opcode::Tanh, Opcode::Setp, Opcode::Testp, Opcode::Copysign,
  };
  return std::ranges::find(kOpcodes, opcode) != std::end(kOpcodes);
}

bool is_bits(Type type) { return type <= Type::B1024; }

}  // namespace

PtxTypes::PtxTypes(const ptx::Function& function) : function_(function), parents_(function.register_types.size()) {
  std::iota(parents_.begin(), parents_.end(), 0u);
  for (const Instruction& instruction : function.instructions) join(instruction);
  classes_.resize(parents_.size());
  for (const Instruction& instruction : function.instructions) note(instruction);
}

uint32_t PtxTypes::root(uint32_t reg) const {
  while (parents_[reg] != reg) reg = parents_[reg] = parents_[parents_[reg]];
  return reg;
}

// The result of mov, selp and shfl holds the bits of a source of the same width.
void PtxTypes::join(const Instruction& instruction) {
  const Opcode opcode = instruction.opcode;
  if (opcode != Opcode::Mov && opcode != Opcode::Selp && opcode != Opcode::ShflSync) return;
  const Operand& first = instruction.operands[0];
  const Operand& result = first.kind == OperandKind::Pair ? first.elements[0] : first;
  if (result.kind != OperandKind::Register) return;
  const size_t sources = opcode == Opcode::Selp ? 2 : 1;
  for (size_t i = 1; i <= sources; ++i) {
    const Operand& source = instruction.operands[i];
    if (source.kind != OperandKind::Register) continue;
    if (function_.register_types[source.index] != function_.register_types[result.index]) continue;
    parents_[root(source.index)] = root(result.index);
  }
}

void PtxTypes::note(const Instruction& instruction) {
  const Opcode opcode = instruction.opcode;
  if (opcode == Opcode::Mov || opcode == Opcode::Selp) {
    for (size_t i = 1; i < instruction.operands.size(); ++i) {
      if (instruction.operands[i].kind == OperandKind::Float) {
        note_use(instruction.operands[0], instruction.operands[i].float_type);
      }
    }
  }
  if (is_move(opcode) || instruction.type_count() == 0) return;
  note_use(instruction.operands[0], instruction.type(0));
  const Type source = opcode == Opcode::Cvt ? instruction.type(1) : instruction.type(0);
  if (opcode != Opcode::Cvt && !types_its_sources(opcode)) return;
  for (size_t i = 1; i < instruction.operands.size(); ++i) note_use(instruction.operands[i], source);
}

void PtxTypes::note_use(const Operand& operand, Type type) {
  for (const Operand& element : operand.elements) {
    if (element.kind == OperandKind::Register) note_use(element, type);
  }
  if (operand.kind != OperandKind::Register || is_bits(type)) return;
  Class& known = classes_[root(operand.index)];
  const bool is_float = find_float(type) != nullptr;
  const bool agrees = known.use == Use::None || (known.use == Use::Float && known.type == type);
  known.use = is_float && agrees ? Use::Float : Use::Mixed;
  known.type = type;
}

RegisterType PtxTypes::of(const Instruction& instruction, uint32_t reg) const {
  const Type declared = function_.register_types[reg];
  const uint32_t width = ptx::type_bits(declared);
  if (declared == Type::Pred) return {"i1", 1};
  if (width == 128) return {"i64", 2};
  const Class& known = classes_[root(reg)];
  Type type = instruction.opcode == Opcode::Call ? Type::None : instruction.type(0);
  const bool is_untyped = is_move(instruction.opcode) || type == Type::None;  // a wait brings what mma has typed
  if (is_untyped && known.use == Use::Float && find_float(type) == nullptr) type = known.type;
  if (const FloatType* found = find_float(type); found != nullptr && width % found->bits == 0) {
    return {found->element, width / found->bits};
  }
  return {concat("i", width), 1};
}

}  // namespace triton_runner::ir
