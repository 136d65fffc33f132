// shfl vote match redux elect activemask.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

std::vector<uint32_t> per_lane(const std::string& body) {
  return Snippet(body + " st.global.u32 [%rd1], %r5; ret;").run(32);
}

TEST(WarpInstructions, Shuffles) {
  const auto up = per_lane("shfl.sync.up.b32 %r5|%p1, %r0, 2, 0, -1; @!%p1 add.u32 %r5, %r5, 100;");
  const auto down = per_lane("shfl.sync.down.b32 %r5|%p1, %r0, 2, 31, -1; @!%p1 add.u32 %r5, %r5, 100;");
  const auto butterfly = per_lane("shfl.sync.bfly.b32 %r5, %r0, 5, 31, -1;");
  const auto index = per_lane("shfl.sync.idx.b32 %r5, %r0, 3, 31, -1;");
  const auto in_segments_of_8 = per_lane("shfl.sync.idx.b32 %r5, %r0, 3, 0x181F, -1;");
  const auto down_in_segments = per_lane("shfl.sync.down.b32 %r5, %r0, 1, 0x181F, -1;");
  for (uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(up[lane], lane < 2 ? lane + 100 : lane - 2);
    EXPECT_EQ(down[lane], lane > 29 ? lane + 100 : lane + 2);
    EXPECT_EQ(butterfly[lane], lane ^ 5);
    EXPECT_EQ(index[lane], 3u);
    EXPECT_EQ(in_segments_of_8[lane], (lane & ~7u) + 3);
    EXPECT_EQ(down_in_segments[lane], lane % 8 == 7 ? lane : lane + 1);
  }
}

TEST(WarpInstructions, AShuffleMayOverwriteItsSource) {
  EXPECT_EQ(per_lane("mov.u32 %r5, %r0; shfl.sync.bfly.b32 %r5, %r5, 31, 31, -1;")[3], 28u);
}

TEST(WarpInstructions, Votes) {
  const std::string low = "setp.lt.u32 %p1, %r0, 5; ";
  EXPECT_EQ(per_lane(low + "vote.sync.ballot.b32 %r5, %p1, -1;")[9], 0x1Fu);
  EXPECT_EQ(per_lane(low + "vote.sync.ballot.b32 %r5, !%p1, -1;")[9], ~0x1Fu);
  EXPECT_EQ(per_lane(low + "vote.sync.any.pred %p2, %p1, -1; selp.u32 %r5, 1, 0, %p2;")[9], 1u);
  EXPECT_EQ(per_lane(low + "vote.sync.all.pred %p2, %p1, -1; selp.u32 %r5, 1, 0, %p2;")[9], 0u);
  EXPECT_EQ(per_lane(low + "vote.sync.uni.pred %p2, %p1, -1; selp.u32 %r5, 1, 0, %p2;")[9], 0u);
}

TEST(WarpInstructions, TeamsWithMasksOfTheirOwn) {
  const auto out = per_lane(R"(
    setp.lt.u32 %p1, %r0, 16; selp.b32 %r6, 0xFFFF, 0xFFFF0000, %p1; and.b32 %r7, %r0, 1; setp.eq.u32 %p2, %r7, 0;
    vote.sync.ballot.b32 %r5, %p2, %r6; redux.sync.add.u32 %r8, %r0, %r6; add.u32 %r5, %r5, %r8;)");
  EXPECT_EQ(out[0], 0x5555u + 120);
  EXPECT_EQ(out[31], 0x55550000u + 376);
}

TEST(WarpInstructions, Matches) {
  const auto any = per_lane("rem.u32 %r6, %r0, 3; match.any.sync.b32 %r5, %r6, -1;");
  EXPECT_EQ(any[4], 0x92492492u);
  EXPECT_EQ(per_lane("match.all.sync.b64 %r5|%p1, 7, -1; @!%p1 mov.u32 %r5, 1;")[4], ~0u);
  EXPECT_EQ(per_lane("match.all.sync.b32 %r5|%p1, %r0, -1; @%p1 mov.u32 %r5, 1;")[4], 0u);
}

TEST(WarpInstructions, Reductions) {
  EXPECT_EQ(per_lane("redux.sync.add.s32 %r5, %r0, -1;")[7], 496u);
  EXPECT_EQ(per_lane("sub.s32 %r6, %r0, 9; redux.sync.min.s32 %r5, %r6, -1;")[7], static_cast<uint32_t>(-9));
  EXPECT_EQ(per_lane("sub.s32 %r6, %r0, 9; redux.sync.max.u32 %r5, %r6, -1;")[7], ~0u);
  EXPECT_EQ(per_lane("setp.lt.u32 %p1, %r0, 3; @%p1 redux.sync.xor.b32 %r5, %r0, 7;")[2], 3u);
}

TEST(WarpInstructions, OneLaneIsElected) {
  const auto out = per_lane(R"(
    setp.lt.u32 %p1, %r0, 4; @%p1 bra JOIN;
    elect.sync %r6|%p2, 0xFFFFFFF0;
    selp.u32 %r5, 50, %r6, %p2;
    JOIN:)");
  EXPECT_EQ(out[3], 0u);
  EXPECT_EQ(out[4], 50u);
  EXPECT_EQ(out[31], 4u);
}

}  // namespace
}  // namespace triton_runner::executor
