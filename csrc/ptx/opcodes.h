// The one opcode table: every form of every instruction that we read. It drives the parser (what may follow an opcode),
// the printer, the access analysis (which operand is memory that is read or written), the coverage page of docs/ and
// the tests.
//
// How the executor consumes it: decode by `Instruction::opcode`, and by `Instruction::form` where two forms of one
// opcode differ in more than a modifier. Set `Coverage::Executed` on the rows that it runs, in opcode_table.cc; at
// decode time, an instruction whose form is only `Parsed` is an UnsupportedError, raised before the launch. Tested in
// tests/csrc/ptx/test_opcodes.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ptx/module.h"

namespace triton_runner::ptx {

enum class Coverage : uint8_t {
  Parsed,    // read, checked and printed
  Executed,  // and run by the CPU executor
};

// What one operand may be. The letters are those of the table's operand column, explained on top of opcode_table.cc.
enum class Role : uint8_t {
  Destination,      // d: register, or _
  Destinations,     // D: register, or {registers}
  DestinationPair,  // d|p: register, or register|predicate
  Source,           // a: register, special register, immediate, or the address of a symbol
  Sources,          // A: as a, or {a, ...}
  Predicate,        // p: predicate register or its negation, or an immediate
  Immediate,        // i: integer
  Vector,           // V: {a, ...}
  Address,          // [r] [w] [rw] [-]
  TensorAddress,    // [r,c] [w,c] [rw,c] [-,c]: [map, {coordinates}]; the memory is the tensor's
  SourceOrAddress,  // a/[-]
  Label,            // l
  BranchTable,      // t
  Call,             // call: results, callee, arguments, prototype
};

struct OperandRule {
  Role role{};
  bool optional = false;
  bool reads = false;  // the memory behind the address
  bool writes = false;
  std::optional<Space> space;  // of that memory, where the operation says it; else Instruction::space()
};

// One choice of words: exactly one of them, or at most one where optional.
struct SuffixRule {
  std::vector<Suffix> words;  // where a word is Mod::Shape, one of `shapes`
  std::vector<Shape> shapes;  // n == 0 stands for any multiple of 8 up to 256
  bool optional = false;

  bool accepts(Suffix word, const Shape& shape) const;
};

using OperandRules = std::vector<OperandRule>;

struct Form {
  Opcode opcode{};
  Coverage coverage = Coverage::Parsed;
  std::string_view suffix_text;  // as the table spells it
  std::string_view operand_text;
  std::vector<SuffixRule> suffixes;
  std::vector<OperandRules> operands;  // alternatives
};

// The whole table; rows of one opcode lie together. Built at the first call, the same for the life of the process.
std::span<const Form> forms();
// Row numbers of one opcode: [first, last).
struct FormRange {
  uint16_t first = 0;
  uint16_t last = 0;
};
FormRange forms_of(Opcode opcode);

// The operand rules that a parsed instruction matched, one for each of its operands.
OperandRules operand_rules(const Instruction& instruction);

// Markdown of docs/ptx-coverage.md.
std::string coverage_page();

}  // namespace triton_runner::ptx
