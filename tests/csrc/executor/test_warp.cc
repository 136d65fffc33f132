// Divergence and reconvergence: which lanes run together, and that lanes that wait for others get what they wait for.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(Warp, LanesReconvergeAfterABranch) {
  const auto out = Snippet(R"(
    setp.lt.u32 %p1, %r0, 10;
    @%p1 bra LOW;
    activemask.b32 %r5;
    bra.uni JOIN;
    LOW:
    activemask.b32 %r5;
    JOIN:
    activemask.b32 %r6;
    st.global.u32 [%rd1], %r5;
    st.global.u32 [%rd1+128], %r6;
    ret;)")
                       .run(64);
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(out[lane], lane < 10 ? 0x3FFu : ~0x3FFu);
    EXPECT_EQ(out[32 + lane], ~0u);
  }
}

TEST(Warp, LoopsWithDifferentTripCountsAndNestedBranches) {
  // Lane l sums i * (i odd ? 2 : 1) for i < l, inside a loop over 3 rounds.
  const auto out = Snippet(R"(
    mov.u32 %r10, 0; mov.u32 %r11, 0;
    ROUND:
    mov.u32 %r12, 0;
    LOOP:
    setp.ge.u32 %p1, %r12, %r0;
    @%p1 bra DONE;
    and.b32 %r13, %r12, 1;
    setp.eq.u32 %p2, %r13, 0;
    @%p2 bra EVEN;
    add.u32 %r10, %r10, %r12;
    EVEN:
    add.u32 %r10, %r10, %r12;
    add.u32 %r12, %r12, 1;
    bra.uni LOOP;
    DONE:
    add.u32 %r11, %r11, 1;
    setp.lt.u32 %p3, %r11, 3;
    @%p3 bra ROUND;
    activemask.b32 %r14;
    st.global.u32 [%rd1], %r10;
    st.global.u32 [%rd1+128], %r14;
    ret;)")
                       .run(64);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < lane; ++i) sum += 3 * (i % 2 != 0 ? 2 * i : i);
    EXPECT_EQ(out[lane], sum);
    EXPECT_EQ(out[32 + lane], ~0u);
  }
}

TEST(Warp, FinishedLanesAreNotWaitedFor) {
  const auto out = Snippet(R"(
    setp.ge.u32 %p1, %r0, 7;
    @%p1 exit;
    vote.sync.ballot.b32 %r5, 1, -1;
    bar.warp.sync -1;
    st.global.u32 [%rd1], %r5;
    ret;)")
                       .run(32);
  EXPECT_EQ(out[0], 0x7Fu);
  EXPECT_EQ(out[7], 0u);
}

TEST(Warp, SyncInstructionsWaitForTheirMembersOnDifferentPaths) {
  // Lanes below 16 come straight to the shuffle, the others after a loop of their own.
  const auto out = Snippet(R"(
    mov.u32 %r5, 0;
    setp.lt.u32 %p1, %r0, 16;
    @%p1 bra MEET;
    LOOP:
    add.u32 %r5, %r5, 1;
    setp.lt.u32 %p2, %r5, %r0;
    @%p2 bra LOOP;
    MEET:
    shfl.sync.bfly.b32 %r6, %r5, 16, 31, -1;
    st.global.u32 [%rd1], %r6;
    ret;)")
                       .run(32);
  for (uint32_t lane = 0; lane < 16; ++lane) EXPECT_EQ(out[lane], lane + 16);
}

TEST(Warp, LanesThatSpinDoNotStarveTheLaneTheyWaitFor) {
  // Each lane takes a lock in memory; the holder's way out is at higher positions than the loop of the others.
  const auto out = Snippet(R"(
    SPIN:
    atom.global.cas.b32 %r5, [%rd0+128], 0, 1;
    setp.ne.u32 %p1, %r5, 0;
    @%p1 bra SPIN;
    ld.volatile.global.u32 %r6, [%rd0];
    add.u32 %r6, %r6, 1;
    st.volatile.global.u32 [%rd0], %r6;
    atom.global.exch.b32 %r7, [%rd0+128], 0;
    ret;)")
                       .run(64);
  EXPECT_EQ(out[0], 32u);
  EXPECT_EQ(out[32], 0u);
}

TEST(Warp, PartialWarpsRunWithTheLanesTheyHave) {
  const auto out = Snippet("activemask.b32 %r5; st.global.u32 [%rd1], %r5; ret;").block(40).run(40);
  EXPECT_EQ(out[0], ~0u);
  EXPECT_EQ(out[39], 0xFFu);
}

TEST(Warp, RegistersReadAsZeroBeforeTheyAreWritten) {
  const auto out = Snippet("st.global.u32 [%rd1], %r40; ret;").run(32, 9);
  EXPECT_EQ(out[5], 0u);
}

TEST(Warp, GuardsSelectLanes) {
  const auto out = Snippet(R"(
    setp.lt.u32 %p1, %r0, 3;
    mov.u32 %r5, 1;
    @%p1 mov.u32 %r5, 2;
    @!%p1 add.u32 %r5, %r5, 6;
    st.global.u32 [%rd1], %r5;
    ret;)")
                       .run(32);
  EXPECT_EQ(out[2], 2u);
  EXPECT_EQ(out[3], 7u);
}

}  // namespace
}  // namespace triton_runner::executor
