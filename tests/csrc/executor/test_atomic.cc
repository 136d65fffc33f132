// atom and red: each operation, and that none is lost between lanes, warps and CTAs on several threads.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

// The old value in the low word, the new one in the high word.
uint64_t atom(const std::string& operation, const std::string& operands, uint32_t old) {
  const auto out = Snippet("mov.u32 %r5, " + std::to_string(old) + "; st.global.u32 [%rd0], %r5; atom.global." +
                           operation + " %r6, [%rd0], " + operands + "; st.global.u32 [%rd0+4], %r6; ret;")
                       .block(1)
                       .run(2);
  return uint64_t{out[0]} << 32 | out[1];
}
uint64_t pair(uint32_t updated, uint32_t old) { return uint64_t{updated} << 32 | old; }

TEST(Atomic, Operations) {
  EXPECT_EQ(atom("add.u32", "5", 0xFFFFFFFE), pair(3, 0xFFFFFFFE));
  EXPECT_EQ(atom("min.s32", "-5", 3), pair(static_cast<uint32_t>(-5), 3));
  EXPECT_EQ(atom("min.u32", "-5", 3), pair(3, 3));
  EXPECT_EQ(atom("max.s32", "-5", 3), pair(3, 3));
  EXPECT_EQ(atom("and.b32", "6", 3), pair(2, 3));
  EXPECT_EQ(atom("or.b32", "6", 3), pair(7, 3));
  EXPECT_EQ(atom("xor.b32", "6", 3), pair(5, 3));
  EXPECT_EQ(atom("exch.b32", "6", 3), pair(6, 3));
  EXPECT_EQ(atom("relaxed.gpu.cas.b32", "3, 9", 3), pair(9, 3));
  EXPECT_EQ(atom("acq_rel.sys.cas.b32", "4, 9", 3), pair(3, 3));
  EXPECT_EQ(atom("inc.u32", "3", 2), pair(3, 2));
  EXPECT_EQ(atom("inc.u32", "3", 3), pair(0, 3));
  EXPECT_EQ(atom("dec.u32", "3", 0), pair(3, 0));
  EXPECT_EQ(atom("dec.u32", "3", 2), pair(1, 2));
  EXPECT_EQ(atom("dec.u32", "3", 9), pair(3, 9));
  EXPECT_EQ(atom("add.f32", "0f40000000", 0x3F800000), pair(0x40400000, 0x3F800000));
  EXPECT_EQ(atom("add.noftz.f16x2", "0x3C004000", 0x3C003C00), pair(0x40004200, 0x3C003C00));
  EXPECT_EQ(atom("add.noftz.bf16x2", "0x3F804000", 0x3F803F80), pair(0x40004040, 0x3F803F80));
}

TEST(Atomic, DenormalSumsAreFlushedInGlobalMemoryOnly) {
  const auto out = Snippet(R"(
    .shared .b32 s;
    st.shared.u32 [s], 1; red.shared.add.f32 [s], 0f00000001; ld.shared.u32 %r5, [s];
    st.global.u32 [%rd0], 1; red.global.add.f32 [%rd0], 0f00000001;
    st.global.u32 [%rd0+4], %r5; ret;)")
                       .block(1)
                       .run(2);
  EXPECT_EQ(out, (std::vector<uint32_t>{0, 2}));
}

TEST(Atomic, WidthsOf16And64BitsAndVectors) {
  const auto out = Snippet(R"(
    mov.u16 %h1, 0x3C00; atom.global.add.noftz.f16 %h2, [%rd0+2], %h1; atom.global.add.noftz.f16 %h2, [%rd0+2], %h1;
    mov.u64 %rd5, 0x100000000; atom.global.add.u64 %rd6, [%rd0+8], %rd5; atom.global.max.s64 %rd6, [%rd0+8], -1;
    red.global.add.f64 [%rd0+16], 0d3FF8000000000000;
    mov.u16 %h3, 0; mov.u16 %h4, 7; atom.global.cas.b16 %h5, [%rd0+6], %h3, %h4;
    mov.f32 %f1, 0f3F800000; mov.f32 %f2, 0f40000000;
    atom.global.v2.f32.add {%f3, %f4}, [%rd0+24], {%f1, %f2};
    ret;)")
                       .block(1)
                       .run(8);
  EXPECT_EQ(out, (std::vector<uint32_t>{0x40000000, 0x00070000, 0, 1, 0, 0x3FF80000, 0x3F800000, 0x40000000}));
}

TEST(Atomic, NothingIsLostUnderContention) {
  for (const char* sum : {"red.global.add.u32 [%rd0], 1;", "red.global.add.f32 [%rd0], 0f3F800000;"}) {
    const auto out = Snippet(std::string("mov.u32 %r5, 0; LOOP: ") + sum +
                             " add.u32 %r5, %r5, 1; setp.lt.u32 %p1, %r5, 50; @%p1 bra LOOP; ret;")
                         .block(64)
                         .grid(20)
                         .host_threads(4)
                         .run(1);
    const uint32_t expected = 64 * 20 * 50;
    EXPECT_EQ(out[0], std::string_view(sum).find("f32") == std::string_view::npos
                          ? expected
                          : std::bit_cast<uint32_t>(static_cast<float>(expected)));
  }
}

TEST(Atomic, LanesOfAWarpSeeEachOthersResults) {
  const auto out = Snippet("atom.global.add.u32 %r5, [%rd0+128], 1; st.global.u32 [%rd1], %r5; ret;").run(33);
  uint32_t seen = 0;
  for (int lane = 0; lane < 32; ++lane) seen |= 1u << out[lane];
  EXPECT_EQ(seen, ~0u);
  EXPECT_EQ(out[32], 32u);
}

TEST(Atomic, FaultsLikeAWrite) {
  EXPECT_TRUE(
      contains(Snippet("red.global.add.u32 [%rd0], 1; ret;").read_only().fault(), {"read-only", "red.global.add.u32"}));
}

}  // namespace
}  // namespace triton_runner::executor
