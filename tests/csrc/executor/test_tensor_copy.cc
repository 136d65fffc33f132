// Bulk copies: plain bytes, boxes of a tensor with what lies outside of it, swizzles, and descriptors made on the
// device.
#include <array>

#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

// A descriptor in `out + 0` (128 bytes) of an i32 tensor of 4 rows of 8 elements in `out + 128`, with a box of 2 x 4
// elements; shared memory `box` and an mbarrier. Element (r, c) is 100 r + c.
std::string with_tensor(const std::string& fields, const std::string& body) {
  return R"(
    .shared .align 1024 .b8 box[1024]; .shared .align 8 .b64 m;
    mov.u32 %r10, box; mov.u32 %r11, m;
    mov.u32 %r5, 0;
    FILL:
    shr.u32 %r6, %r5, 3; and.b32 %r7, %r5, 7; mad.lo.u32 %r6, %r6, 100, %r7;
    mad.wide.u32 %rd5, %r5, 4, %rd0; st.global.u32 [%rd5+128], %r6;
    add.u32 %r5, %r5, 1; setp.lt.u32 %p1, %r5, 32; @%p1 bra FILL;
    add.u64 %rd6, %rd0, 128;
    tensormap.replace.tile.global_address.global.b1024.b64 [%rd0], %rd6;
    tensormap.replace.tile.rank.global.b1024.b32 [%rd0], 1;
    tensormap.replace.tile.elemtype.global.b1024.b32 [%rd0], 3;
    tensormap.replace.tile.global_dim.global.b1024.b32 [%rd0], 0, 8;
    tensormap.replace.tile.global_dim.global.b1024.b32 [%rd0], 1, 4;
    tensormap.replace.tile.global_stride.global.b1024.b64 [%rd0], 0, 32;
    tensormap.replace.tile.box_dim.global.b1024.b32 [%rd0], 0, 4;
    tensormap.replace.tile.box_dim.global.b1024.b32 [%rd0], 1, 2;
    tensormap.replace.tile.element_stride.global.b1024.b32 [%rd0], 0, 1;
    mbarrier.init.shared::cta.b64 [%r11], 1;
  )" + fields +
         body + " ret;";
}

const std::string kWait = R"(
    WAIT: mbarrier.try_wait.parity.shared.b64 %p2, [%r11], 0; @!%p2 bra WAIT;
    ld.shared.v4.u32 {%r20, %r21, %r22, %r23}, [%r10]; st.global.v4.u32 [%rd0+256], {%r20, %r21, %r22, %r23};
    ld.shared.v4.u32 {%r20, %r21, %r22, %r23}, [%r10+16]; st.global.v4.u32 [%rd0+272], {%r20, %r21, %r22, %r23};)";

std::vector<uint32_t> load_box(int column, int row, const std::string& fields = "") {
  const auto out =
      Snippet(with_tensor(fields, "mbarrier.arrive.expect_tx.shared.b64 _, [%r11], 32; mov.u32 %r12, " +
                                      std::to_string(column) + "; mov.u32 %r13, " + std::to_string(row) + R"(;
    cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r10], [%rd0, {%r12, %r13}], [%r11];)" +
                                      kWait))
          .block(1)
          .run(96);
  return {out.begin() + 64, out.begin() + 72};
}

TEST(TensorCopy, LoadsABox) {
  EXPECT_EQ(load_box(2, 1), (std::vector<uint32_t>{102, 103, 104, 105, 202, 203, 204, 205}));
}

TEST(TensorCopy, FillsWhatLiesOutside) {
  EXPECT_EQ(load_box(6, 3), (std::vector<uint32_t>{306, 307, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(load_box(-2, -1), (std::vector<uint32_t>{0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(load_box(6, 0, "tensormap.replace.tile.fill_mode.global.b1024.b32 [%rd0], 1;"),
            (std::vector<uint32_t>{6, 7, ~0u, ~0u, 106, 107, ~0u, ~0u}));
}

TEST(TensorCopy, SwizzlesByTheAddress) {
  // Rows of 32 bytes (8 elements) with a swizzle of 32 bytes: the halves of a row change places where bit 7 of the
  // address is set.
  const auto out = Snippet(with_tensor(R"(
    tensormap.replace.tile.box_dim.global.b1024.b32 [%rd0], 0, 8;
    tensormap.replace.tile.swizzle_mode.global.b1024.b32 [%rd0], 1;)",
                                       R"(
    mbarrier.arrive.expect_tx.shared.b64 _, [%r11], 64;
    add.u32 %r10, %r10, 128; mov.u32 %r12, 0;
    cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r10], [%rd0, {%r12, %r12}], [%r11];)" +
                                           kWait))
                       .block(1)
                       .run(96);
  EXPECT_EQ(std::vector<uint32_t>(out.begin() + 64, out.begin() + 72), (std::vector<uint32_t>{4, 5, 6, 7, 0, 1, 2, 3}));
}

TEST(TensorCopy, StoresWhatLiesInside) {
  const auto out = Snippet(with_tensor("", R"(
    st.shared.v4.u32 [%r10], {1, 2, 3, 4}; st.shared.v4.u32 [%r10+16], {5, 6, 7, 8};
    mov.u32 %r12, 6; mov.u32 %r13, 2;
    cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd0, {%r12, %r13}], [%r10];
    cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;)"))
                       .block(1)
                       .run(96);
  EXPECT_EQ(out[32 + 2 * 8 + 6], 1u);
  EXPECT_EQ(out[32 + 2 * 8 + 7], 2u);
  EXPECT_EQ(out[32 + 3 * 8 + 0], 300u);
  EXPECT_EQ(out[32 + 3 * 8 + 6], 5u);
}

TEST(TensorCopy, CopiesDescriptorsAndPlainBytes) {
  const auto out = Snippet(with_tensor("", R"(
    mbarrier.arrive.expect_tx.shared.b64 _, [%r11], 64;
    cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r10], [%rd6], 64, [%r11];)" +
                                               kWait + R"(
    cp.async.bulk.global.shared::cta.bulk_group [%rd0+320], [%r10+16], 16;
    add.u64 %rd7, %rd0, 0; fence.proxy.tensormap::generic.acquire.gpu [%rd7], 128;)"))
                       .block(1)
                       .run(96);
  EXPECT_EQ(out[64 + 7], 7u);
  EXPECT_EQ(out[80], 4u);
}

TEST(TensorCopy, Faults) {
  const std::string load = R"( mov.u32 %r12, 0;
    cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r10], [%rd0, {%r12, %r12}], [%r11];)";
  EXPECT_TRUE(
      contains(Snippet(with_tensor("tensormap.replace.tile.rank.global.b1024.b32 [%rd0], 2;", load)).block(1).fault(96),
               {"rank 2", "rank 3"}));
  EXPECT_TRUE(contains(
      Snippet(with_tensor("tensormap.replace.tile.elemtype.global.b1024.b32 [%rd0], 99;", load)).block(1).fault(96),
      {"no tensor map"}));
  EXPECT_TRUE(contains(Snippet(with_tensor("add.u32 %r10, %r10, 16;", load)).block(1).fault(96), {"multiple of 128"}));
  EXPECT_TRUE(
      contains(Snippet(with_tensor("tensormap.replace.tile.global_stride.global.b1024.b64 [%rd0], 0, 4096;", load))
                   .block(1)
                   .fault(96),
               {"out-of-bounds read of 16 bytes", "cp.async.bulk.tensor"}));
}

}  // namespace
}  // namespace triton_runner::executor
