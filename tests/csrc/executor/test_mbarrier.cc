// mbarriers: arrivals, bytes, phases, and waits that nobody ends.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

// Thread 0 makes an mbarrier at %r10 for as many arrivals; everybody sees it.
std::string with_barrier(int arrivals, const std::string& body) {
  return R"(
    .shared .align 8 .b64 m; .shared .b32 data;
    mov.u32 %r10, m; setp.eq.u32 %p1, %r0, 0;
    @%p1 mbarrier.init.shared::cta.b64 [%r10], )" +
         std::to_string(arrivals) + "; bar.sync 0;\n" + body;
}

TEST(Mbarrier, WaitsForArrivalsOfEachPhase) {
  // Warp 1 writes and arrives, warp 0 waits and reads, four times; the parity alternates.
  const auto out = Snippet(with_barrier(32, R"(
    mov.u32 %r5, 0; mov.u32 %r6, 0;
    setp.lt.u32 %p2, %r0, 32;
    LOOP:
    add.u32 %r5, %r5, 1;
    @%p2 bra CONSUME;
    st.shared.u32 [data], %r5;
    mbarrier.arrive.shared.b64 %rd5, [%r10];
    bar.sync 1;
    bra.uni NEXT;
    CONSUME:
    sub.u32 %r7, %r5, 1; and.b32 %r7, %r7, 1;
    WAIT:
    mbarrier.try_wait.parity.shared.b64 %p3, [%r10], %r7;
    @!%p3 bra WAIT;
    ld.shared.u32 %r8, [data]; add.u32 %r6, %r6, %r8;
    bar.sync 1;
    NEXT:
    setp.lt.u32 %p4, %r5, 4;
    @%p4 bra LOOP;
    st.global.u32 [%rd1], %r6;
    ret;)"))
                       .block(64)
                       .run(64);
  EXPECT_EQ(out[0], 10u);
  EXPECT_EQ(out[31], 10u);
}

TEST(Mbarrier, BytesCountToo) {
  const auto out = Snippet(with_barrier(1, R"(
    @%p1 mbarrier.arrive.expect_tx.shared.b64 _, [%r10], 48;
    mbarrier.test_wait.parity.shared.b64 %p2, [%r10], 0;
    @%p1 mbarrier.complete_tx.shared.b64 [%r10], 48;
    mbarrier.test_wait.parity.shared.b64 %p3, [%r10], 0;
    selp.u32 %r5, 1, 0, %p2; selp.u32 %r6, 10, 0, %p3; add.u32 %r5, %r5, %r6;
    st.global.u32 [%rd1], %r5;
    ret;)"))
                       .run(32);
  EXPECT_EQ(out[3], 10u);
}

TEST(Mbarrier, StatesNameThePhaseAndTheCount) {
  const auto out = Snippet(with_barrier(3, R"(
    mbarrier.arrive.shared.b64 %rd5, [%r10], 2;
    mbarrier.pending_count.b64 %r5, %rd5;
    mbarrier.test_wait.shared.b64 %p2, [%r10], %rd5;
    mbarrier.arrive_drop.shared.b64 %rd6, [%r10];
    mbarrier.test_wait.shared.b64 %p3, [%r10], %rd5;
    mbarrier.arrive.shared.b64 %rd7, [%r10]; mbarrier.pending_count.b64 %r6, %rd7;
    selp.u32 %r7, 1, 0, %p2; selp.u32 %r8, 1, 0, %p3;
    st.global.v4.u32 [%rd0], {%r5, %r6, %r7, %r8};
    ret;)"))
                       .block(1)
                       .run(4);
  EXPECT_EQ(out, (std::vector<uint32_t>{3, 2, 0, 1}));
}

TEST(Mbarrier, CopiesArrive) {
  const auto out = Snippet(with_barrier(1, R"(
    cp.async.mbarrier.arrive.shared.b64 [%r10];
    mbarrier.test_wait.parity.shared.b64 %p2, [%r10], 0;
    cp.async.mbarrier.arrive.noinc.shared.b64 [%r10];
    mbarrier.test_wait.parity.shared.b64 %p3, [%r10], 0;
    selp.u32 %r7, 1, 0, %p2; selp.u32 %r8, 1, 0, %p3;
    st.global.v2.u32 [%rd0], {%r7, %r8};
    ret;)"))
                       .block(1)
                       .run(2);
  EXPECT_EQ(out, (std::vector<uint32_t>{0, 1}));
}

TEST(Mbarrier, AWaitThatNobodyEndsIsADeadlock) {
  const std::string text =
      Snippet(with_barrier(1, "WAIT: mbarrier.try_wait.parity.shared.b64 %p3, [%r10], 0; @!%p3 bra WAIT; ret;"))
          .fault();
  EXPECT_TRUE(contains(text, {"deadlock", "try an mbarrier that nobody completes"}));
}

TEST(Mbarrier, CountsAreChecked) {
  EXPECT_TRUE(contains(Snippet(with_barrier(1, "mbarrier.arrive.shared.b64 %rd5, [%r10], 2; ret;")).fault(),
                       {"2 arrivals", "waits for 1"}));
  EXPECT_TRUE(contains(Snippet(with_barrier(0, "ret;")).fault(), {"an mbarrier for 0 arrivals"}));
}

}  // namespace
}  // namespace triton_runner::executor
