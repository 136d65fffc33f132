#include "ir/ptx_values.h"

#include <map>
#include <utility>

#include "ir/ptx_addresses.h"
#include "ir/ptx_late.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using ptx::Function;
using ptx::Instruction;

// %r5 that is written in several places becomes %r5#0, %r5#1, ...
void number_names(std::vector<PtxValue>& values) {
  std::map<std::string, uint32_t> counts;
  for (const PtxValue& value : values) ++counts[value.name];
  std::map<std::string, uint32_t> next;
  for (PtxValue& value : values) {
    if (counts[value.name] > 1) value.name += concat("#", next[value.name]++);
  }
}

PtxValue value_at(const PtxKernel& kernel, const PtxTypes& types, uint32_t instruction, uint32_t reg) {
  PtxValue value;
  value.name = kernel.function.register_name(reg);
  value.instruction = instruction;
  value.reg = reg;
  value.type = types.of(kernel.function.instructions[instruction], reg);
  const Block block = kernel.blocks.block_of[instruction];
  value.loops = kernel.loops.around(block);
  value.repeats = kernel.loops.repeats[block];
  return value;
}

void add_values(PtxKernel& kernel) {
  const PtxTypes types(kernel.function);
  const auto arrivals = late_arrivals(kernel.function, kernel.blocks, kernel.text);
  for (uint32_t i = 0; i < kernel.function.instructions.size(); ++i) {
    const Instruction& instruction = kernel.function.instructions[i];
    for (const uint32_t reg : results_of(instruction)) {
      PtxValue value = value_at(kernel, types, i, reg);
      if (comes_late(instruction)) value.refusal = "it is in flight; dump it where the wait behind it brings it";
      kernel.values.push_back(std::move(value));
    }
    if (const auto brought = arrivals.find(i); brought != arrivals.end()) {
      for (const uint32_t reg : brought->second) kernel.values.push_back(value_at(kernel, types, i, reg));
    }
  }
  number_names(kernel.values);
}

}  // namespace

PtxKernel read_ptx_kernel(const ptx::Module& module, const Function& function, std::string_view text) {
  PtxKernel kernel{
      module, function, locate_kernel(text, function), find_blocks(function), {}, registers_with_addresses(function),
      {}};
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
