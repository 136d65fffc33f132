// Prints instructions and their operands: the half of the printer that messages need too.
// Tested in tests/csrc/ptx/test_printer.cc.
#pragma once

#include <string_view>
#include <vector>

#include "ptx/module.h"
#include "ptx/text_writer.h"

namespace triton_runner::ptx {

class InstructionPrinter {
 public:
  // `function` may be null where only names of the module are asked for.
  InstructionPrinter(const Module& module, const Function* function, TextWriter& out)
      : module_(module), function_(function), out_(out) {}

  void write(const Instruction& instruction);
  std::string_view symbol_name(SymbolKind kind, uint32_t index) const;

 private:
  void write_call(const Instruction& instruction);
  void write_operand(const Operand& operand);
  void write_address(const Operand& operand);
  void write_list(const std::vector<Operand>& operands, std::string_view separator);

  const Module& module_;
  const Function* function_;
  TextWriter& out_;
};

}  // namespace triton_runner::ptx
