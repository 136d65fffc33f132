// Fuzzes the expressions of named ops. Any text is an expression or an ArgumentError, and whatever was parsed evaluates
// to a number or an ArgumentError, of the same value when it is evaluated again.
#include "runtime/expression.h"

#include <cstdlib>
#include <vector>

using triton_runner::ArgumentError;
using triton_runner::Expression;
using triton_runner::ExpressionName;
using triton_runner::IntOps;
using triton_runner::Leaf;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<ExpressionName> names{{"x", ExpressionName::Kind::Tensor, 0},
                                          {"n", ExpressionName::Kind::Int, 0},
                                          {"BLOCK", ExpressionName::Kind::Constant, 128}};
  try {
    const Expression parsed = Expression::parse(text, names, Expression::Result::Int, "fuzz");
    const auto read = [](const Leaf& leaf) { return leaf.dimension * 1000003 + int64_t{leaf.arg} + 7; };
    if (parsed.evaluate<IntOps>(read) != parsed.evaluate<IntOps>(read)) std::abort();
  } catch (const ArgumentError&) {
    return 0;
  }
  return 0;
}
