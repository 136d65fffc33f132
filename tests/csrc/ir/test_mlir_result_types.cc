#include "ir/mlir_result_types.h"

#include "ir/reading_mlir.h"

namespace triton_runner::ir::mlir {
namespace {

struct Printed {
  std::string op;
  std::string line;
  std::vector<std::string> types;
};

class MlirResultTypes : public testing::TestWithParam<Printed> {};

TEST_P(MlirResultTypes, AreThoseThatMlirMeans) {
  const ReadMlir read(kernel_of("    " + GetParam().line + " loc(#loc)\n"));
  EXPECT_EQ(result_types(read.op(GetParam().op)), GetParam().types);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, MlirResultTypes,
    testing::Values(
        Printed{"arith.addf", "%a = arith.addf %x, %y : tensor<8xf32>", {"tensor<8xf32>"}},
        Printed{"arith.cmpi", "%a = arith.cmpi slt, %x, %y : tensor<8xi32, #b>", {"tensor<8xi1, #b>"}},
        Printed{"arith.cmpf", "%a = arith.cmpf oeq, %x, %y : f32", {"i1"}},
        Printed{"arith.select", "%a = arith.select %c, %x, %y : tensor<8xi1>, tensor<8xf32>", {"tensor<8xf32>"}},
        Printed{"arith.constant", "%a = arith.constant true", {"i1"}},
        Printed{"arith.constant", "%a = arith.constant dense<0.0> : tensor<8xf32>", {"tensor<8xf32>"}},
        Printed{"arith.extf", "%a = arith.extf %x : tensor<8xf16> to tensor<8xf32>", {"tensor<8xf32>"}},
        Printed{"arith.addui_extended", "%a, %b = arith.addui_extended %x, %y : i32, i1", {"i32", "i1"}},
        Printed{"tt.addptr", "%a = tt.addptr %x, %y : !tt.ptr<f32>, i32", {"!tt.ptr<f32>"}},
        Printed{"tt.load", "%a = tt.load %x : tensor<8x!tt.ptr<f16>, #b>", {"tensor<8xf16, #b>"}},
        Printed{"tt.load", "%a = tt.load %x : !tt.ptr<i8, 1>", {"i8"}},
        Printed{"tt.splat", "%a = tt.splat %x : i32 -> tensor<8xi32>", {"tensor<8xi32>"}},
        Printed{"tt.dot", "%a = tt.dot %x, %y, %z, inputPrecision = tf32 : T * U -> V", {"V"}},
        Printed{"tt.split", "%a, %b = tt.split %x : T -> U", {"U", "U"}},
        Printed{"tt.atomic_rmw", "%a = tt.atomic_rmw fadd, acq_rel, gpu, %x, %y, %z : (P, V, M) -> V", {"V"}},
        Printed{
            "tt.elementwise_inline_asm", "%a = tt.elementwise_inline_asm \"x -> : y\" {p = 1 : i32} -> i32", {"i32"}},
        Printed{"ttg.async_copy_global_to_local",
                "%a = ttg.async_copy_global_to_local %x, %y : P -> <8xf16, #s, #m>",
                {"!ttg.async.token"}},
        Printed{"ttg.async_wait", "%a = ttg.async_wait %x {num = 0 : i32}", {"!ttg.async.token"}},
        Printed{"ttng.warp_group_dot_wait",
                "%a:2 = ttng.warp_group_dot_wait %x, %y {pendings = 0 : i32} : T, U",
                {"T", "U"}},
        Printed{"my.op", "%a = my.op", {""}}));

TEST(MlirResultTypesOfRegions, ComeBeforeOrBehind) {
  const ReadMlir read(kernel_of(
      "    %r:2 = scf.for %i = %a to %b step %c iter_args(%x = %y, %z = %w) -> (f32, tensor<8xf32>)  : i32 {\n"
      "    } {tt.flatten} loc(#loc)\n    %s:2 = \"tt.reduce\"(%x, %y) <{axis = 0 : i32}> ({\n    }) : (T, U) -> (f32, "
      "i32)\n"
      "    %t:2 = scf.while (%e = %f, %g = %h) : (i32, f32) -> (f32, i64) {\n    } do {\n    }\n"));
  EXPECT_EQ(result_types(read.op("scf.for")), (std::vector<std::string>{"f32", "tensor<8xf32>"}));
  EXPECT_EQ(result_types(read.op("tt.reduce")), (std::vector<std::string>{"f32", "i32"}));
  EXPECT_EQ(result_types(read.op("scf.while")), (std::vector<std::string>{"f32", "i64"}));
  const auto of_for = head_arguments(read.op("scf.for"));
  ASSERT_EQ(of_for.size(), 3u);
  EXPECT_EQ(of_for[0].name, "%i");
  EXPECT_EQ(of_for[0].type, "i32");
  EXPECT_EQ(of_for[2].name, "%z");
  EXPECT_EQ(of_for[2].type, "tensor<8xf32>");
  const auto of_while = head_arguments(read.op("scf.while"));
  ASSERT_EQ(of_while.size(), 2u);
  EXPECT_EQ(of_while[1].name, "%g");
  EXPECT_EQ(of_while[1].type, "f32");
}

TEST(MlirResultTypesOfRegions, NamesCount) {
  const ReadMlir read(kernel_of("    %a, %b:2 = my.op : T\n"));
  EXPECT_EQ(result_names(read.op("my.op")), (std::vector<std::string>{"%a", "%b#0", "%b#1"}));
}

}  // namespace
}  // namespace triton_runner::ir::mlir
