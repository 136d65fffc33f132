// cp.async.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

const std::string kSource = R"(
    .shared .align 16 .b8 s[512];
    mov.u32 %r10, s; shl.b32 %r11, %r0, 4; add.u32 %r11, %r10, %r11; mul.wide.u32 %rd5, %r0, 16; add.u64 %rd5, %rd0, %rd5;
    st.global.v4.u32 [%rd5], {%r0, 1, 2, 3};
    st.shared.v4.u32 [%r11], {9, 9, 9, 9};
)";
const std::string kResult = R"(
    cp.async.commit_group; cp.async.wait_group 0;
    ld.shared.v4.u32 {%r1, %r2, %r3, %r4}, [%r11]; st.global.v4.u32 [%rd5], {%r1, %r2, %r3, %r4};
    ret;)";

TEST(Async, CopiesWholePieces) {
  const auto out = Snippet(kSource + "cp.async.cg.shared.global [%r11], [%rd5+0], 16;" + kResult).run(128);
  EXPECT_EQ(out[4 * 9], 9u);
  EXPECT_EQ(out[4 * 9 + 3], 3u);
}

TEST(Async, FillsWithZerosWhatItDoesNotRead) {
  const auto out = Snippet(kSource + R"(
    setp.lt.u32 %p1, %r0, 8; selp.b32 %r12, 16, 8, %p1; setp.ge.u32 %p2, %r0, 16; @%p2 mov.u32 %r12, 0; @%p2 mov.u64 %rd6, 0; @!%p2 mov.u64 %rd6, %rd5;
    cp.async.ca.shared.global [%r11], [%rd6], 16, %r12;)" +
                           kResult)
                       .run(128);
  EXPECT_EQ(out[4 * 3 + 2], 2u);
  EXPECT_EQ(out[4 * 9 + 1], 1u);
  EXPECT_EQ(out[4 * 9 + 2], 0u);
  EXPECT_EQ(out[4 * 20], 0u);
}

TEST(Async, IgnoresTheSourceByPredicate) {
  const auto out =
      Snippet(kSource + "setp.ge.u32 %p1, %r0, 16; cp.async.ca.shared.global [%r11+4], [%rd5+12], 4, %p1;" + kResult)
          .run(128);
  EXPECT_EQ(out[4 * 3 + 1], 3u);
  EXPECT_EQ(out[4 * 20 + 1], 0u);
  EXPECT_EQ(out[4 * 20 + 2], 9u);
}

TEST(Async, FaultsNameTheSource) {
  EXPECT_TRUE(contains(Snippet(kSource + "cp.async.cg.shared.global [%r11], [%rd5+512], 16;" + kResult).fault(128),
                       {"out-of-bounds read of 16 bytes", "offset 512 of it", "cp.async"}));
}

}  // namespace
}  // namespace triton_runner::executor
