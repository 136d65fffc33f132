#include "ir/mlir_types.h"

#include <gtest/gtest.h>

namespace triton_runner::ir::mlir {
namespace {

TEST(MlirTypes, Tensors) {
  const Type type = parse_type("tensor<64x32x!tt.ptr<f16>, #ttg.slice<{dim = 1, parent = #b}>>");
  EXPECT_EQ(type.shape, Shape::Tensor);
  EXPECT_EQ(type.extents, (std::vector<int64_t>{64, 32}));
  EXPECT_EQ(type.element, "!tt.ptr<f16>");
  EXPECT_EQ(type.encoding, "#ttg.slice<{dim = 1, parent = #b}>");
  EXPECT_EQ(with_element(type, "i32"), "tensor<64x32xi32, #ttg.slice<{dim = 1, parent = #b}>>");
}

TEST(MlirTypes, Memdescs) {
  for (const std::string_view text :
       {"!ttg.memdesc<3x16xf16, #shared, #smem, mutable>", "<3x16xf16, #shared, #smem>"}) {
    const Type type = parse_type(text);
    EXPECT_EQ(type.shape, Shape::Memdesc) << text;
    EXPECT_EQ(type.extents, (std::vector<int64_t>{3, 16})) << text;
    EXPECT_EQ(type.memory_space, "#smem") << text;
  }
}

TEST(MlirTypes, ScalarsAndOthers) {
  EXPECT_EQ(parse_type("i32").shape, Shape::Scalar);
  EXPECT_EQ(with_element(parse_type("f32"), "i8"), "i8");
  EXPECT_EQ(parse_type("!tt.ptr<f32>").shape, Shape::Scalar);
  EXPECT_EQ(parse_type("!ttg.async.token").shape, Shape::None);
  EXPECT_EQ(parse_type("!tt.tensordesc<tensor<8xf32>>").shape, Shape::None);
  EXPECT_EQ(parse_type("!tt.ptr<tensor<8xf32>>").shape, Shape::None);
  EXPECT_EQ(parse_type("").shape, Shape::None);
}

TEST(MlirTypes, Elements) {
  EXPECT_EQ(element_name("f8E4M3FN"), "fp8e4nv");
  EXPECT_EQ(element_name("bf16"), "bf16");
  EXPECT_EQ(element_name("!tt.ptr<i8, 3>"), "ptr");
  EXPECT_EQ(element_name("index"), "i64");
  EXPECT_EQ(element_name("i4"), "");
}

}  // namespace
}  // namespace triton_runner::ir::mlir
