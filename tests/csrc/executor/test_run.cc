// Whole grids: every CTA runs once, CTAs that wait for each other finish on one thread, and a launch that fails ends.
#include <thread>

#include "executor/snippet.h"
#include "ptx/parser.h"
#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

TEST(Run, EveryThreadOfEveryCtaRunsOnce) {
  for (const int host_threads : {1, 2, 5}) {
    const auto out =
        Snippet("red.global.add.u32 [%rd1], %r0; ret;").block(96).grid(37).host_threads(host_threads).run(96 * 37, 1);
    for (uint32_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], i + 1);
  }
}

TEST(Run, GridsAndBlocksHaveThreeDimensions) {
  std::vector<uint32_t> out(2 * 3 * 4 * 24);
  const void* address = out.data();
  const Region region{out.data(), out.size() * 4, true, "out"};
  const std::string text = R"(.version 8.0
    .target sm_80
    .address_size 64
    .visible .entry k(.param .u64 out) {
      .reg .b32 %r<20>; .reg .b64 %rd<4>;
      mov.u32 %r1, %ctaid.z; mov.u32 %r2, %nctaid.y; mov.u32 %r3, %ctaid.y; mad.lo.u32 %r1, %r1, %r2, %r3;
      mov.u32 %r2, %nctaid.x; mov.u32 %r3, %ctaid.x; mad.lo.u32 %r1, %r1, %r2, %r3;
      mov.u32 %r4, %tid.z; mov.u32 %r5, %ntid.y; mov.u32 %r6, %tid.y; mad.lo.u32 %r4, %r4, %r5, %r6;
      mov.u32 %r5, %ntid.x; mov.u32 %r6, %tid.x; mad.lo.u32 %r4, %r4, %r5, %r6;
      mad.lo.u32 %r7, %r1, 24, %r4;
      ld.param.u64 %rd1, [out]; mad.wide.u32 %rd1, %r7, 4, %rd1;
      st.global.u32 [%rd1], %r7;
      ret;
    })";
  Launch launch;
  launch.grid = {2, 3, 4};
  launch.block = {4, 3, 2};
  launch.params = std::as_bytes(std::span(&address, 1));
  launch.regions = {&region, 1};
  run(*build_program(ptx::parse(text), "k"), launch);
  for (uint32_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], i);
}

// CTA i waits until CTA i + 1 has written: the last one must run although the first started before it.
constexpr const char* kWaitForTheNext = R"(
    mov.u32 %r5, %ctaid.x; mov.u32 %r6, %nctaid.x;
    add.u32 %r7, %r5, 1;
    setp.eq.u32 %p1, %r7, %r6;
    mad.wide.u32 %rd2, %r5, 4, %rd0;
    @%p1 bra WRITE;
    WAIT:
    ld.acquire.gpu.global.u32 %r8, [%rd2+4];
    setp.eq.u32 %p2, %r8, 0;
    @%p2 bra WAIT;
    WRITE:
    add.u32 %r8, %r8, 1;
    st.release.gpu.global.u32 [%rd2], %r8;
    ret;)";

TEST(Run, CtasThatWaitForLaterOnesFinishOnOneThread) {
  for (const int host_threads : {1, 2}) {
    const auto out = Snippet(kWaitForTheNext).block(1).grid(40).host_threads(host_threads).run(40);
    for (uint32_t i = 0; i < 40; ++i) ASSERT_EQ(out[i], 40 - i);
  }
}

TEST(Run, ASpinLockBetweenCtasOnOneThread) {
  // The holder spins on a counter that the other CTAs must move before it lets go of the lock.
  const auto out = Snippet(R"(
    atom.global.add.u32 %r5, [%rd0+8], 1;
    LOCK:
    atom.global.acq_rel.gpu.cas.b32 %r6, [%rd0], 0, 1;
    setp.ne.u32 %p1, %r6, 0;
    @%p1 bra LOCK;
    WAIT:
    ld.volatile.global.u32 %r7, [%rd0+8];
    setp.lt.u32 %p2, %r7, 6;
    @%p2 bra WAIT;
    ld.global.u32 %r8, [%rd0+4]; add.u32 %r8, %r8, 1; st.global.u32 [%rd0+4], %r8;
    atom.global.acq_rel.gpu.exch.b32 %r9, [%rd0], 0;
    ret;)")
                       .block(1)
                       .grid(6)
                       .host_threads(1)
                       .run(3);
  EXPECT_EQ(out[1], 6u);
}

TEST(Run, AnEmptyGridRunsNothing) { EXPECT_EQ(Snippet("st.global.u32 [%rd0], 1; ret;").grid(0).run(1)[0], 0u); }

TEST(Run, TheFirstFaultStopsTheOtherCtas) {
  // All other CTAs wait forever for a word that nobody writes.
  const std::string text = Snippet(R"(
    setp.eq.u32 %p1, %r0, 3;
    @%p1 bra FAIL;
    WAIT:
    ld.volatile.global.u32 %r7, [%rd0];
    setp.eq.u32 %p2, %r7, 0;
    @%p2 bra WAIT;
    ret;
    FAIL:
    trap;)")
                               .block(1)
                               .grid(8)
                               .host_threads(2)
                               .fault();
  EXPECT_TRUE(contains(text, {"trap", "block (3, 0, 0)"}));
}

TEST(Run, ACancelledLaunchEnds) {
  const std::atomic<bool> cancelled = true;
  const std::string text = Snippet("LOOP: bra.uni LOOP;").cancelled(&cancelled).fault();
  EXPECT_TRUE(contains(text, {"cancelled"}));
}

TEST(Run, AProgramRunsManyTimesAndFromManyThreads) {
  const auto program = build_program(ptx::parse(Snippet("st.global.u32 [%rd1], %r0; ret;").text()), "snippet");
  std::vector<std::thread> callers;
  std::atomic<int> right = 0;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        std::vector<uint32_t> out(64);
        const void* address = out.data();
        const Region region{out.data(), 256, true, "out"};
        Launch launch;
        launch.grid = {2, 1, 1};
        launch.block = {32, 1, 1};
        launch.params = std::as_bytes(std::span(&address, 1));
        launch.regions = {&region, 1};
        run(*program, launch);
        right += out[63] == 63;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, 80);
}

TEST(Run, LaunchesThatDoNotFitAreRefused) {
  const auto launch_with = [&](auto change, const std::string& statements = "ret;") -> std::string {
    uint64_t param = 0;
    Launch launch;
    launch.block = {32, 1, 1};
    launch.params = std::as_bytes(std::span(&param, 1));
    change(launch);
    try {
      run(*build_program(ptx::parse(Snippet(statements).directives(".reqntid 32").text()), "snippet"), launch);
    } catch (const Error& error) {
      return std::string(error.kind()) + ": " + error.what();
    }
    return {};
  };
  EXPECT_EQ(launch_with([](Launch&) {}), "");
  EXPECT_TRUE(
      contains(launch_with([](Launch& l) { l.block = {64, 1, 1}; }), {"ArgumentError", "(32, 1, 1)", "(64, 1, 1)"}));
  EXPECT_TRUE(contains(launch_with([](Launch& l) { l.block = {2048, 1, 1}; }), {"ResourceError", "2048"}));
  EXPECT_TRUE(contains(launch_with([](Launch& l) { l.shared_bytes = 1 << 20; }), {"ResourceError", "shared memory"}));
  EXPECT_TRUE(contains(launch_with([](Launch& l) { l.params = {}; }), {"ArgumentError", "8 bytes", "found 0"}));
  const auto in_pairs = [](Launch& l) { l.grid = {4, 1, 1}, l.cluster = {2, 1, 1}; };
  EXPECT_EQ(launch_with(in_pairs), "");
  EXPECT_TRUE(contains(launch_with(in_pairs, "barrier.cluster.arrive;\nbarrier.cluster.wait;\nret;"),
                       {"UnsupportedError", "barrier.cluster.arrive in PTX line", "num_ctas=1"}));
}

}  // namespace
}  // namespace triton_runner::executor
