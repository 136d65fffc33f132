#include "runtime/expression.h"

#include <gtest/gtest.h>

#include <cmath>

namespace triton_runner {
namespace {

using Kind = ExpressionName::Kind;

const std::vector<ExpressionName> kNames{{"x", Kind::Tensor, 0},
                                         {"n", Kind::Int, 0},
                                         {"scale", Kind::Float, 0},
                                         {"BLOCK", Kind::Constant, 128},
                                         {"HALF", Kind::Constant, 0.5}};

// x is 6 x 7 with strides 70 and 10, of 4 bytes an element; n is 100, scale 0.25.
double leaf(const Leaf& leaf) {
  constexpr double kSizes[] = {6, 7};
  constexpr double kStrides[] = {70, 10};
  const int64_t dimension = leaf.dimension < 0 ? leaf.dimension + 2 : leaf.dimension;
  switch (leaf.property) {
    case Property::Value:
      return leaf.arg == 1 ? 100 : 0.25;
    case Property::Numel:
      return 42;
    case Property::Dim:
      return 2;
    case Property::ElementSize:
      return 4;
    case Property::Size:
      return kSizes[dimension];
    case Property::Stride:
      return kStrides[dimension];
  }
  return 0;
}

int64_t integer(std::string_view text) {
  const Expression parsed = Expression::parse(text, kNames, Expression::Result::Int, "grid");
  return parsed.evaluate<IntOps>([](const Leaf& at) { return static_cast<int64_t>(leaf(at)); });
}

double real(std::string_view text) {
  return Expression::parse(text, kNames, Expression::Result::Float, "scale").evaluate<FloatOps>(leaf);
}

std::string message(std::string_view text) {
  try {
    integer(text);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Expression, ReadsPropertiesOfTensors) {
  EXPECT_EQ(integer("x.numel()"), 42);
  EXPECT_EQ(integer("x.dim()"), 2);
  EXPECT_EQ(integer("x.element_size()"), 4);
  EXPECT_EQ(integer("x.size(0)"), 6);
  EXPECT_EQ(integer("x.size(-1)"), 7);
  EXPECT_EQ(integer("x.shape[1]"), 7);
  EXPECT_EQ(integer("x.stride(0)"), 70);
  EXPECT_EQ(integer("x . stride( - 1 )"), 10);
}

TEST(Expression, KnowsPrecedenceAndParentheses) {
  EXPECT_EQ(integer("2 + 3 * 4 - 1"), 13);
  EXPECT_EQ(integer("(2 + 3) * 4"), 20);
  EXPECT_EQ(integer("10 - 3 - 2"), 5);
  EXPECT_EQ(integer("100 // 7 // 2"), 7);
  EXPECT_EQ(integer("--n"), 100);
  EXPECT_EQ(integer("-n + 1"), -99);
}

TEST(Expression, DividesAsPythonDoes) {
  EXPECT_EQ(integer("-7 // 2"), -4);
  EXPECT_EQ(integer("-7 % 2"), 1);
  EXPECT_EQ(integer("7 % -2"), -1);
  EXPECT_EQ(integer("cdiv(x.numel(), 8)"), 6);
  EXPECT_EQ(integer("cdiv(0, BLOCK)"), 0);
  EXPECT_EQ(integer("cdiv(n, BLOCK)"), 1);
  EXPECT_EQ(integer("min(n, 7) + max(n, 7)"), 107);
}

TEST(Expression, ComputesFloats) {
  EXPECT_DOUBLE_EQ(real("1 / sqrt(x.size(-1))"), 1 / std::sqrt(7.0));
  EXPECT_DOUBLE_EQ(real("scale * HALF"), 0.125);
  EXPECT_DOUBLE_EQ(real("1e-5"), 1e-5);
  EXPECT_DOUBLE_EQ(real("n"), 100);
}

TEST(Expression, RefusesWithColumnAndExpectation) {
  EXPECT_EQ(message(""), "grid '', column 1: found the end, expected a value");
  EXPECT_EQ(message("cdiv(n, 2"), "grid 'cdiv(n, 2', column 10: found the end, expected ')'");
  EXPECT_EQ(message("n n"), "grid 'n n', column 3: found 'n', expected an operator or the end");
  EXPECT_EQ(message("n / 2"), "grid 'n / 2', column 4: found ' 2', expected '//', since the result is an integer");
  EXPECT_EQ(message("m + 1"),
            "grid 'm + 1', column 1: found 'm + 1', expected cdiv, min, max, or one of x, n, scale, BLOCK, HALF");
  EXPECT_NE(message("x").find("since it is a tensor"), std::string::npos);
  EXPECT_NE(message("x.sizes").find("numel()"), std::string::npos);
  EXPECT_NE(message("scale").find("'scale' is a float"), std::string::npos);
  EXPECT_NE(message("HALF").find("the constant is 0.5"), std::string::npos);
  EXPECT_NE(message("1.5").find("an integer"), std::string::npos);
  EXPECT_NE(message("99999999999999999999").find("an integer"), std::string::npos);
  EXPECT_NE(message("x.size(n)").find("the number of a dimension"), std::string::npos);
  EXPECT_NE(message("sqrt(4)").find("expected cdiv"), std::string::npos);
}

TEST(Expression, RefusesWhatHasNoResult) {
  EXPECT_EQ(message("n // (n - 100)"), "grid 'n // (n - 100)': division by zero");
  EXPECT_EQ(message("n % (n - 100)"), "grid 'n % (n - 100)': division by zero");
  EXPECT_NE(message("9223372036854775807 + 1").find("64 bits"), std::string::npos);
  EXPECT_NE(message("9223372036854775807 * n").find("64 bits"), std::string::npos);
}

TEST(Expression, BoundsDepthAndNesting) {
  std::string deep = "1";
  for (int i = 0; i < 40; ++i) deep = concat("1 + (", deep, ")");
  EXPECT_NE(message(deep).find("shorter"), std::string::npos);
  EXPECT_NE(message(std::string(100000, '(')).find("fewer parentheses"), std::string::npos);
  EXPECT_EQ(integer(std::string(100000, '-') + "1"), 1);
}

TEST(Expression, SaysWhatItReads) {
  const Expression parsed = Expression::parse("x.stride(0) + 1", kNames, Expression::Result::Int, "grid");
  EXPECT_TRUE(parsed.reads(0));
  EXPECT_FALSE(parsed.reads(1));
  EXPECT_TRUE(parsed.reads_strides_of(0));
  EXPECT_FALSE(Expression::parse("x.numel()", kNames, Expression::Result::Int, "grid").reads_strides_of(0));
}

}  // namespace
}  // namespace triton_runner
