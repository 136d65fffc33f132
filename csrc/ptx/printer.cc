#include "ptx/printer.h"

#include <string_view>

#include "ptx/instruction_printer.h"
#include "ptx/text_writer.h"

namespace triton_runner::ptx {
namespace {

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

class ModulePrinter {
 public:
  explicit ModulePrinter(const Module& module) : module_(module) {}
  std::string run();

 private:
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

  const Module& module_;
  const Function* function_ = nullptr;  // the one that is being written
  TextWriter out_;
};

std::string ModulePrinter::run() {
  out_.put(".version ", module_.version_major, ".", module_.version_minor, "\n.target ", module_.target);
  for (const std::string& option : module_.target_options) out_.put(", ", option);
  out_.put("\n.address_size 64\n\n");
  for (const Item& item : module_.layout) write_module_item(item);
  return out_.take();
}

void ModulePrinter::write_module_item(const Item& item) {
  switch (item.kind) {
    case ItemKind::Variable:
      return write_variable(module_.variables[item.index]);
    case ItemKind::Function:
      return write_function(module_.functions[item.index]);
    case ItemKind::File:
      return write_file(module_.files[item.index]);
    case ItemKind::Pragma:
      return out_.put(".pragma \"", module_.pragmas[item.index], "\";\n");
    case ItemKind::Section: {
      const Section& section = module_.sections[item.index];
      return out_.put(".section .", section.name, " {", section.text, "}\n");
    }
    default:
      return;  // kinds of a body
  }
}

void ModulePrinter::write_loc(const Loc& loc) {
  out_.put("\t.loc ", loc.file, " ", loc.line, " ", loc.column);
  if (!loc.function_name.empty()) {
    out_.put(", function_name ", loc.function_name);
    out_.put_offset(loc.function_offset);
  }
  if (loc.inlined) out_.put(", inlined_at ", loc.inlined_file, " ", loc.inlined_line, " ", loc.inlined_column);
  out_.put("\n");
}

void ModulePrinter::write_file(const File& file) {
  out_.put(".file ", file.number, " \"", file.path, "\"");
  if (file.has_stamp) out_.put(", ", file.timestamp, ", ", file.size);
  out_.put("\n");
}

void ModulePrinter::write_variable(const Variable& variable) {
  out_.put(linkage_text(variable.linkage), ".", space_text(variable.space), " ");
  for (const std::string& attribute : variable.attributes) out_.put(".attribute(", attribute, ") ");
  if (variable.explicit_align) out_.put(".align ", variable.align, " ");
  if (variable.lanes != 1) out_.put(".v", variable.lanes, " ");
  out_.put(".", type_text(variable.type), " ", variable.name);
  if (variable.unsized) out_.put("[]");
  for (uint64_t dimension : variable.dimensions) out_.put("[", dimension, "]");
  if (!variable.init.empty()) write_initializer(variable);
  out_.put(";\n");
}

void ModulePrinter::write_initializer(const Variable& variable) {
  const size_t bytes = type_bits(variable.type) / 8;
  auto relocation = variable.relocations.begin();
  out_.put(" = ", variable.dimensions.empty() ? "" : "{");
  for (size_t at = 0; at < variable.init.size(); at += bytes) {
    if (at != 0) out_.put(", ");
    if (relocation != variable.relocations.end() && relocation->offset == at) {
      std::string_view name =
          InstructionPrinter(module_, function_, out_).symbol_name(relocation->symbol, relocation->index);
      out_.put(relocation->generic ? "generic(" : "", name, relocation->generic ? ")" : "");
      out_.put_offset(relocation->addend);
      ++relocation;
      continue;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && i < 8; ++i) value |= static_cast<uint64_t>(variable.init[at + i]) << (8 * i);
    out_.put(value);
  }
  out_.put(variable.dimensions.empty() ? "" : "}");
}

void ModulePrinter::write_param(const Param& param) {
  out_.put("\t.", space_text(param.space), " ");
  if (param.explicit_align) out_.put(".align ", param.align, " ");
  out_.put(".", type_text(param.type), " ");
  if (param.is_pointer) {
    out_.put(".ptr ");
    if (param.pointer_space != Space::Generic) out_.put(".", space_text(param.pointer_space), " ");
    if (param.pointer_align != 0) out_.put(".align ", param.pointer_align, " ");
  }
  out_.put(param.name);
  if (param.count != 0) out_.put("[", param.count, "]");
}

void ModulePrinter::write_params(const std::vector<Param>& params) {
  out_.put("(");
  for (const Param& param : params) {
    out_.put(&param == &params.front() ? "\n" : ",\n");
    write_param(param);
  }
  out_.put("\n)");
}

void ModulePrinter::write_extent(std::string_view name, const std::optional<Extent>& extent) {
  if (extent) out_.put(".", name, " ", (*extent)[0], ", ", (*extent)[1], ", ", (*extent)[2], "\n");
}

void ModulePrinter::write_count(std::string_view name, const std::optional<uint32_t>& count) {
  if (count) out_.put(".", name, " ", *count, "\n");
}

void ModulePrinter::write_directives(const Directives& directives) {
  write_extent("reqntid", directives.reqntid);
  write_extent("maxntid", directives.maxntid);
  write_extent("reqnctapercluster", directives.reqnctapercluster);
  write_count("maxclusterrank", directives.maxclusterrank);
  write_count("minnctapersm", directives.minnctapersm);
  write_count("maxnctapersm", directives.maxnctapersm);
  write_count("maxnreg", directives.maxnreg);
  if (directives.explicitcluster) out_.put(".explicitcluster\n");
  if (directives.blocksareclusters) out_.put(".blocksareclusters\n");
  if (directives.noreturn) out_.put(".noreturn\n");
  for (const std::string& pragma : directives.pragmas) out_.put(".pragma \"", pragma, "\";\n");
}

void ModulePrinter::write_function(const Function& function) {
  function_ = &function;
  out_.put(linkage_text(function.linkage), function.is_entry ? ".entry " : ".func ");
  if (!function.results.empty()) {
    write_params(function.results);
    out_.put(" ");
  }
  out_.put(function.name);
  write_params(function.params);
  out_.put("\n");
  write_directives(function.directives);
  if (function.is_declaration) return out_.put(";\n");
  out_.put("{\n");
  for (const Item& item : function.layout) write_body_item(item);
  out_.put("}\n");
  function_ = nullptr;
}

void ModulePrinter::write_registers(const RegisterDecl& decl) {
  out_.put("\t.reg .", type_text(decl.type), " ", decl.name);
  if (decl.numbered) out_.put("<", decl.count, ">");
  out_.put(";\n");
}

void ModulePrinter::write_branch_table(const BranchTable& table) {
  out_.put(table.name, ": .branchtargets ");
  for (size_t i = 0; i < table.labels.size(); ++i)
    out_.put(i == 0 ? "" : ", ", function_->labels[table.labels[i]].name);
  out_.put(";\n");
}

void ModulePrinter::write_body_item(const Item& item) {
  switch (item.kind) {
    case ItemKind::Instruction:
      out_.put("\t");
      InstructionPrinter(module_, function_, out_).write(function_->instructions[item.index]);
      return out_.put("\n");
    case ItemKind::Label:
      return out_.put(function_->labels[item.index].name, ":\n");
    case ItemKind::OpenScope:
      return out_.put("\t{\n");
    case ItemKind::CloseScope:
      return out_.put("\t}\n");
    case ItemKind::Registers:
      return write_registers(function_->register_decls[item.index]);
    case ItemKind::Local:
      out_.put("\t");
      return write_variable(function_->locals[item.index]);
    case ItemKind::Loc:
      return write_loc(module_.locs[item.index]);
    case ItemKind::BranchTable:
      return write_branch_table(function_->branch_tables[item.index]);
    case ItemKind::Prototype: {
      const Prototype& prototype = function_->prototypes[item.index];
      return out_.put(prototype.name, ": .callprototype ", prototype.text, ";\n");
    }
    case ItemKind::Pragma:
      return out_.put("\t.pragma \"", function_->pragmas[item.index], "\";\n");
    default:
      return;  // kinds of a module
  }
}

}  // namespace

std::string print(const Module& module) { return ModulePrinter(module).run(); }

std::string print(const Module& module, const Function& function, const Instruction& instruction) {
  TextWriter out;
  InstructionPrinter(module, &function, out).write(instruction);
  return out.take();
}

}  // namespace triton_runner::ptx
