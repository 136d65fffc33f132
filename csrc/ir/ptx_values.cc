#include "ir/ptx_values.h"

#include <algorithm>
#include <map>
#include <utility>

#include "ptx/opcodes.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using ptx::Function;
using ptx::Instruction;
using ptx::Opcode;
using ptx::Operand;
using ptx::OperandKind;

void add_registers(const Operand& operand, std::vector<uint32_t>& out) {
  if (operand.kind == OperandKind::Register) out.push_back(operand.index);
  for (const Operand& element : operand.elements) {
    if (element.kind == OperandKind::Register) out.push_back(element.index);
  }
}

std::vector<uint32_t> results_of(const Instruction& instruction) {
  std::vector<uint32_t> results;
  if (instruction.opcode == Opcode::Call) {
    add_registers(instruction.operands[0], results);
    return results;
  }
  const ptx::OperandRules rules = ptx::operand_rules(instruction);
  for (size_t i = 0; i < rules.size(); ++i) {
    const ptx::Role role = rules[i].role;
    if (role == ptx::Role::Destination || role == ptx::Role::Destinations || role == ptx::Role::DestinationPair) {
      add_registers(instruction.operands[i], results);
    }
  }
  return results;
}

bool writes(const Instruction& instruction, uint32_t reg) {
  const std::vector<uint32_t> results = results_of(instruction);
  return std::ranges::find(results, reg) != results.end();
}

bool comes_late(Opcode opcode) {
  return opcode == Opcode::WgmmaMmaAsync || opcode == Opcode::Tcgen05Ld || opcode == Opcode::Tcgen05LdRed;
}

// Follows a late result through the instructions of its block up to the wait that brings it.
class LateResult {
 public:
  LateResult(const PtxKernel& kernel, uint32_t instruction, uint32_t reg)
      : kernel_(kernel), start_(instruction), reg_(reg) {}

  // The wait, or the instruction itself where no wait brings it; then `reason` says why.
  uint32_t find(std::string& reason) const {
    const Function& function = kernel_.function;
    const bool is_wgmma = function.instructions[start_].opcode == Opcode::WgmmaMmaAsync;
    uint64_t commits = 0;
    for (uint32_t i = start_ + 1; i <= kernel_.blocks.last(kernel_.blocks.block_of[start_]); ++i) {
      const Instruction& next = function.instructions[i];
      if (writes(next, reg_)) {
        reason = concat("it is overwritten at PTX line ", next.line.number,
                        " while it is still in flight; dump the result of that line");
        return start_;
      }
      if (next.opcode == Opcode::WgmmaCommitGroup) ++commits;
      const bool arrives = is_wgmma ? next.opcode == Opcode::WgmmaWaitGroup && next.operands[0].bits < commits
                                    : next.opcode == Opcode::Tcgen05WaitLd;
      if (arrives && next.guard == ptx::kNone && same_scope(i)) return i;
    }
    reason = concat("the result of ", ptx::opcode_text(function.instructions[start_].opcode),
                    " is still in flight at the end of its block; dump what is computed from it behind the wait");
    return start_;
  }

 private:
  bool same_scope(uint32_t other) const {
    return kernel_.text.instructions[start_].scope == kernel_.text.instructions[other].scope ||
           kernel_.text.instructions[start_].scope == 0;
  }
  const PtxKernel& kernel_;
  uint32_t start_;
  uint32_t reg_;
};

// %r5 that is written in several places becomes %r5#0, %r5#1, ...
void number_names(std::vector<PtxValue>& values) {
  std::map<std::string, uint32_t> counts;
  for (const PtxValue& value : values) ++counts[value.name];
  std::map<std::string, uint32_t> next;
  for (PtxValue& value : values) {
    if (counts[value.name] > 1) value.name += concat("#", next[value.name]++);
  }
}

void add_values(PtxKernel& kernel) {
  const PtxTypes types(kernel.function);
  for (uint32_t i = 0; i < kernel.function.instructions.size(); ++i) {
    const Instruction& instruction = kernel.function.instructions[i];
    const Block block = kernel.blocks.block_of[i];
    for (const uint32_t reg : results_of(instruction)) {
      PtxValue value;
      value.name = kernel.function.register_name(reg);
      value.instruction = value.after = i;
      value.reg = reg;
      value.type = types.of(instruction, reg);
      value.loops = kernel.loops.around(block);
      value.repeats = kernel.loops.repeats[block];
      if (comes_late(instruction.opcode)) value.after = LateResult(kernel, i, reg).find(value.refusal);
      kernel.values.push_back(std::move(value));
    }
  }
  number_names(kernel.values);
}

}  // namespace

PtxKernel read_ptx_kernel(const ptx::Module& module, const Function& function, std::string_view text) {
  PtxKernel kernel{module, function, locate_kernel(text, function), find_blocks(function), {}, {}};
  kernel.loops = find_loops(kernel.blocks.graph);
  add_values(kernel);
  return kernel;
}

std::string mnemonic(const Instruction& instruction) {
  std::string text(ptx::opcode_text(instruction.opcode));
  for (const ptx::Suffix suffix : instruction.suffixes) {
    text += '.';
    if (suffix == ptx::Suffix(ptx::Mod::Shape)) {
      text += ptx::shape_text(instruction.shape);
    } else {
      text += suffix.is_type() ? ptx::type_text(suffix.type()) : ptx::mod_text(suffix.mod());
    }
  }
  return text;
}

}  // namespace triton_runner::ir
