#include "ir/mlir_text.h"

#include <gtest/gtest.h>

namespace triton_runner::ir {
namespace {

TEST(MlirText, FindsOutsideOfBracketsAndStrings) {
  const std::string_view text = R"(f "a : b" (x : y) {k = 1 : i32} : T -> U)";
  EXPECT_EQ(find_outside(text, " : "), text.find(" : T"));
  EXPECT_EQ(rfind_outside(text, " : "), text.find(" : T"));
  EXPECT_EQ(find_outside(text, "-> "), text.find("-> U"));
  EXPECT_EQ(find_outside(text, "nothing"), std::nullopt);
}

TEST(MlirText, AnArrowClosesNothing) {
  const std::string_view text = "(a) -> tensor<8xf32, #ttg.slice<{dim = 0, parent = #b}>> : i32";
  EXPECT_EQ(find_outside(text, " : "), text.find(" : i32"));
}

TEST(MlirText, AQuoteInAStringDoesNotEndIt) {
  const std::string_view text = R"("a\" : b" : c)";
  EXPECT_EQ(find_outside(text, " : "), text.rfind(" : "));
}

TEST(MlirText, ClosingBracket) {
  EXPECT_EQ(closing_bracket("(a(b)[c]) d", 0), 8u);
  EXPECT_EQ(closing_bracket("(a", 0), std::string_view::npos);
  EXPECT_EQ(closing_bracket("(\"", 0), std::string_view::npos);
}

TEST(MlirText, Splits) {
  const auto parts = split_outside(" a, tensor<8xf32, #b> ,(c, d)");
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0], "a");
  EXPECT_EQ(parts[1], "tensor<8xf32, #b>");
  EXPECT_EQ(parts[2], "(c, d)");
  EXPECT_TRUE(split_outside("  ").empty());
}

}  // namespace
}  // namespace triton_runner::ir
