#include "ptx/printer.h"

#include <cstdio>
#include <string_view>

namespace triton_runner::ptx {
namespace {

std::string hexadecimal(const char* prefix, int digits, uint64_t bits) {
  char text[20];
  std::snprintf(text, sizeof text, "%s%0*llX", prefix, digits, static_cast<unsigned long long>(bits));
  return text;
}

std::string_view linkage_text(Linkage linkage) {
  switch (linkage) {
    case Linkage::Internal:
      return "";
    case Linkage::Visible:
      return ".visible ";
    case Linkage::Extern:
      return ".extern ";
    case Linkage::Weak:
      return ".weak ";
    case Linkage::Common:
      return ".common ";
  }
  return "";
}

class Printer {
 public:
  explicit Printer(const Module& module) : module_(module) {}

  std::string print_module();
  std::string print_instruction(const Function& function, const Instruction& instruction) {
    function_ = &function;
    write_instruction(instruction);
    return std::move(out_);
  }

 private:
  // Appends its parts to the text.
  template <typename... Parts>
  void put(const Parts&... parts) {
    (put_one(parts), ...);
  }
  void put_one(std::string_view text) { out_ += text; }
  void put_one(char c) { out_ += c; }
  void put_one(uint64_t number) { out_ += std::to_string(number); }
  void put_one(uint32_t number) { out_ += std::to_string(number); }
  void put_offset(int64_t offset) {
    if (offset != 0) put(offset > 0 ? "+" : "", std::string_view(std::to_string(offset)));
  }

  void write_module_item(const Item& item);
  void write_loc(const Loc& loc);
  void write_file(const File& file);
  void write_variable(const Variable& variable);
  void write_initializer(const Variable& variable);
  void write_params(const std::vector<Param>& params);
  void write_param(const Param& param);
  void write_function(const Function& function);
  void write_directives(const Directives& directives);
  void write_extent(std::string_view name, const std::optional<Extent>& extent);
  void write_count(std::string_view name, const std::optional<uint32_t>& count);
  void write_body_item(const Item& item);
  void write_registers(const RegisterDecl& decl);
  void write_branch_table(const BranchTable& table);
  void write_instruction(const Instruction& instruction);
  void write_call(const Instruction& instruction);
  void write_operand(const Operand& operand);
  void write_address(const Operand& operand);
  void write_list(const std::vector<Operand>& operands, std::string_view separator);
  std::string_view symbol_name(SymbolKind kind, uint32_t index) const;

  const Module& module_;
  const Function* function_ = nullptr;
  std::string out_;
};

std::string Printer::print_module() {
  put(".version ", module_.version_major, ".", module_.version_minor, "\n.target ", module_.target);
  for (const std::string& option : module_.target_options) put(", ", option);
  put("\n.address_size 64\n\n");
  for (const Item& item : module_.layout) write_module_item(item);
  return std::move(out_);
}

void Printer::write_module_item(const Item& item) {
  switch (item.kind) {
    case ItemKind::Variable:
      return write_variable(module_.variables[item.index]);
    case ItemKind::Function:
      return write_function(module_.functions[item.index]);
    case ItemKind::File:
      return write_file(module_.files[item.index]);
    case ItemKind::Pragma:
      return put(".pragma \"", module_.pragmas[item.index], "\";\n");
    case ItemKind::Section: {
      const Section& section = module_.sections[item.index];
      return put(".section .", section.name, " {", section.text, "}\n");
    }
    default:
      return;  // kinds of a body
  }
}

void Printer::write_loc(const Loc& loc) {
  put("\t.loc ", loc.file, " ", loc.line, " ", loc.column);
  if (!loc.function_name.empty()) {
    put(", function_name ", loc.function_name);
    if (loc.function_offset != 0) put("+", static_cast<uint64_t>(loc.function_offset));
  }
  if (loc.inlined) put(", inlined_at ", loc.inlined_file, " ", loc.inlined_line, " ", loc.inlined_column);
  put("\n");
}

void Printer::write_file(const File& file) {
  put(".file ", file.number, " \"", file.path, "\"");
  if (file.has_stamp) put(", ", file.timestamp, ", ", file.size);
  put("\n");
}

void Printer::write_variable(const Variable& variable) {
  put(linkage_text(variable.linkage), ".", space_text(variable.space), " ");
  for (const std::string& attribute : variable.attributes) put(".attribute(", attribute, ") ");
  if (variable.explicit_align) put(".align ", variable.align, " ");
  if (variable.lanes != 1) put(".v", variable.lanes, " ");
  put(".", type_text(variable.type), " ", variable.name);
  if (variable.unsized) put("[]");
  for (uint64_t dimension : variable.dimensions) put("[", dimension, "]");
  if (!variable.init.empty()) write_initializer(variable);
  put(";\n");
}

void Printer::write_initializer(const Variable& variable) {
  const size_t bytes = type_bits(variable.type) / 8;
  auto relocation = variable.relocations.begin();
  put(" = ", variable.dimensions.empty() ? "" : "{");
  for (size_t at = 0; at < variable.init.size(); at += bytes) {
    if (at != 0) put(", ");
    if (relocation != variable.relocations.end() && relocation->offset == at) {
      std::string_view name = symbol_name(relocation->symbol, relocation->index);
      put(relocation->generic ? "generic(" : "", name, relocation->generic ? ")" : "");
      put_offset(relocation->addend);
      ++relocation;
      continue;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && i < 8; ++i) value |= static_cast<uint64_t>(variable.init[at + i]) << (8 * i);
    put(value);
  }
  put(variable.dimensions.empty() ? "" : "}");
}

void Printer::write_param(const Param& param) {
  put("\t.", space_text(param.space), " ");
  if (param.explicit_align) put(".align ", param.align, " ");
  put(".", type_text(param.type), " ");
  if (param.is_pointer) {
    put(".ptr ");
    if (param.pointer_space != Space::Generic) put(".", space_text(param.pointer_space), " ");
    if (param.pointer_align != 0) put(".align ", param.pointer_align, " ");
  }
  put(param.name);
  if (param.count != 0) put("[", param.count, "]");
}

void Printer::write_params(const std::vector<Param>& params) {
  put("(");
  for (const Param& param : params) {
    put(&param == &params.front() ? "\n" : ",\n");
    write_param(param);
  }
  put("\n)");
}

void Printer::write_extent(std::string_view name, const std::optional<Extent>& extent) {
  if (extent) put(".", name, " ", (*extent)[0], ", ", (*extent)[1], ", ", (*extent)[2], "\n");
}

void Printer::write_count(std::string_view name, const std::optional<uint32_t>& count) {
  if (count) put(".", name, " ", *count, "\n");
}

void Printer::write_directives(const Directives& directives) {
  write_extent("reqntid", directives.reqntid);
  write_extent("maxntid", directives.maxntid);
  write_extent("reqnctapercluster", directives.reqnctapercluster);
  write_count("maxclusterrank", directives.maxclusterrank);
  write_count("minnctapersm", directives.minnctapersm);
  write_count("maxnctapersm", directives.maxnctapersm);
  write_count("maxnreg", directives.maxnreg);
  if (directives.explicitcluster) put(".explicitcluster\n");
  if (directives.blocksareclusters) put(".blocksareclusters\n");
  if (directives.noreturn) put(".noreturn\n");
  for (const std::string& pragma : directives.pragmas) put(".pragma \"", pragma, "\";\n");
}

void Printer::write_function(const Function& function) {
  function_ = &function;
  put(linkage_text(function.linkage), function.is_entry ? ".entry " : ".func ");
  if (!function.results.empty()) {
    write_params(function.results);
    put(" ");
  }
  put(function.name);
  write_params(function.params);
  put("\n");
  write_directives(function.directives);
  if (function.is_declaration) return put(";\n");
  put("{\n");
  for (const Item& item : function.layout) write_body_item(item);
  put("}\n");
  function_ = nullptr;
}

void Printer::write_registers(const RegisterDecl& decl) {
  put("\t.reg .", type_text(decl.type), " ", decl.name);
  if (decl.numbered) put("<", decl.count, ">");
  put(";\n");
}

void Printer::write_branch_table(const BranchTable& table) {
  put(table.name, ": .branchtargets ");
  for (size_t i = 0; i < table.labels.size(); ++i) put(i == 0 ? "" : ", ", function_->labels[table.labels[i]].name);
  put(";\n");
}

void Printer::write_body_item(const Item& item) {
  switch (item.kind) {
    case ItemKind::Instruction:
      put("\t");
      write_instruction(function_->instructions[item.index]);
      return put("\n");
    case ItemKind::Label:
      return put(function_->labels[item.index].name, ":\n");
    case ItemKind::OpenScope:
      return put("\t{\n");
    case ItemKind::CloseScope:
      return put("\t}\n");
    case ItemKind::Registers:
      return write_registers(function_->register_decls[item.index]);
    case ItemKind::Local:
      put("\t");
      return write_variable(function_->locals[item.index]);
    case ItemKind::Loc:
      return write_loc(module_.locs[item.index]);
    case ItemKind::BranchTable:
      return write_branch_table(function_->branch_tables[item.index]);
    case ItemKind::Prototype: {
      const Prototype& prototype = function_->prototypes[item.index];
      return put(prototype.name, ": .callprototype ", prototype.text, ";\n");
    }
    case ItemKind::Pragma:
      return put("\t.pragma \"", function_->pragmas[item.index], "\";\n");
    default:
      return;  // kinds of a module
  }
}

std::string_view Printer::symbol_name(SymbolKind kind, uint32_t index) const {
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

void Printer::write_instruction(const Instruction& instruction) {
  if (instruction.guard != kNone) {
    put(instruction.guard_negated ? "@!" : "@", function_->register_name(instruction.guard), " ");
  }
  put(opcode_text(instruction.opcode));
  for (Suffix suffix : instruction.suffixes) {
    put(".");
    if (suffix == Suffix(Mod::Shape)) {
      put(shape_text(instruction.shape));
    } else {
      put(suffix.is_type() ? type_text(suffix.type()) : mod_text(suffix.mod()));
    }
  }
  if (!instruction.operands.empty()) put(" ");
  if (instruction.opcode == Opcode::Call) {
    write_call(instruction);
  } else {
    write_list(instruction.operands, ", ");
  }
  put(";");
}

void Printer::write_call(const Instruction& instruction) {
  const std::vector<Operand>& operands = instruction.operands;
  if (!operands[0].elements.empty()) {
    write_operand(operands[0]);
    put(", ");
  }
  write_operand(operands[1]);
  put(", ");
  write_operand(operands[2]);
  if (operands.size() > 3) {
    put(", ");
    write_operand(operands[3]);
  }
}

void Printer::write_list(const std::vector<Operand>& operands, std::string_view separator) {
  for (size_t i = 0; i < operands.size(); ++i) {
    if (i != 0) put(separator);
    write_operand(operands[i]);
  }
}

void Printer::write_operand(const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::Register:
      return put(operand.negated ? "!" : "", function_->register_name(operand.index));
    case OperandKind::SpecialRegister:
      return put(special_text(operand.special));
    case OperandKind::Integer:
      return put(std::string_view(std::to_string(static_cast<int64_t>(operand.bits))));
    case OperandKind::Float:
      return put(operand.float_type == Type::F32 ? hexadecimal("0f", 8, operand.bits)
                                                 : hexadecimal("0d", 16, operand.bits));
    case OperandKind::Symbol:
      put(symbol_name(operand.symbol, operand.index));
      return put_offset(operand.offset());
    case OperandKind::Label:
      return put(function_->labels[operand.index].name);
    case OperandKind::BranchTable:
      return put(function_->branch_tables[operand.index].name);
    case OperandKind::Address:
      return write_address(operand);
    case OperandKind::Pair:
      return write_list(operand.elements, "|");
    case OperandKind::Vector:
      put("{");
      write_list(operand.elements, ", ");
      return put("}");
    case OperandKind::Tuple:
      put("(");
      write_list(operand.elements, ", ");
      return put(")");
    case OperandKind::Discard:
      return put("_");
  }
}

void Printer::write_address(const Operand& operand) {
  put("[");
  switch (operand.base) {
    case AddressBase::Register:
      put(function_->register_name(operand.index));
      break;
    case AddressBase::Symbol:
      put(symbol_name(operand.symbol, operand.index));
      break;
    case AddressBase::Absolute:
      put(std::string_view(std::to_string(operand.offset())));
      break;
  }
  if (operand.base != AddressBase::Absolute) put_offset(operand.offset());
  if (!operand.elements.empty()) {
    put(", {");
    write_list(operand.elements, ", ");
    put("}");
  }
  put("]");
}

}  // namespace

std::string print(const Module& module) { return Printer(module).print_module(); }

std::string print(const Module& module, const Function& function, const Instruction& instruction) {
  return Printer(module).print_instruction(function, instruction);
}

}  // namespace triton_runner::ptx
