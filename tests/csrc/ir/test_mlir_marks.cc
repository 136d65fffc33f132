#include "ir/mlir_marks.h"

#include "ir/reading_mlir.h"

namespace triton_runner::ir::mlir {
namespace {

TEST(MlirMarks, AreReadAsValues) {
  const ReadMlir read(
      kernel_of("    tt.print \"triton_runner.dump:7b\" {hex = false, isSigned = array<i32: 0, 1>} : %x, %o : "
                "tensor<8xf32>, i32\n"
                "    tt.print \" mine: \" {hex = false, isSigned = array<i32: 0>} : %x : f32\n"));
  ASSERT_EQ(find_marks(*read.module).size(), 1u);
  const auto marked = marked_values(read.op("tt.print"));
  ASSERT_EQ(marked.size(), 2u);
  EXPECT_EQ(marked[0].name, "triton_runner.dump:7b");
  EXPECT_EQ(marked[0].operand, "%x");
  EXPECT_EQ(marked[0].type, "tensor<8xf32>");
  EXPECT_EQ(marked[1].name, "triton_runner.dump:7b#1");
  EXPECT_EQ(marked[1].type, "i32");
}

TEST(MlirMarks, WhatTheUserPrintsIsNone) {
  const ReadMlir read(kernel_of("    tt.print \" triton_runner.dump: \" {hex = false} : %x : f32\n    tt.print\n"));
  EXPECT_TRUE(find_marks(*read.module).empty());
  EXPECT_TRUE(marked_values(read.op("tt.print")).empty());
}

}  // namespace
}  // namespace triton_runner::ir::mlir
