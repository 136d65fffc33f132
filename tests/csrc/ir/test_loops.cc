#include "ir/loops.h"

#include <gtest/gtest.h>

namespace triton_runner::ir {
namespace {

using Blocks = std::vector<Block>;
using Loops = std::vector<uint32_t>;

TEST(Loops, AStraightLineHasNone) {
  const LoopForest forest = find_loops({{1}, {2}, {}});
  EXPECT_TRUE(forest.loops.empty());
  EXPECT_EQ(forest.repeats, std::vector<bool>(3, false));
  EXPECT_TRUE(forest.around(1).empty());
}

TEST(Loops, ABlockThatRepeatsItself) {
  const LoopForest forest = find_loops({{1}, {1, 2}, {}});
  ASSERT_EQ(forest.loops.size(), 1u);
  EXPECT_EQ(forest.loops[0].header, 1u);
  EXPECT_EQ(forest.loops[0].entries, Blocks{0});
  EXPECT_EQ(forest.loops[0].latches, Blocks{1});
  EXPECT_TRUE(forest.repeats[1]);
  EXPECT_FALSE(forest.repeats[2]);
}

TEST(Loops, TheEntryCanBeAHeader) {
  const LoopForest forest = find_loops({{0, 1}, {}});
  ASSERT_EQ(forest.loops.size(), 1u);
  EXPECT_TRUE(forest.loops[0].entries.empty());
}

TEST(Loops, NestedOnesAreListedFromTheOutside) {
  // 0 -> 1 { 2 { 3 } 4 } 5, and behind it a second loop 6.
  const LoopForest forest = find_loops({{1}, {2}, {3, 4}, {2}, {1, 5}, {6}, {6, 7}, {}});
  ASSERT_EQ(forest.loops.size(), 3u);
  const auto inner = forest.around(3);
  ASSERT_EQ(inner.size(), 2u);
  EXPECT_EQ(forest.loops[inner[0]].header, 1u);
  EXPECT_EQ(forest.loops[inner[1]].header, 2u);
  EXPECT_EQ(forest.around(4), Loops{inner[0]});
  EXPECT_EQ(forest.loops[forest.around(6)[0]].header, 6u);
  EXPECT_TRUE(forest.around(5).empty());
  EXPECT_EQ(forest.loops[inner[1]].parent, inner[0]);
}

TEST(Loops, SeveralWaysBackAreOneLoop) {
  const LoopForest forest = find_loops({{1}, {2, 3}, {1, 4}, {1}, {}});
  ASSERT_EQ(forest.loops.size(), 1u);
  EXPECT_EQ(forest.loops[0].latches.size(), 2u);
}

TEST(Loops, ACycleWithTwoEntriesOnlyRepeats) {
  const LoopForest forest = find_loops({{1, 2}, {2}, {1, 3}, {}});
  EXPECT_TRUE(forest.loops.empty());
  EXPECT_EQ(forest.repeats, (std::vector<bool>{false, true, true, false}));
}

TEST(Loops, WhatIsNotReachedIsInNoLoop) {
  const LoopForest forest = find_loops({{1}, {}, {2, 1}});
  EXPECT_TRUE(forest.loops.empty());
  EXPECT_EQ(forest.reached, (std::vector<bool>{true, true, false}));
}

TEST(Loops, DeepGraphsDoNotRecurse) {
  // A hundred thousand blocks in a row, the last of which goes back to the second.
  constexpr Block kCount = 100000;
  FlowGraph graph(kCount);
  for (Block i = 0; i + 1 < kCount; ++i) graph[i] = {i + 1};
  graph[kCount - 1] = {1};
  const LoopForest forest = find_loops(graph);
  ASSERT_EQ(forest.loops.size(), 1u);
  EXPECT_TRUE(forest.repeats[kCount - 1]);
}

TEST(Loops, AnEmptyGraph) { EXPECT_TRUE(find_loops({}).loops.empty()); }

}  // namespace
}  // namespace triton_runner::ir
