// Integer arithmetic at its edges. The bulk is held against recorded hardware by tests/instructions.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

constexpr uint64_t kMin32 = 0x80000000, kMin64 = uint64_t{1} << 63;

TEST(Integer, SumsAndProductsWrap) {
  EXPECT_EQ(compute("add.s32 %rx, %ra, %rb;", {0x7FFFFFFF, 1}), kMin32);
  EXPECT_EQ(compute("add.u16 %hx, %ha, %hb;", {0xFFFF, 3}), 2u);
  EXPECT_EQ(compute("sub.s64 %rdx, %rda, %rdb;", {0, 1}), ~uint64_t{0});
  EXPECT_EQ(compute("mul.lo.s32 %rx, %ra, %rb;", {kMin32, 3}), kMin32);
  EXPECT_EQ(compute("mul.lo.u16 %hx, %ha, %hb;", {0xFFFF, 0xFFFF}), 1u);
  EXPECT_EQ(compute("mul.hi.u32 %rx, %ra, %rb;", {~0u, ~0u}), 0xFFFFFFFEu);
  EXPECT_EQ(compute("mul.hi.s32 %rx, %ra, %rb;", {~0u, 5}), ~0u);
  EXPECT_EQ(compute("mul.hi.s64 %rdx, %rda, %rdb;", {~uint64_t{0}, 5}), ~uint64_t{0});
  EXPECT_EQ(compute("mul.hi.u64 %rdx, %rda, %rdb;", {~uint64_t{0}, 5}), 4u);
  EXPECT_EQ(compute("mul.wide.s32 %rdx, %ra, %rb;", {~0u, 5}), static_cast<uint64_t>(-5));
  EXPECT_EQ(compute("mul.wide.u16 %rx, %ha, %hb;", {0xFFFF, 0xFFFF}), 0xFFFE0001u);
  EXPECT_EQ(compute("mad.lo.s32 %rx, %ra, %rb, %rc;", {3, 4, 5}), 17u);
  EXPECT_EQ(compute("mad.wide.u32 %rdx, %ra, %rb, %rdc;", {~0u, 2, 3}), 0x200000001u);
  EXPECT_EQ(compute("mad24.lo.s32 %rx, %ra, %rb, %rc;", {0xFF000002, 3, 4}), 10u);
  EXPECT_EQ(compute("sad.u32 %rx, %ra, %rb, %rc;", {3, 10, 5}), 12u);
}

TEST(Integer, SaturatingForms) {
  EXPECT_EQ(compute("add.sat.s32 %rx, %ra, %rb;", {0x7FFFFFFF, 1}), 0x7FFFFFFFu);
  EXPECT_EQ(compute("sub.sat.s32 %rx, %ra, %rb;", {kMin32, 1}), kMin32);
  EXPECT_EQ(compute("mad.hi.sat.s32 %rx, %ra, %rb, %rc;", {0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF}), 0x7FFFFFFFu);
}

TEST(Integer, DivisionIsDefinedEverywhere) {
  EXPECT_EQ(compute("div.s32 %rx, %ra, %rb;", {static_cast<uint32_t>(-7), 2}), static_cast<uint32_t>(-3));
  EXPECT_EQ(compute("rem.s32 %rx, %ra, %rb;", {static_cast<uint32_t>(-7), 2}), ~0u);
  EXPECT_EQ(compute("div.u32 %rx, %ra, %rb;", {5, 0}), ~0u);
  EXPECT_EQ(compute("rem.u32 %rx, %ra, %rb;", {5, 0}), 5u);
  EXPECT_EQ(compute("div.s32 %rx, %ra, %rb;", {kMin32, ~0u}), kMin32);
  EXPECT_EQ(compute("rem.s32 %rx, %ra, %rb;", {kMin32, ~0u}), 0u);
  EXPECT_EQ(compute("div.s64 %rdx, %rda, %rdb;", {kMin64, ~uint64_t{0}}), kMin64);
  EXPECT_EQ(compute("div.s16 %hx, %ha, %hb;", {0x8000, 0xFFFF}), 0x8000u);
}

TEST(Integer, SignsMinimaAndMaxima) {
  EXPECT_EQ(compute("abs.s32 %rx, %ra;", {static_cast<uint32_t>(-7)}), 7u);
  EXPECT_EQ(compute("abs.s32 %rx, %ra;", {kMin32}), kMin32);
  EXPECT_EQ(compute("neg.s16 %hx, %ha;", {1}), 0xFFFFu);
  EXPECT_EQ(compute("min.s32 %rx, %ra, %rb;", {~0u, 1}), ~0u);
  EXPECT_EQ(compute("min.u32 %rx, %ra, %rb;", {~0u, 1}), 1u);
  EXPECT_EQ(compute("max.relu.s32 %rx, %ra, %rb;", {~0u, kMin32}), 0u);
  EXPECT_EQ(compute("add.u16x2 %rx, %ra, %rb;", {0xFFFF0001, 0x00020003}), 0x00010004u);
  EXPECT_EQ(compute("min.s16x2 %rx, %ra, %rb;", {0xFFFF0001, 0x00020003}), 0xFFFF0001u);
}

TEST(Integer, DotProducts) {
  EXPECT_EQ(compute("dp4a.s32.s32 %rx, %ra, %rb, %rc;", {0xFF020304, 0x05060708, 10}),
            static_cast<uint32_t>(10 - 5 + 12 + 21 + 32));
  EXPECT_EQ(compute("dp4a.u32.u32 %rx, %ra, %rb, %rc;", {0xFF000000, 0x02000000, 0}), 510u);
  EXPECT_EQ(compute("dp2a.hi.s32.u32 %rx, %ra, %rb, %rc;", {0xFFFF0002, 0x03040506, 1}),
            static_cast<uint32_t>(1 + 2 * 4 - 3));
}

}  // namespace
}  // namespace triton_runner::executor
