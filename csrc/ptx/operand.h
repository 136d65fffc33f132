// Reads the operands of one instruction and resolves their names.
// Tested in tests/csrc/ptx/test_operand.cc.
#pragma once

#include "ptx/module.h"
#include "ptx/module_names.h"
#include "ptx/reader.h"
#include "ptx/scope.h"

namespace triton_runner::ptx {

class OperandReader {
 public:
  OperandReader(Reader& reader, const ModuleNames& names, const Function& function, const ScopeStack& scopes)
      : reader_(reader), names_(names), function_(function), scopes_(scopes) {}

  // Any operand but a label: labels may be declared later and are the body's business.
  Operand read();
  // (results), callee, (arguments), prototype; what the text leaves out is an empty Tuple, or missing at the end.
  std::vector<Operand> read_call();
  // A declared predicate register, for a guard.
  uint32_t read_guard();

 private:
  Operand read_simple();
  Operand read_scalar();
  Operand read_number();
  Operand read_name();
  Operand read_special(std::string_view name, uint32_t line);
  Operand read_address();
  Operand read_vector();
  Operand read_tuple();
  std::vector<Operand> read_scalars(char end);
  bool resolve(std::string_view name, Operand& operand) const;

  Reader& reader_;
  const ModuleNames& names_;
  const Function& function_;
  const ScopeStack& scopes_;
};

}  // namespace triton_runner::ptx
