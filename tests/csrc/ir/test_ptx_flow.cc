#include "ir/ptx_flow.h"

#include <gtest/gtest.h>

#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

PtxBlocks blocks_of(const std::string& statements) { return find_blocks(ptx::parse_kernel(statements).functions[0]); }

TEST(PtxFlow, ABranchEndsABlockAndALabelStartsOne) {
  // The trailing ret of the test kernel is instruction 4.
  const PtxBlocks blocks = blocks_of("mov.b32 %r1, 0;\nL: add.s32 %r1, %r1, 1;\n@%p1 bra L;\nmov.b32 %r2, 0;");
  EXPECT_EQ(blocks.first, (std::vector<uint32_t>{0, 1, 3, 5}));
  EXPECT_EQ(blocks.graph, (FlowGraph{{1}, {1, 2}, {}, {}}));
  EXPECT_EQ(blocks.block_of[2], 1u);
}

TEST(PtxFlow, OnlyABranchWithoutAGuardNeverFallsThrough) {
  EXPECT_EQ(blocks_of("bra L;\nmov.b32 %r1, 0;\nL: mov.b32 %r2, 0;").graph, (FlowGraph{{2}, {2}, {}, {}}));
  EXPECT_EQ(blocks_of("@%p1 ret;\nmov.b32 %r1, 0;").graph, (FlowGraph{{1}, {}, {}}));
}

TEST(PtxFlow, ATableOfBranches) {
  const PtxBlocks blocks =
      blocks_of("ts: .branchtargets A, B, A;\nbrx.idx %r1, ts;\nA: mov.b32 %r1, 0;\nB: mov.b32 %r2, 0;");
  EXPECT_EQ(blocks.graph, (FlowGraph{{1, 2}, {2}, {}, {}}));
}

TEST(PtxFlow, ALabelAtTheEnd) {
  const PtxBlocks blocks = blocks_of("@%p1 bra L;\nret;\nL:");
  EXPECT_EQ(blocks.graph, (FlowGraph{{1, 2}, {}, {}, {}}));
}

}  // namespace
}  // namespace triton_runner::ir
