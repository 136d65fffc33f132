#include "ir/mlir_reader.h"

#include "ir/reading_mlir.h"

namespace triton_runner::ir::mlir {
namespace {

TEST(MlirReader, BoundsOperations) {
  const ReadMlir read(kernel_of("    %a, %b:2 = my.op %n {x = 1 : i32} : i32 -> (f32, f32, f32) loc(#loc7)\n"));
  const Op& op = read.op("my.op");
  EXPECT_EQ(op.head, "my.op %n {x = 1 : i32} : i32 -> (f32, f32, f32)");
  EXPECT_EQ(op.location, "#loc7");
  EXPECT_EQ(op.line, 3u);
  ASSERT_EQ(op.results.size(), 2u);
  EXPECT_EQ(op.results[1].name, "%b");
  EXPECT_EQ(op.results[1].count, 2u);
  EXPECT_EQ(read.text.substr(op.begin, 4), "%a, ");
  EXPECT_EQ(read.text[op.end - 1], '\n');
  EXPECT_EQ(parent(*op.block)->name, "tt.func");
}

TEST(MlirReader, ReadsArgumentsOfTheFunction) {
  const ReadMlir read(kernel_of(""));
  const auto& args = read.op("tt.func").regions[0]->blocks[0]->args;
  ASSERT_EQ(args.size(), 2u);
  EXPECT_EQ(args[0].name, "%p");
  EXPECT_EQ(args[0].type, "!tt.ptr<f32>");
  EXPECT_EQ(args[0].location, "\"p\"(#loc)");
  EXPECT_EQ(args[1].type, "i32");
}

TEST(MlirReader, ReadsRegions) {
  const ReadMlir read(
      kernel_of("    %r = scf.if %c -> (i32) {\n      scf.yield %n : i32\n    } else {\n      scf.yield %n : i32\n    "
                "} loc(#loc)\n"
                "    %s = \"tt.reduce\"(%x) <{axis = 0 : i32}> ({\n    ^bb0(%a: f32 loc(unknown), %b: f32):\n"
                "      %t = arith.addf %a, %b : f32\n      tt.reduce.return %t : f32\n    }) : (tensor<8xf32>) -> f32 "
                "loc(#loc)\n"));
  const Op& branch = read.op("scf.if");
  ASSERT_EQ(branch.regions.size(), 2u);
  EXPECT_EQ(branch.regions[1]->header, "else");
  EXPECT_EQ(read.text[branch.regions[1]->close], '}');
  const Op& reduce = read.op("tt.reduce");
  ASSERT_EQ(reduce.regions.size(), 1u);
  EXPECT_EQ(reduce.tail, ": (tensor<8xf32>) -> f32");
  const Block& inner = *reduce.regions[0]->blocks[0];
  EXPECT_EQ(inner.label, "^bb0");
  ASSERT_EQ(inner.args.size(), 2u);
  EXPECT_EQ(inner.args[0].location, "unknown");
  EXPECT_EQ(inner.ops.size(), 2u);
}

TEST(MlirReader, ReadsSeveralRegionsInParentheses) {
  const ReadMlir read(
      kernel_of("    %a = \"my.op\"(%n) ({\n      my.x\n    }, {\n      my.y\n    }) : (i32) -> i32\n"));
  EXPECT_EQ(read.op("my.op").regions.size(), 2u);
  EXPECT_EQ(read.op("my.op").tail, ": (i32) -> i32");
}

TEST(MlirReader, ReadsPartitions) {
  const ReadMlir read(kernel_of(
      "    ttg.warp_specialize(%p) attributes {a = 1 : i32}\n    default {\n      ttg.warp_yield\n    }\n"
      "    partition0(%q: !tt.ptr<f32>) num_warps(8) {\n      ttg.warp_return\n    } : (!tt.ptr<f32>) -> ()\n"));
  const Op& op = read.op("ttg.warp_specialize");
  ASSERT_EQ(op.regions.size(), 2u);
  EXPECT_EQ(op.regions[1]->header, "partition0(%q: !tt.ptr<f32>) num_warps(8)");
  EXPECT_EQ(op.regions[1]->blocks[0]->args[0].name, "%q");
  EXPECT_EQ(op.tail, ": (!tt.ptr<f32>) -> ()");
}

TEST(MlirReader, ReadsBlocks) {
  const ReadMlir read(
      kernel_of("    cf.cond_br %c, ^bb1, ^bb2\n  ^bb1:  // pred: ^bb0\n    tt.return\n  ^bb2:  // pred\n"));
  const Region& body = *read.op("tt.func").regions[0];
  ASSERT_EQ(body.blocks.size(), 3u);
  EXPECT_EQ(body.blocks[1]->label, "^bb1");
  EXPECT_EQ(body.blocks[1]->ops.size(), 1u);
  EXPECT_EQ(read.text.substr(body.blocks[1]->begin, 13), "    tt.return");
}

TEST(MlirReader, SaysWhichLineIsNone) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      read_module(text);
    } catch (const ArtifactError& error) {
      return error.what();
    }
    return "read";
  };
  EXPECT_EQ(message("module {\n  %a = \n"), "the MLIR text, line 2: expected the name of an operation");
  EXPECT_EQ(message("module {\n"), "the MLIR text, line 1: this brace is never closed");
  EXPECT_EQ(message("module {\n}\n}\n"), "the MLIR text, line 3: a brace that was never opened");
  EXPECT_EQ(message("a.b (c\n"), "the MLIR text, line 1: brackets do not match");
  EXPECT_EQ(message("a.b c)\n"), "the MLIR text, line 1: a bracket that was never opened");
  EXPECT_EQ(message("%a:x = a.b\n"), "the MLIR text, line 1: a count of results");
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "a.b {\n";
  EXPECT_NE(message(deep).find("nested too deep"), std::string::npos);
}

}  // namespace
}  // namespace triton_runner::ir::mlir
