#include "ir/mlir_shared.h"

#include "ir/reading_mlir.h"

namespace triton_runner::ir::mlir {
namespace {

TEST(MlirShared, IsReadWhereTheProgramReadsIt) {
  const ReadMlir read(kernel_of(
      "    %a = ttg.memdesc_index %m[%n] : A -> B\n    ttng.wait_barrier %bar, %n : C\n"
      "    %t = ttg.memdesc_trans %a {order = array<i32: 1, 0>} : B -> D\n    %x = ttg.local_load %t : D -> T\n"));
  const Op& defining = read.op("ttg.memdesc_index");
  const auto at = offset_of_read(*defining.block, &defining, "%a");
  ASSERT_TRUE(at);
  EXPECT_EQ(*at, read.op("ttg.local_load").begin);
  EXPECT_EQ(offset_of_read(*defining.block, &defining, "%other"), std::nullopt);
}

TEST(MlirShared, AnInitializedAllocationIsReadAtOnce) {
  const ReadMlir read(kernel_of("    %a = ttg.local_alloc %v : (T) -> B\n"));
  const Op& op = read.op("ttg.local_alloc");
  EXPECT_EQ(offset_of_read(*op.block, &op, "%a"), op.end);
}

TEST(MlirShared, ReadsInRowMajorOrder) {
  const std::string text = "!ttg.memdesc<64x16xf16, #s, #smem>";
  EXPECT_EQ(layout_to_read(parse_type(text), 8),
            "#ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [2, 16], warpsPerCTA = [8, 1], order = [1, 0]}>");
  EXPECT_EQ(layout_to_read(parse_type("!ttg.memdesc<64xf16, #s, #smem>"), 4),
            "#ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>");
}

TEST(MlirShared, WarpsOfAPartition) {
  const ReadMlir read(
      "module attributes {\"ttg.num-ctas\" = 2 : i32, \"ttg.num-warps\" = 4 : i32} {\n  tt.func public @k() {\n"
      "    ttg.warp_specialize()\n    default {\n      my.d\n    }\n    partition0() num_warps(8) {\n      my.p\n    } "
      ": () -> "
      "()\n    tt.return\n  }\n}\n");
  EXPECT_EQ(num_warps_of(*read.op("my.d").block), 4);
  EXPECT_EQ(num_warps_of(*read.op("my.p").block), 8);
  EXPECT_EQ(num_ctas_of(*read.op("my.p").block), 2);
}

}  // namespace
}  // namespace triton_runner::ir::mlir
