// Barriers of a CTA, and that a deadlock ends with an error that says who waits where.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(Barrier, SharedMemoryIsExchangedBetweenWarps) {
  const auto out = Snippet(R"(
    .shared .align 4 .b8 buffer[512];
    mov.u32 %r5, buffer;
    shl.b32 %r6, %r0, 2;
    add.u32 %r7, %r5, %r6;
    st.shared.u32 [%r7], %r0;
    bar.sync 0;
    sub.u32 %r8, 508, %r6;
    add.u32 %r8, %r5, %r8;
    ld.shared.u32 %r9, [%r8];
    st.global.u32 [%rd1], %r9;
    ret;)")
                       .block(128)
                       .run(128);
  for (uint32_t i = 0; i < 128; ++i) EXPECT_EQ(out[i], 127 - i);
}

TEST(Barrier, ProducersArriveAndConsumersWait) {
  // Warp 1 produces and goes on, warp 0 waits for it at barrier 3.
  const auto out = Snippet(R"(
    .shared .b32 value;
    setp.lt.u32 %p1, %r0, 32;
    @%p1 bra CONSUME;
    st.shared.u32 [value], 42;
    bar.arrive 3, 64;
    ret;
    CONSUME:
    bar.sync 3, 64;
    ld.shared.u32 %r5, [value];
    st.global.u32 [%rd1], %r5;
    ret;)")
                       .block(64)
                       .run(64);
  EXPECT_EQ(out[0], 42u);
  EXPECT_EQ(out[31], 42u);
}

TEST(Barrier, FinishedWarpsAreNotWaitedFor) {
  const auto out = Snippet(R"(
    setp.ge.u32 %p1, %r0, 32;
    @%p1 bra END;
    bar.sync 0;
    st.global.u32 [%rd1], 5;
    END:
    ret;)")
                       .block(96)
                       .run(96);
  EXPECT_EQ(out[31], 5u);
  EXPECT_EQ(out[32], 0u);
}

TEST(Barrier, ReductionsReachEveryThread) {
  const auto out = Snippet(R"(
    setp.lt.u32 %p1, %r0, 40;
    bar.red.popc.u32 %r5, 1, %p1;
    bar.red.and.pred %p2, 1, %p1;
    bar.red.or.pred %p3, 1, 64, %p1;
    selp.u32 %r6, 100, 0, %p2;
    selp.u32 %r7, 1000, 0, %p3;
    add.u32 %r5, %r5, %r6;
    add.u32 %r5, %r5, %r7;
    st.global.u32 [%rd1], %r5;
    ret;)")
                       .block(64)
                       .run(64);
  EXPECT_EQ(out[0], 1040u);
  EXPECT_EQ(out[63], 1040u);
}

TEST(Barrier, ABarrierInALoopHoldsEachRound) {
  // Thread 0 counts, all read it back after the barrier, 5 times.
  const auto out = Snippet(R"(
    .shared .b32 count;
    setp.eq.u32 %p1, %r0, 0;
    mov.u32 %r5, 0; mov.u32 %r6, 0;
    LOOP:
    @%p1 ld.shared.u32 %r7, [count];
    @%p1 add.u32 %r7, %r7, 1;
    @%p1 st.shared.u32 [count], %r7;
    bar.sync 0;
    ld.shared.u32 %r8, [count];
    add.u32 %r6, %r6, %r8;
    bar.sync 0;
    add.u32 %r5, %r5, 1;
    setp.lt.u32 %p2, %r5, 5;
    @%p2 bra LOOP;
    st.global.u32 [%rd1], %r6;
    ret;)")
                       .block(96)
                       .run(96);
  EXPECT_EQ(out[0], 15u);
  EXPECT_EQ(out[95], 15u);
}

TEST(Barrier, ADeadlockIsReportedWithEveryPosition) {
  const std::string text = Snippet(R"(
    setp.lt.u32 %p1, %r0, 32;
    @%p1 bra ONE;
    bar.sync 1;
    ret;
    ONE:
    bar.sync 2;
    ret;)")
                               .block(64)
                               .fault();
  EXPECT_TRUE(contains(text, {"kernel snippet", "deadlock", "block (0, 0, 0)", "warp 0", "barrier 2", "warp 1",
                              "barrier 1", "bar.sync"}));
}

TEST(Barrier, AMemberMaskThatNobodyCompletesIsADeadlock) {
  const std::string text = Snippet(R"(
    setp.lt.u32 %p1, %r0, 8;
    @%p1 bra ONE;
    bar.sync 1;
    ret;
    ONE:
    bar.warp.sync -1;
    ret;)")
                               .fault();
  EXPECT_TRUE(
      contains(text, {"deadlock", "lanes 0xff wait for the other lanes of their member mask", "bar.warp.sync"}));
}

TEST(Barrier, NumbersAreChecked) {
  EXPECT_TRUE(contains(Snippet("mov.u32 %r5, 99; bar.sync %r5; ret;").fault(), {"barrier 99", "PTX line"}));
  EXPECT_TRUE(contains(Snippet("bar.sync 1, 33; ret;").fault(), {"33 threads"}));
}

}  // namespace
}  // namespace triton_runner::executor
