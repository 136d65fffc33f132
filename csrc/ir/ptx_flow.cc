#include "ir/ptx_flow.h"

#include <algorithm>

namespace triton_runner::ir {
namespace {

using ptx::Function;
using ptx::Instruction;
using ptx::Opcode;
using ptx::OperandKind;

std::vector<uint32_t> targets_of(const Function& function, const Instruction& instruction) {
  std::vector<uint32_t> targets;
  if (instruction.opcode != Opcode::Bra && instruction.opcode != Opcode::BrxIdx) return targets;
  for (const ptx::Operand& operand : instruction.operands) {
    if (operand.kind == OperandKind::Label) targets.push_back(function.labels[operand.index].instruction);
    if (operand.kind != OperandKind::BranchTable) continue;
    for (const uint32_t label : function.branch_tables[operand.index].labels) {
      targets.push_back(function.labels[label].instruction);
    }
  }
  return targets;
}

bool falls_through(const Instruction& instruction) {
  return !ends_block(instruction) || instruction.guard != ptx::kNone;
}

}  // namespace

bool ends_block(const Instruction& instruction) {
  const Opcode opcode = instruction.opcode;
  return opcode == Opcode::Bra || opcode == Opcode::BrxIdx || opcode == Opcode::Ret || opcode == Opcode::Exit;
}

PtxBlocks find_blocks(const Function& function) {
  const auto count = static_cast<uint32_t>(function.instructions.size());
  std::vector<bool> starts(count + 1, false);
  starts[0] = starts[count] = true;
  for (uint32_t i = 0; i < count; ++i) {
    if (ends_block(function.instructions[i])) starts[i + 1] = true;
    for (const uint32_t target : targets_of(function, function.instructions[i])) starts[target] = true;
  }
  PtxBlocks blocks;
  for (uint32_t i = 0; i < count; ++i) {
    if (starts[i]) blocks.first.push_back(i);
    blocks.block_of.push_back(static_cast<Block>(blocks.first.size() - 1));
  }
  blocks.block_of.push_back(static_cast<Block>(blocks.first.size()));
  blocks.first.push_back(count);
  blocks.graph.resize(blocks.first.size());
  for (Block block = 0; block + 1 < blocks.first.size(); ++block) {
    const Instruction& last = function.instructions[blocks.last(block)];
    for (const uint32_t target : targets_of(function, last)) blocks.graph[block].push_back(blocks.block_of[target]);
    if (falls_through(last)) blocks.graph[block].push_back(block + 1);
    std::vector<Block>& next = blocks.graph[block];
    std::ranges::sort(next);
    next.erase(std::unique(next.begin(), next.end()), next.end());
  }
  return blocks;
}

}  // namespace triton_runner::ir
