// Bits of integers at their edges, and the logic of predicates.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(Bits, ShiftsClamp) {
  EXPECT_EQ(compute("shl.b32 %rx, %ra, %rb;", {1, 31}), 0x80000000u);
  EXPECT_EQ(compute("shl.b32 %rx, %ra, %rb;", {1, 32}), 0u);
  EXPECT_EQ(compute("shr.u32 %rx, %ra, %rb;", {~0u, 40}), 0u);
  EXPECT_EQ(compute("shr.s32 %rx, %ra, %rb;", {0x80000000, 40}), ~0u);
  EXPECT_EQ(compute("shl.b16 %hx, %ha, %rb;", {0xFFFF, 8}), 0xFF00u);
  EXPECT_EQ(compute("shr.s16 %hx, %ha, %rb;", {0x8000, 4}), 0xF800u);
  EXPECT_EQ(compute("shl.b64 %rdx, %rda, %rb;", {1, 63}), uint64_t{1} << 63);
  EXPECT_EQ(compute("shf.l.wrap.b32 %rx, %ra, %rb, %rc;", {0x80000000, 1, 33}), 3u);
  EXPECT_EQ(compute("shf.l.clamp.b32 %rx, %ra, %rb, %rc;", {0x80000000, 1, 33}), 0x80000000u);
  EXPECT_EQ(compute("shf.r.wrap.b32 %rx, %ra, %rb, %rc;", {2, 1, 1}), 0x80000001u);
  EXPECT_EQ(compute("shf.r.clamp.b32 %rx, %ra, %rb, %rc;", {2, 1, 99}), 1u);
}

TEST(Bits, CountsAndPositions) {
  EXPECT_EQ(compute("popc.b64 %rx, %rda;", {~uint64_t{0}}), 64u);
  EXPECT_EQ(compute("clz.b32 %rx, %ra;", {0}), 32u);
  EXPECT_EQ(compute("brev.b32 %rx, %ra;", {1}), 0x80000000u);
  EXPECT_EQ(compute("bfind.u32 %rx, %ra;", {0}), ~0u);
  EXPECT_EQ(compute("bfind.u32 %rx, %ra;", {0x10}), 4u);
  EXPECT_EQ(compute("bfind.s32 %rx, %ra;", {0xFFFFFFEF}), 4u);
  EXPECT_EQ(compute("bfind.shiftamt.u32 %rx, %ra;", {0x10}), 27u);
  EXPECT_EQ(compute("fns.b32 %rx, %ra, %rb, %rc;", {0b101100, 0, 2}), 3u);
  EXPECT_EQ(compute("fns.b32 %rx, %ra, %rb, %rc;", {0b101100, 0, 9}), ~0u);
}

TEST(Bits, Fields) {
  EXPECT_EQ(compute("bfe.u32 %rx, %ra, %rb, %rc;", {0xABCD, 4, 8}), 0xBCu);
  EXPECT_EQ(compute("bfe.s32 %rx, %ra, %rb, %rc;", {0x00F0, 4, 4}), ~0u);
  EXPECT_EQ(compute("bfe.u32 %rx, %ra, %rb, %rc;", {0xABCD, 40, 4}), 0u);
  EXPECT_EQ(compute("bfe.s32 %rx, %ra, %rb, %rc;", {0x80000000, 40, 4}), ~0u);
  EXPECT_EQ(compute("bfe.u64 %rdx, %rda, %rb, %rc;", {~uint64_t{0}, 60, 60}), 15u);
  EXPECT_EQ(compute("bfi.b32 %rx, %ra, %rb, %rc, %rd_;", {0xFF, 0, 8, 4}), 0xF00u);
  EXPECT_EQ(compute("bfi.b32 %rx, %ra, %rb, %rc, %rd_;", {0xFF, 7, 32, 4}), 7u);
  EXPECT_EQ(compute("bmsk.clamp.b32 %rx, %ra, %rb;", {4, 99}), 0xFFFFFFF0u);
  EXPECT_EQ(compute("bmsk.wrap.b32 %rx, %ra, %rb;", {36, 33}), 0x10u);
  EXPECT_EQ(compute("szext.clamp.s32 %rx, %ra, %rb;", {0x8, 4}), 0xFFFFFFF8u);
  EXPECT_EQ(compute("szext.wrap.u32 %rx, %ra, %rb;", {0xFF, 36}), 0xFu);
}

TEST(Bits, Logic) {
  EXPECT_EQ(compute("and.b32 %rx, %ra, %rb;", {12, 10}), 8u);
  EXPECT_EQ(compute("xor.b64 %rdx, %rda, %rdb;", {12, 10}), 6u);
  EXPECT_EQ(compute("not.b16 %hx, %ha;", {1}), 0xFFFEu);
  EXPECT_EQ(compute("cnot.b32 %rx, %ra;", {0}), 1u);
  EXPECT_EQ(compute("lop3.b32 %rx, %ra, %rb, %rc, 0x96;", {12, 10, 3}), 12u ^ 10u ^ 3u);
  EXPECT_EQ(compute("lop3.or.b32 %ra|%px, %ra, %rb, %rc, 0x80, 0;", {12, 10, 8}), 1u);
  EXPECT_EQ(compute("lop3.and.b32 _|%px, %ra, %rb, %rc, 0x80, %pd;", {12, 10, 8, 0}), 0u);
  EXPECT_EQ(compute("and.pred %px, %pa, %pb;", {1, 1}), 1u);
  EXPECT_EQ(compute("xor.pred %px, %pa, %pb;", {1, 1}), 0u);
  EXPECT_EQ(compute("not.pred %px, %pa;", {0}), 1u);
  EXPECT_EQ(compute("or.pred %px, %pa, %pb;", {0, 1}), 1u);
}

}  // namespace
}  // namespace triton_runner::executor
