// mov prmt and the addresses of special registers.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(Move, PacksAndUnpacks) {
  EXPECT_EQ(compute("mov.b32 %rx, {%ha, %hb};", {0x1111, 0x2222}), 0x22221111u);
  EXPECT_EQ(compute("mov.b64 %rdx, {%ra, %rb};", {1, 2}), 0x200000001u);
  EXPECT_EQ(compute("mov.b64 %rdx, {%ha, %hb, %hc, %hd};", {1, 2, 3, 4}), 0x0004000300020001u);
  EXPECT_EQ(compute("mov.b64 {%rb, %rx}, %rda;", {0x500000001, 0}), 5u);
  EXPECT_EQ(compute("mov.b32 {_, %hx}, %ra;", {0x22221111}), 0x2222u);
  EXPECT_EQ(compute("mov.b32 {%ha, %hb}, %rc; mov.b32 %rx, {%hb, %ha};", {0, 0, 0x22221111}), 0x11112222u);
  EXPECT_EQ(compute("mov.pred %px, %pa;", {1}), 1u);
}

TEST(Move, PermutesBytes) {
  EXPECT_EQ(compute("prmt.b32 %rx, %ra, %rb, %rc;", {0x33221100, 0x77665544, 0x7531}), 0x77553311u);
  EXPECT_EQ(compute("prmt.b32 %rx, %ra, %rb, 0x8F;", {0x80, 0x80000000}), 0x8080FFFFu);
  EXPECT_EQ(compute("prmt.b32.f4e %rx, %ra, %rb, %rc;", {0x33221100, 0x77665544, 1}), 0x44332211u);
  EXPECT_EQ(compute("prmt.b32.b4e %rx, %ra, %rb, %rc;", {0x33221100, 0x77665544, 1}), 0x66770011u);
  EXPECT_EQ(compute("prmt.b32.rc8 %rx, %ra, %rb, %rc;", {0x33221100, 0, 2}), 0x22222222u);
  EXPECT_EQ(compute("prmt.b32.ecl %rx, %ra, %rb, %rc;", {0x33221100, 0, 2}), 0x33222222u);
  EXPECT_EQ(compute("prmt.b32.ecr %rx, %ra, %rb, %rc;", {0x33221100, 0, 1}), 0x11111100u);
  EXPECT_EQ(compute("prmt.b32.rc16 %rx, %ra, %rb, %rc;", {0x33221100, 0, 1}), 0x33223322u);
}

TEST(Move, SpecialRegisters) {
  const auto out = Snippet(R"(
    mov.u32 %r5, %laneid; mov.u32 %r6, %warpid; mov.u32 %r7, %nwarpid; mov.u32 %r8, %lanemask_le;
    shl.b32 %r9, %r0, 4; cvt.u64.u32 %rd5, %r9; add.u64 %rd5, %rd5, %rd0;
    mov.u32 %r10, WARP_SZ; add.u32 %r7, %r7, %r10; cvt.u64.u32 %rd6, %nctaid.x; cvt.u32.u64 %r11, %rd6; add.u32 %r6, %r6, %r11;
    st.global.v4.u32 [%rd5], {%r5, %r6, %r7, %r8};
    ret;)")
                       .block(64)
                       .run(256);
  EXPECT_EQ(out[4 * 37], 5u);
  EXPECT_EQ(out[4 * 37 + 1], 2u);
  EXPECT_EQ(out[4 * 37 + 2], 34u);
  EXPECT_EQ(out[4 * 37 + 3], 0x3Fu);
}

TEST(Move, AClusterIsOneCta) {
  const auto out = Snippet(R"(
    .shared .b32 s;
    mov.u32 %r5, s; mapa.shared::cluster.u32 %r6, %r5, 0; st.shared::cluster.u32 [%r6], 9;
    barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;
    ld.shared.u32 %r7, [s]; mov.u32 %r8, %cluster_ctarank; mov.u32 %r9, %cluster_nctarank; mov.u32 %r10, %clusterid.x;
    st.global.v4.u32 [%rd0], {%r7, %r8, %r9, %r10};
    ret;)")
                       .block(64)
                       .run(4);
  EXPECT_EQ(out, (std::vector<uint32_t>{9, 0, 1, 0}));
}

}  // namespace
}  // namespace triton_runner::executor
