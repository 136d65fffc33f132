// Loads, stores and address spaces, and every fault that a memory access can be.
#include "executor/memory.h"

#include <array>

#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(Memory, LoadsExtendByTheirType) {
  const auto out = Snippet(R"(
    mov.u32 %r5, 0x8081F2F3;
    st.global.u32 [%rd0], %r5;
    ld.global.u8 %r6, [%rd0+1]; st.global.u32 [%rd0+4], %r6;
    ld.global.s8 %r6, [%rd0+1]; st.global.u32 [%rd0+8], %r6;
    ld.global.s16 %r6, [%rd0]; st.global.u32 [%rd0+12], %r6;
    ld.global.b8 %h1, [%rd0]; cvt.u32.u16 %r6, %h1; st.global.u32 [%rd0+16], %r6;
    ld.global.s32 %rd5, [%rd0]; shr.u64 %rd5, %rd5, 32; st.global.u32 [%rd0+20], %rd5;
    st.global.u8 [%rd0+24], %r5; st.global.b16 [%rd0+26], %r5;
    ret;)")
                       .block(1)
                       .run(7);
  EXPECT_EQ(out[1], 0xF2u);
  EXPECT_EQ(out[2], 0xFFFFFFF2u);
  EXPECT_EQ(out[3], 0xFFFFF2F3u);
  EXPECT_EQ(out[4], 0xF3u);
  EXPECT_EQ(out[5], 0xFFFFFFFFu);
  EXPECT_EQ(out[6], 0xF2F300F3u);
}

TEST(Memory, VectorsLoadAndStoreTheirElements) {
  const auto out = Snippet(R"(
    st.global.v4.b32 [%rd0], {1, 2, 3, 4};
    ld.global.v2.u64 {%rd5, %rd6}, [%rd0];
    st.global.v2.u64 [%rd0+16], {%rd6, %rd5};
    ld.global.v4.b16 {_, %h1, %h2, _}, [%rd0];
    st.global.v2.b16 [%rd0+32], {%h2, %h1};
    ld.global.L1::evict_last.v2.b32 {%r5, %r6}, [%rd0+8];
    st.global.wt.v2.f32 [%rd0+40], {%r6, %r5};
    ret;)")
                       .block(1)
                       .run(12);
  EXPECT_EQ(out, (std::vector<uint32_t>{1, 2, 3, 4, 3, 4, 1, 2, 2, 0, 4, 3}));
}

TEST(Memory, GenericAddressesReachEverySpace) {
  const auto out = Snippet(R"(
    .shared .b32 a[8]; .local .align 8 .b8 b[16];
    mov.u64 %rd5, a; cvta.shared.u64 %rd6, %rd5;
    mov.u64 %rd7, b; cvta.local.u64 %rd8, %rd7;
    st.u32 [%rd6+4], 7;
    st.u32 [%rd8+8], %r0;
    ld.shared.u32 %r5, [a+4];
    ld.local.u32 %r6, [%rd7+8];
    cvta.to.shared.u64 %rd9, %rd6; cvt.u32.u64 %r7, %rd9; ld.shared.u32 %r8, [%r7+4];
    isspacep.shared %p1, %rd6; isspacep.local %p2, %rd8; isspacep.global %p3, %rd0; isspacep.global %p4, %rd6;
    add.u32 %r5, %r5, %r6; add.u32 %r5, %r5, %r8;
    @!%p1 mov.u32 %r5, 0; @!%p2 mov.u32 %r5, 0; @!%p3 mov.u32 %r5, 0; @%p4 mov.u32 %r5, 0;
    mov.u64 %rd10, out; cvta.param.u64 %rd10, %rd10; ld.u64 %rd11, [%rd10];
    mad.wide.u32 %rd11, %r0, 4, %rd11;
    st.u32 [%rd11], %r5;
    ret;)")
                       .block(64)
                       .run(64);
  for (uint32_t i = 0; i < 64; ++i) EXPECT_EQ(out[i], 14 + i);
}

TEST(Memory, VariablesOfTheModule) {
  const Snippet snippet = Snippet(R"(
    ld.const.u32 %r5, [table+4]; st.global.u32 [%rd0], %r5;
    mov.u64 %rd5, table; cvta.const.u64 %rd5, %rd5; ld.u32 %r5, [%rd5+8]; st.global.u32 [%rd0+4], %r5;
    ld.global.u64 %rd6, [pointer]; ld.u32 %r5, [%rd6]; st.global.u32 [%rd0+8], %r5;
    atom.global.add.u32 %r6, [counter], 5; ld.global.u32 %r6, [counter]; st.global.u32 [%rd0+12], %r6;
    ret;)")
                              .block(1)
                              .module(R"(
    .const .align 4 .u32 table[3] = {10, 20, 30};
    .global .align 4 .u32 counter = 37;
    .global .align 8 .u64 pointer = generic(table)+4;)");
  EXPECT_EQ(snippet.run(4), (std::vector<uint32_t>{20, 30, 20, 42}));
}

TEST(Memory, DynamicSharedMemoryFollowsTheStatic) {
  const auto out = Snippet(R"(
    .shared .align 4 .b8 fixed[20];
    mov.u32 %r5, dynamic; mov.u32 %r6, fixed; mov.u32 %r7, %dynamic_smem_size; mov.u32 %r8, %total_smem_size;
    st.shared.u32 [%r5+252], 1;
    st.global.v4.u32 [%rd0], {%r5, %r6, %r7, %r8};
    ret;)")
                       .block(1)
                       .module(".extern .shared .align 128 .b8 dynamic[];")
                       .shared(256)
                       .run(4);
  EXPECT_EQ(out, (std::vector<uint32_t>{128, 0, 256, 384}));
}

TEST(Memory, WideRegistersAndClocks) {
  const auto out = Snippet(R"(
    mov.u64 %rd5, %clock64; mov.u64 %rd6, %globaltimer; setp.ge.u64 %p1, %rd6, %rd5; selp.u32 %r5, 1, 0, %p1;
    .reg .b128 %q<2>; mov.b64 %rd7, 5; mov.b64 %rd8, 6; mov.b128 %q0, {%rd7, %rd8}; st.global.b128 [%rd0+16], %q0;
    ld.global.b128 %q1, [%rd0+16]; mov.b128 {%rd9, %rd10}, %q1; cvt.u32.u64 %r6, %rd10;
    st.global.v2.u32 [%rd0], {%r5, %r6};
    ret;)")
                       .block(1)
                       .run(8);
  EXPECT_EQ(out[0], 1u);
  EXPECT_EQ(out[1], 6u);
}

TEST(MemoryFault, OutOfBounds) {
  const std::string text = Snippet(R"(
    .loc 1 12 4
    add.u64 %rd5, %rd1, 64;
    st.global.u32 [%rd5], %r0;
    ret;)")
                               .module(".file 1 \"kernel.py\"\n")
                               .grid(2)
                               .host_threads(1)
                               .fault(64);
  EXPECT_TRUE(contains(
      text, {"kernel snippet", "out-of-bounds write of 4 bytes at 0x", "the nearest region is out, 256 bytes at 0x",
             "offset 256 of it", "block (1, 0, 0), thread (16, 0, 0)", "PTX line 1", "st.global.u32", "kernel.py:12"}));
}

TEST(MemoryFault, BeforeARegionNullAndMisaligned) {
  EXPECT_TRUE(contains(Snippet("ld.global.u32 %r5, [%rd0+-4]; ret;").fault(),
                       {"out-of-bounds read of 4 bytes", "offset -4 of it"}));
  EXPECT_TRUE(contains(Snippet("mov.u64 %rd5, 0; ld.global.u32 %r5, [%rd5]; ret;").fault(),
                       {"read of 4 bytes at the null address"}));
  EXPECT_TRUE(contains(Snippet("ld.global.u32 %r5, [%rd0+2]; ret;").fault(),
                       {"misaligned read of 4 bytes of global memory", "multiple of 4"}));
  EXPECT_TRUE(contains(Snippet("ld.global.v4.u32 {%r5,%r6,%r7,%r8}, [%rd0+8]; ret;").fault(),
                       {"misaligned", "multiple of 16"}));
}

TEST(MemoryFault, AnAccessMustLieWhollyInside) {
  EXPECT_TRUE(
      contains(Snippet("ld.global.u64 %rd5, [%rd0+8]; ret;").fault(3), {"out-of-bounds read of 8 bytes", "12 bytes"}));
}

TEST(MemoryFault, ReadOnlyRegions) {
  EXPECT_TRUE(contains(Snippet("st.global.u32 [%rd0+8], 1; ret;").read_only().fault(),
                       {"which is byte 8 of out", "read-only"}));
  EXPECT_TRUE(contains(Snippet("st.u32 [%rd5], 1; ret;").module(".const .u32 c = 1;").fault(), {"null address"}));
  EXPECT_TRUE(
      contains(Snippet("mov.u64 %rd5, c; atom.add.u32 %r5, [%rd5], 1; ret;").module(".const .u32 c = 1;").fault(),
               {"byte 0 of c", "read-only"}));
  EXPECT_TRUE(contains(Snippet("mov.u64 %rd5, out; cvta.param.u64 %rd5, %rd5; st.u32 [%rd5], 1; ret;").fault(),
                       {"parameters", "read-only"}));
}

TEST(MemoryFault, SharedLocalAndParameterMemoryEnd) {
  EXPECT_TRUE(contains(Snippet("st.shared.u32 [%r0+64], 1; ret;").block(1).shared(64).fault(),
                       {"out-of-bounds write of 4 bytes at 0x40 of shared memory, which has 64 bytes"}));
  EXPECT_TRUE(contains(Snippet(".local .b8 b[16]; mov.u64 %rd5, b; ld.local.u32 %r5, [%rd5+16]; ret;").fault(),
                       {"of local memory, which has 16 bytes"}));
  EXPECT_TRUE(contains(Snippet("ld.param.u32 %r5, [out+8]; ret;").fault(), {"of parameter memory, which has 8 bytes"}));
}

TEST(GlobalMemory, OverlappingRegionsAllowWhatOneOfThemAllows) {
  const std::array<uint32_t, 8> words{};
  const GlobalMemory memory({{words.data(), 32, false, "whole"}, {words.data() + 4, 8, true, "part"}});
  const auto address = [&](size_t byte) { return reinterpret_cast<uintptr_t>(words.data()) + byte; };
  EXPECT_EQ(memory.find(address(16), 4, true)->name, "part");
  EXPECT_EQ(memory.find(address(0), 4, true), nullptr);
  EXPECT_EQ(memory.find(address(0), 4, false)->name, "whole");
  EXPECT_EQ(memory.find(address(20), 8, true), nullptr);
  EXPECT_EQ(memory.find(address(32), 0, false)->name, "whole");
  EXPECT_EQ(memory.find(~uint64_t{0}, 4, false), nullptr);
}

TEST(GlobalMemory, WithoutRegionsTheMessageSaysSo) {
  EXPECT_TRUE(contains(GlobalMemory({}).describe(16, 4, false), {"read of 4 bytes at 0x10", "no global memory"}));
}

}  // namespace
}  // namespace triton_runner::executor
