#include "ir/mlir_carry.h"

#include "ir/reading_mlir.h"

namespace triton_runner::ir::mlir {
namespace {

// The text once a counter of the runs of the block of `op` goes through it.
std::string carried(const std::string& statements, std::string_view op, bool iterations = false) {
  const ReadMlir read(kernel_of(statements));
  Counters counters(*read.module, "%c");
  const Block& block = *read.op(op).block;
  if (iterations) {
    for (const Op* loop : loops_around(block)) counters.iteration(*loop, block);
  } else {
    counters.runs(block);
  }
  TextEdits edits;
  counters.insert_labels(edits);
  counters.insert_steps(edits);
  const std::string whole = edits.apply(read.text);
  const size_t begin = whole.find("i32) {\n") + 7;
  return whole.substr(begin, whole.find("    tt.return") - begin);
}

TEST(MlirCarry, ThroughALoopThatCarriesNothing) {
  EXPECT_EQ(carried("    scf.for %i = %n to %n step %n  : i32 {\n      my.op\n    }\n", "my.op"),
            "    %cc2 = scf.for %i = %n to %n step %n  iter_args(%cc0 = %czero) -> (i64) : i32 {\n      my.op\n"
            "%cc3 = arith.addi %cc0, %cone : i64\nscf.yield %cc3 : i64\n    }\n");
}

TEST(MlirCarry, ThroughALoopThatCarriesSomething) {
  EXPECT_EQ(carried("    %r = scf.for %i = %n to %n step %n iter_args(%a = %n) -> (i32)  : i32 {\n      my.op\n"
                    "      scf.yield %a : i32 loc(#loc)\n    } loc(#loc)\n",
                    "my.op", true),
            "    %r, %cc2 = scf.for %i = %n to %n step %n iter_args(%a = %n, %cc0 = %czero) -> (i32, i64)  : i32 {\n"
            "      my.op\n      %cc3 = arith.addi %cc0, %cone : i64\nscf.yield %a, %cc3 : i32, i64 loc(#loc)\n    } "
            "loc(#loc)\n");
}

TEST(MlirCarry, ThroughABranchWithoutElse) {
  EXPECT_EQ(
      carried("    scf.for %i = %n to %n step %n  : i32 {\n      scf.if %c {\n        my.op\n      }\n    }\n",
              "my.op"),
      "    %cc2 = scf.for %i = %n to %n step %n  iter_args(%cc0 = %czero) -> (i64) : i32 {\n"
      "      %cc5 = scf.if %c -> (i64) {\n        my.op\n%cc6 = arith.addi %cc0, %cone : i64\nscf.yield %cc6 : i64\n"
      "      } else {\nscf.yield %cc0 : i64\n}\nscf.yield %cc5 : i64\n    }\n");
}

TEST(MlirCarry, ThroughAWhile) {
  EXPECT_EQ(
      carried("    scf.while : () -> () {\n      scf.condition(%c)\n    } do {\n      my.op\n      scf.yield\n    }\n",
              "my.op"),
      "    %cc2 = scf.while (%cc0 = %czero) : (i64) -> (i64) {\n      scf.condition(%c) %cc0 : i64\n    } do {\n"
      "^bb0(%cc1: i64):\n      my.op\n      %cc3 = arith.addi %cc1, %cone : i64\nscf.yield %cc3 : i64\n    }\n");
}

TEST(MlirCarry, ThroughAWhileWithOneTypeAndNoParentheses) {
  const std::string text = carried(
      "    %r = scf.while (%a = %n) : (i32) -> i32 {\n      my.op\n      scf.condition(%c) %a : i32\n    } do {\n"
      "    ^bb0(%b: i32):\n      scf.yield %b : i32\n    }\n",
      "my.op");
  EXPECT_NE(text.find("%r, %cc2 = scf.while (%a = %n, %cc0 = %czero) : (i32, i64) -> (i32, i64) {"), std::string::npos);
  EXPECT_NE(text.find("scf.condition(%c) %a, %cc3 : i32, i64"), std::string::npos);
  EXPECT_NE(text.find("^bb0(%b: i32, %cc1: i64):"), std::string::npos);
  EXPECT_NE(text.find("scf.yield %b, %cc1 : i32, i64"), std::string::npos);
}

TEST(MlirCarry, AWhileWithoutABodyIsRefused) {
  EXPECT_THROW(carried("    scf.while : () -> () {\n      my.op\n    }\n", "my.op"), ArtifactError);
}

TEST(MlirCarry, OutsideOfLoopsThereIsNothingToCarry) { EXPECT_EQ(carried("    my.op\n", "my.op"), "    my.op\n"); }

}  // namespace
}  // namespace triton_runner::ir::mlir
