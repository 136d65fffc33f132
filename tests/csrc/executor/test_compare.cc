// setp set selp slct testp.
#include <limits>

#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

const uint64_t kNan = 0x7FC00000;

TEST(Compare, IntegersBySignAndWidth) {
  EXPECT_EQ(compute("setp.lt.s32 %px, %ra, %rb;", {~0u, 1}), 1u);
  EXPECT_EQ(compute("setp.lt.u32 %px, %ra, %rb;", {~0u, 1}), 0u);
  EXPECT_EQ(compute("setp.hi.u32 %px, %ra, %rb;", {~0u, 1}), 1u);
  EXPECT_EQ(compute("setp.ls.u64 %px, %rda, %rdb;", {1, ~uint64_t{0}}), 1u);
  EXPECT_EQ(compute("setp.ge.s16 %px, %ha, %hb;", {0xFFFF, 0}), 0u);
  EXPECT_EQ(compute("setp.eq.b64 %px, %rda, %rdb;", {5, 5}), 1u);
}

TEST(Compare, FloatsOrderedAndUnordered) {
  const uint64_t one = bits(1.0f), two = bits(2.0f);
  EXPECT_EQ(compute("setp.lt.f32 %px, %fa, %fb;", {one, two}), 1u);
  for (const char* ordered : {"eq", "ne", "lt", "le", "gt", "ge", "num"}) {
    EXPECT_EQ(compute(std::string("setp.") + ordered + ".f32 %px, %fa, %fb;", {one, kNan}), 0u) << ordered;
  }
  for (const char* unordered : {"equ", "neu", "ltu", "leu", "gtu", "geu", "nan"}) {
    EXPECT_EQ(compute(std::string("setp.") + unordered + ".f32 %px, %fa, %fb;", {one, kNan}), 1u) << unordered;
  }
  EXPECT_EQ(compute("setp.equ.f32 %px, %fa, %fb;", {one, two}), 0u);
  EXPECT_EQ(compute("setp.geu.f32 %px, %fa, %fb;", {one, two}), 0u);
  EXPECT_EQ(compute("setp.eq.ftz.f32 %px, %fa, %fb;", {1, 0}), 1u);
  EXPECT_EQ(compute("setp.gt.f16 %px, %ha, %hb;", {0x4000, 0x3C00}), 1u);
  EXPECT_EQ(compute("setp.gt.bf16 %px, %ha, %hb;", {0xC000, 0x3F80}), 0u);
  EXPECT_EQ(compute("setp.le.f64 %px, %fda, %fdb;", {bits(1.0), bits(1.0)}), 1u);
}

TEST(Compare, CombinesWithAPredicateAndWritesTheOpposite) {
  EXPECT_EQ(compute("setp.lt.and.s32 %px, %ra, %rb, %pc;", {1, 2, 0}), 0u);
  EXPECT_EQ(compute("setp.lt.or.s32 %px, %ra, %rb, %pc;", {3, 2, 1}), 1u);
  EXPECT_EQ(compute("setp.lt.xor.s32 %px, %ra, %rb, !%pc;", {1, 2, 0}), 0u);
  EXPECT_EQ(compute("setp.lt.s32 %pa|%px, %ra, %rb;", {1, 2}), 0u);
  EXPECT_EQ(compute("setp.lt.and.s32 %pa|%px, %ra, %rb, %pc;", {3, 2, 1}), 1u);
  EXPECT_EQ(compute("setp.eq.f16x2 %pc|%px, %ra, %rb;", {0x3C004000, 0x3C000000}), 1u);
}

TEST(Compare, SelectsAndSets) {
  EXPECT_EQ(compute("selp.b32 %rx, %ra, %rb, %pc;", {7, 8, 1}), 7u);
  EXPECT_EQ(compute("selp.f64 %fdx, %fda, %fdb, !%pc;", {bits(1.0), bits(2.0), 1}), bits(2.0));
  EXPECT_EQ(compute("slct.u32.s32 %rx, %ra, %rb, %rc;", {7, 8, ~0u}), 8u);
  EXPECT_EQ(compute("slct.f32.f32 %fx, %fa, %fb, %fc;", {7, 8, bits(-0.0f)}), 7u);
  EXPECT_EQ(compute("slct.f32.f32 %fx, %fa, %fb, %fc;", {7, 8, kNan}), 8u);
  EXPECT_EQ(compute("set.lt.u32.s32 %rx, %ra, %rb;", {1, 2}), 0xFFFFFFFFu);
  EXPECT_EQ(compute("set.gt.f32.s32 %fx, %ra, %rb;", {2, 1}), bits(1.0f));
  EXPECT_EQ(compute("set.lt.and.u32.f32 %rx, %fa, %fb, %pc;", {bits(1.0f), bits(2.0f), 0}), 0u);
}

TEST(Compare, TestsOfFloats) {
  EXPECT_EQ(compute("testp.finite.f32 %px, %fa;", {bits(1.0f)}), 1u);
  EXPECT_EQ(compute("testp.infinite.f32 %px, %fa;", {0x7F800000}), 1u);
  EXPECT_EQ(compute("testp.notanumber.f32 %px, %fa;", {kNan}), 1u);
  EXPECT_EQ(compute("testp.number.f64 %px, %fda;", {bits(1.0)}), 1u);
  EXPECT_EQ(compute("testp.normal.f32 %px, %fa;", {1}), 0u);
  EXPECT_EQ(compute("testp.subnormal.f32 %px, %fa;", {1}), 1u);
}

}  // namespace
}  // namespace triton_runner::executor
