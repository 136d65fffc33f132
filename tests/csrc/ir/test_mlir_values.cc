#include "ir/mlir_values.h"

#include "ir/protocol.h"
#include "ir/reading_mlir.h"

namespace triton_runner::ir::mlir {
namespace {

const Value& named(const Kernel& kernel, std::string_view name) {
  for (const Value& value : kernel.values) {
    if (value.slot.name == name) return value;
  }
  throw ArgumentError("no " + std::string(name));
}

TEST(MlirValues, AreListedInProgramOrder) {
  const ReadMlir read(
      kernel_of("    %a = tt.splat %n : i32 -> tensor<8xi32, #b> loc(\"a\"(\"k.py\":7:1))\n"
                "    %r = scf.for %i = %n to %n step %n iter_args(%acc_3 = %a) -> (tensor<8xi32, #b>)  : i32 {\n"
                "      scf.yield %acc_3 : tensor<8xi32, #b>\n    }\n"));
  const Kernel kernel = find_values(*read.module, "");
  std::string order;
  for (const Value& value : kernel.values) order += value.slot.name + " ";
  EXPECT_EQ(order, "%p %n %a %i %acc_3 %r ");
  const Slot& a = named(kernel, "%a").slot;
  EXPECT_EQ(a.op, "tt.splat");
  EXPECT_EQ(a.line, 3u);
  EXPECT_EQ(a.variable, "a");
  EXPECT_EQ(a.sources.at(0).line, 7);
  EXPECT_EQ(a.element, "i32");
  EXPECT_EQ(a.shape, (std::vector<int64_t>{8}));
  EXPECT_EQ(a.layout, "#b");
  EXPECT_EQ(a.depth, 0u);
  const Slot& carried = named(kernel, "%acc_3").slot;
  EXPECT_EQ(carried.op, "block argument");
  EXPECT_EQ(carried.variable, "acc");
  EXPECT_EQ(carried.depth, 1u);
  EXPECT_EQ(named(kernel, "%p").slot.op, "argument");
  EXPECT_EQ(named(kernel, "%p").slot.element, "ptr");
}

TEST(MlirValues, SayWhyTheyAreRefused) {
  const ReadMlir read(
      kernel_of("    %s = \"tt.reduce\"(%x) <{axis = 0 : i32}> ({\n    ^bb0(%a: f32, %b: f32):\n"
                "      %t = arith.addf %a, %b : f32\n    }) : (tensor<8xf32>) -> f32\n"
                "    %k = ttg.async_wait %n {num = 0 : i32}\n    %d = my.op : !tt.tensordesc<tensor<8xf32>>\n"
                "    %u = my.op\n    %w = my.op : i4\n    %m = ttg.local_alloc : () -> !ttg.memdesc<3x8xf32, #s, "
                "#smem, mutable>\n"
                "    %v = ttg.memdesc_index %m[%n] : A -> !ttg.memdesc<8xf32, #s, #smem, mutable>\n"));
  const Kernel kernel = find_values(*read.module, "k");
  const auto refusal = [&](std::string_view name) { return named(kernel, name).slot.refusal; };
  EXPECT_EQ(refusal("%t"), "it lies in the region of tt.reduce, which has no place for a store");
  EXPECT_EQ(refusal("%s"), "");
  EXPECT_EQ(refusal("%k"), "a token carries no data");
  EXPECT_EQ(refusal("%d"), "a tensor descriptor is no data; dump what is loaded through it");
  EXPECT_EQ(refusal("%u"), "its type is not printed");
  EXPECT_EQ(refusal("%w"), "a value of type i4 is no data");
  EXPECT_EQ(refusal("%m"), "it holds several buffers; name the view of one");
  EXPECT_EQ(refusal("%v"), "no operation of its block reads it, so nothing tells when it is filled");
  EXPECT_THROW(value_at(kernel, 999), ArgumentError);
  for (size_t i = 0; i < kernel.values.size(); ++i) {
    if (kernel.values[i].slot.refusal.empty()) continue;
    EXPECT_THROW(value_at(kernel, i), UnsupportedError);
  }
}

TEST(MlirValues, BranchesAreNoLoopsUnlessTheyComeBack) {
  const ReadMlir read(
      kernel_of("    cf.cond_br %c, ^bb1, ^bb2\n  ^bb1:  // pred\n    %a = my.op : i32\n    cf.br ^bb1\n"
                "  ^bb2:  // pred\n    %b = my.op : i32\n"));
  const Kernel kernel = find_values(*read.module, "k");
  EXPECT_EQ(named(kernel, "%a").slot.refusal,
            "it lies in a loop of branches (cf.br), whose iterations the IR does not count");
  EXPECT_EQ(named(kernel, "%b").slot.refusal, "");
}

TEST(MlirValues, FindTheKernel) {
  const std::string two =
      "module {\n  tt.func public @a() {\n    tt.return\n  }\n  tt.func private @c() {\n    tt.return\n  }\n"
      "  tt.func public @b() {\n    %x = my.op : i32\n    tt.return\n  }\n}\n";
  const ReadMlir read(two);
  EXPECT_THROW(find_kernel(*read.module, ""), ArtifactError);
  EXPECT_THROW(find_kernel(*read.module, "d"), ArtifactError);
  EXPECT_EQ(find_kernel(*read.module, "b").line, 8u);
  EXPECT_EQ(find_values(*read.module, "a").values.at(0).slot.refusal,
            "it lies in a function that the kernel calls without inlining it");
}

}  // namespace
}  // namespace triton_runner::ir::mlir
