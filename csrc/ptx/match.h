// Holds an instruction against the opcode table: first its mnemonic, which is the same text many times in a module and
// so worth remembering, then its operands. Tested in tests/csrc/ptx/test_match.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ptx/opcodes.h"

namespace triton_runner::ptx {

// "ld.global.v4.b32", taken apart. `forms` are the rows whose suffixes fit, never empty.
struct Mnemonic {
  Opcode opcode{};
  std::vector<Suffix> suffixes;
  Shape shape;
  std::vector<uint16_t> forms;
};

// UnsupportedError, without a line number, where the table has no such opcode or the opcode no such suffix.
Mnemonic resolve_mnemonic(std::string_view text);

// The rules that the operands of the instruction match, one for each operand; nothing where they fit no alternative of
// the form.
std::optional<OperandRules> match_operands(const Form& form, const Instruction& instruction);

// "takes d, a, a; found 2 operands (register, integer)": for the error where no form fits.
std::string describe_operands(const Mnemonic& mnemonic, const Instruction& instruction);

}  // namespace triton_runner::ptx
