// Reads the body of a function: statements, declarations and nested scopes between the braces.
// Tested in tests/csrc/ptx/test_parser.cc.
#pragma once

#include <map>
#include <tuple>

#include "ptx/module.h"
#include "ptx/module_names.h"
#include "ptx/operand.h"
#include "ptx/reader.h"
#include "ptx/scope.h"

namespace triton_runner::ptx {

// The .loc table under construction: where the next ones can find the one that they are inlined at.
class LocTable {
 public:
  explicit LocTable(std::vector<Loc>& locs) : locs_(locs) {}
  uint32_t read(Reader& reader);  // from behind `.loc`

 private:
  std::vector<Loc>& locs_;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> latest_;
};

class BodyReader {
 public:
  BodyReader(Reader& reader, ModuleNames& names, LocTable& locs, Function& function)
      : reader_(reader), names_(names), locs_(locs), function_(function), operands_(reader, names, function, scopes_) {}

  // From `{` to its `}`.
  void read();

 private:
  void declare_params(std::vector<Param>& params, SymbolKind table);
  void read_statement();
  void read_directive();
  void read_registers();
  void read_register(Type type);
  void read_locals(Space space);
  void read_label(std::string_view name, uint32_t line);
  void read_branch_table(std::string_view name, uint32_t line);
  void read_prototype(std::string_view name, uint32_t line);
  void read_guarded();
  void read_instruction(std::string_view first_word, Instruction instruction);
  const Mnemonic& read_mnemonic(std::string_view first_word, uint32_t line);
  void read_operands(Instruction& instruction);
  void read_label_operand(Instruction& instruction);
  void choose_form(const Mnemonic& mnemonic, Instruction& instruction);
  void open_scope();
  void close_scope();
  void declare(std::string_view name, Symbol symbol, uint32_t line);
  uint32_t add_registers(Type type, uint64_t count, uint32_t line);
  void add_item(ItemKind kind, size_t index) { function_.layout.push_back({kind, static_cast<uint32_t>(index)}); }

  Reader& reader_;
  ModuleNames& names_;
  LocTable& locs_;
  Function& function_;
  ScopeStack scopes_;
  OperandReader operands_;
  uint32_t loc_ = kNone;
};

}  // namespace triton_runner::ptx
