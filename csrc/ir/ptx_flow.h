// The basic blocks of a PTX function and the edges between them. Tested in tests/csrc/ir/test_ptx_flow.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/loops.h"
#include "ptx/module.h"

namespace triton_runner::ir {

struct PtxBlocks {
  std::vector<uint32_t> first;  // by block: its first instruction. The last block is the end, without instructions
  std::vector<Block> block_of;  // by instruction
  FlowGraph graph;

  uint32_t last(Block block) const { return first[block + 1] - 1; }  // of a block with instructions
};

PtxBlocks find_blocks(const ptx::Function& function);

// Whether control may go elsewhere than to the next instruction.
bool ends_block(const ptx::Instruction& instruction);

}  // namespace triton_runner::ir
