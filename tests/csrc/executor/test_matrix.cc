// Matrices: the addresses and registers of ldmatrix, stmatrix, movmatrix and mma. The products themselves are tested in
// numerics/.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

// Shared memory holds 512 halves, element i is i; each lane's address is row `lane`, 16 bytes each.
const std::string kFill = R"(
    .shared .align 16 .b8 m[1024];
    mov.u32 %r10, m; mov.u32 %r11, %r0;
    FILL:
    shl.b32 %r12, %r11, 1; add.u32 %r12, %r10, %r12; cvt.u16.u32 %h1, %r11; st.shared.b16 [%r12], %h1;
    add.u32 %r11, %r11, 32; setp.lt.u32 %p1, %r11, 512; @%p1 bra FILL;
    bar.sync 0;
    shl.b32 %r13, %r0, 4; add.u32 %r13, %r10, %r13;
)";

TEST(Matrix, LoadsOneToFourMatrices) {
  const auto out = Snippet(kFill + R"(
    ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1, %r2, %r3, %r4}, [%r13];
    ldmatrix.sync.aligned.m8n8.x1.trans.shared::cta.b16 {%r5}, [%r13+128];
    st.global.u32 [%rd1], %r1; st.global.u32 [%rd1+128], %r4; st.global.u32 [%rd1+256], %r5;
    ret;)")
                       .run(96);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t row = lane / 4, column = 2 * (lane % 4);
    EXPECT_EQ(out[lane], (8 * row + column) | (8 * row + column + 1) << 16);
    EXPECT_EQ(out[32 + lane], (192 + 8 * row + column) | (192 + 8 * row + column + 1) << 16);
    EXPECT_EQ(out[64 + lane], (64 + 8 * column + row) | (64 + 8 * (column + 1) + row) << 16);
  }
}

TEST(Matrix, StoresWhatItLoads) {
  const auto out = Snippet(kFill + R"(
    ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r1, %r2}, [%r13];
    stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%r13+512], {%r1, %r2};
    bar.sync 0;
    shl.b32 %r14, %r0, 2; add.u32 %r14, %r10, %r14;
    ld.shared.u32 %r5, [%r14+512]; st.global.u32 [%rd1], %r5;
    movmatrix.sync.aligned.m8n8.trans.b16 %r6, %r1; st.global.u32 [%rd1+128], %r6;
    ret;)")
                       .run(64);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t row = lane / 4, column = 2 * (lane % 4),
                   transposed = (8 * column + row) | (8 * (column + 1) + row) << 16;
    EXPECT_EQ(out[lane], transposed);
    EXPECT_EQ(out[32 + lane], transposed);
  }
}

TEST(Matrix, RowsAreChecked) {
  EXPECT_TRUE(contains(Snippet(kFill + "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [%r13+8]; ret;").fault(),
                       {"misaligned", "16"}));
  EXPECT_TRUE(
      contains(Snippet(kFill + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1,%r2,%r3,%r4}, [%r13+768]; ret;").fault(),
               {"out-of-bounds read of 16 bytes", "thread (16, 0, 0)"}));
}

TEST(Matrix, MultipliesFragments) {
  // A of ones (f16), B of twos, C of the lane: D = 16 * 2 + C.
  const auto out = Snippet(R"(
    mov.b32 %r1, 0x3C003C00; mov.b32 %r2, 0x40004000; cvt.rn.f32.u32 %f1, %r0;
    mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f2, %f3, %f4, %f5}, {%r1, %r1, %r1, %r1}, {%r2, %r2}, {%f1, %f1, %f1, %f1};
    st.global.f32 [%rd1], %f5;
    mov.b32 %r3, 0x01010101; mov.b32 %r4, 0xFFFFFFFF; mov.u32 %r5, 100;
    mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.s8.s32 {%r6, %r7, %r8, %r9}, {%r3, %r3, %r3, %r3}, {%r4, %r4}, {%r5, %r5, %r5, %r5};
    st.global.u32 [%rd1+128], %r9;
    mov.f64 %d1, 0d3FF0000000000000; mov.f64 %d2, 0d4000000000000000;
    mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%d3, %d4}, {%d1}, {%d2}, {%d1, %d1};
    cvt.rn.f32.f64 %f6, %d4; st.global.f32 [%rd1+256], %f6;
    ret;)")
                       .run(96);
  EXPECT_EQ(out[5], bits(37.0f));
  EXPECT_EQ(out[32 + 5], 68u);
  EXPECT_EQ(out[64 + 5], bits(9.0f));
}

TEST(Matrix, ShapesThatDoNotExistAreRefused) {
  EXPECT_TRUE(contains(
      Snippet(
          "mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4,%f5,%f6,%f7,%f8}, {%r1,%r2}, {%r3,%r4}, "
          "{%f1,%f2,%f3,%f4,%f5,%f6,%f7,%f8}; ret;")
          .unsupported(),
      {"this shape with these types", "mma.sync"}));
}

}  // namespace
}  // namespace triton_runner::executor
