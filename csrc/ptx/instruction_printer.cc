#include "ptx/instruction_printer.h"

#include <cstdio>
#include <string>

namespace triton_runner::ptx {
namespace {

std::string hexadecimal(const char* prefix, int digits, uint64_t bits) {
  char text[20];
  std::snprintf(text, sizeof text, "%s%0*llX", prefix, digits, static_cast<unsigned long long>(bits));
  return text;
}

}  // namespace

std::string_view InstructionPrinter::symbol_name(SymbolKind kind, uint32_t index) const {
  switch (kind) {
    case SymbolKind::Variable:
      return module_.variables[index].name;
    case SymbolKind::Local:
      return function_->locals[index].name;
    case SymbolKind::Parameter:
      return function_->params[index].name;
    case SymbolKind::Result:
      return function_->results[index].name;
    case SymbolKind::Function:
      return module_.functions[index].name;
    case SymbolKind::Prototype:
      return function_->prototypes[index].name;
  }
  return "";
}

void InstructionPrinter::write(const Instruction& instruction) {
  if (instruction.guard != kNone) {
    out_.put(instruction.guard_negated ? "@!" : "@", function_->register_name(instruction.guard), " ");
  }
  out_.put(opcode_text(instruction.opcode));
  for (Suffix suffix : instruction.suffixes) {
    out_.put(".");
    if (suffix == Suffix(Mod::Shape)) {
      out_.put(shape_text(instruction.shape));
    } else {
      out_.put(suffix.is_type() ? type_text(suffix.type()) : mod_text(suffix.mod()));
    }
  }
  if (!instruction.operands.empty()) out_.put(" ");
  if (instruction.opcode == Opcode::Call) {
    write_call(instruction);
  } else {
    write_list(instruction.operands, ", ");
  }
  out_.put(";");
}

void InstructionPrinter::write_call(const Instruction& instruction) {
  const std::vector<Operand>& operands = instruction.operands;
  if (!operands[0].elements.empty()) {
    write_operand(operands[0]);
    out_.put(", ");
  }
  write_operand(operands[1]);
  out_.put(", ");
  write_operand(operands[2]);
  if (operands.size() > 3) {
    out_.put(", ");
    write_operand(operands[3]);
  }
}

void InstructionPrinter::write_list(const std::vector<Operand>& operands, std::string_view separator) {
  for (size_t i = 0; i < operands.size(); ++i) {
    if (i != 0) out_.put(separator);
    write_operand(operands[i]);
  }
}

void InstructionPrinter::write_operand(const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::Register:
      return out_.put(operand.negated ? "!" : "", function_->register_name(operand.index));
    case OperandKind::SpecialRegister:
      return out_.put(special_text(operand.special));
    case OperandKind::Integer:
      return out_.put(operand.offset());
    case OperandKind::Float:
      return out_.put(operand.float_type == Type::F32 ? hexadecimal("0f", 8, operand.bits)
                                                      : hexadecimal("0d", 16, operand.bits));
    case OperandKind::Symbol:
      out_.put(symbol_name(operand.symbol, operand.index));
      return out_.put_offset(operand.offset());
    case OperandKind::Label:
      return out_.put(function_->labels[operand.index].name);
    case OperandKind::BranchTable:
      return out_.put(function_->branch_tables[operand.index].name);
    case OperandKind::Address:
      return write_address(operand);
    case OperandKind::Pair:
      return write_list(operand.elements, "|");
    case OperandKind::Vector:
      out_.put("{");
      write_list(operand.elements, ", ");
      return out_.put("}");
    case OperandKind::Tuple:
      out_.put("(");
      write_list(operand.elements, ", ");
      return out_.put(")");
    case OperandKind::Discard:
      return out_.put("_");
  }
}

void InstructionPrinter::write_address(const Operand& operand) {
  out_.put("[");
  switch (operand.base) {
    case AddressBase::Register:
      out_.put(function_->register_name(operand.index));
      break;
    case AddressBase::Symbol:
      out_.put(symbol_name(operand.symbol, operand.index));
      break;
    case AddressBase::Absolute:
      out_.put(operand.offset());
      break;
  }
  if (operand.base != AddressBase::Absolute) out_.put_offset(operand.offset());
  if (!operand.elements.empty()) {
    out_.put(", {");
    write_list(operand.elements, ", ");
    out_.put("}");
  }
  out_.put("]");
}

}  // namespace triton_runner::ptx
