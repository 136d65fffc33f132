// The natural loops of a control-flow graph: which blocks repeat, in which loops, and where those are entered.
//
// Used by the dumps of LLVM IR and PTX, which tell the iterations of a value apart by the loops around it. A loop is
// the body of all back edges to one header that dominates their sources; a cycle with several entries has no header,
// and its blocks only count as repeated. Dominators by Cooper, Harvey and Kennedy's iteration; nothing recurses.
// Tested in tests/csrc/ir/test_loops.cc.
#pragma once

#include <cstdint>
#include <vector>

namespace triton_runner::ir {

using Block = uint32_t;
constexpr uint32_t kNoLoop = 0xFFFFFFFFu;

// successors[b] are the blocks that may follow b; block 0 is the entry.
using FlowGraph = std::vector<std::vector<Block>>;

struct Loop {
  Block header = 0;
  uint32_t parent = kNoLoop;
  std::vector<Block> entries;  // blocks outside from which the header is reached
  std::vector<Block> latches;  // blocks inside from which the header is reached again
};

struct LoopForest {
  std::vector<Loop> loops;          // a loop lies behind the loops around it
  std::vector<uint32_t> innermost;  // by block
  std::vector<bool> repeats;        // by block: part of any cycle, with or without a header
  std::vector<bool> reached;        // by block: there is a path from the entry

  // The loops around a block, outermost first.
  std::vector<uint32_t> around(Block block) const;
};

LoopForest find_loops(const FlowGraph& graph);

}  // namespace triton_runner::ir
