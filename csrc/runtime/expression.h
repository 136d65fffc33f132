// Integer and floating-point expressions over the arguments of a named op: "cdiv(x.numel(), 1024)", "x.stride(0)",
// "n * 2", "1 / sqrt(x.size(-1))".
//
//   sum      product (('+' | '-') product)*
//   product  unary (('*' | '//' | '%' | '/') unary)*        '/' and sqrt only where the result is a float
//   unary    '-' unary | primary
//   primary  number | '(' sum ')' | name | cdiv(a, b) | min(a, b) | max(a, b) | sqrt(a) | tensor property
//   tensor   x.numel() x.dim() x.element_size() x.size(i) x.shape[i] x.stride(i), with i a number, negative from the
//   end
//
// '//' and '%' round down, as in Python. An expression is parsed once into steps for a small stack, so that evaluating
// it allocates nothing. It is evaluated in int64, in double, and in torch's symbolic integers: `Ops` says how. Tested
// in tests/csrc/runtime/test_expression.cc.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/error.h"

namespace triton_runner {

// What a name stands for.
struct ExpressionName {
  enum class Kind : uint8_t {
    Tensor,
    Int,
    Float,
    Constant
  };
  std::string name;
  Kind kind = Kind::Tensor;
  double constant = 0;  // Constant: of the kernel
};

enum class Property : uint8_t {
  Value,
  Numel,
  Dim,
  ElementSize,
  Size,
  Stride
};

// Something of argument `arg`, to be asked for when the expression is evaluated.
struct Leaf {
  uint32_t arg = 0;
  Property property = Property::Value;
  int64_t dimension = 0;  // Size, Stride
};

class Expression {
 public:
  enum class Result : uint8_t {
    Int,
    Float
  };
  static constexpr size_t kMaxDepth = 16;

  // `where` begins each message. ArgumentError with the column and what was expected.
  static Expression parse(std::string_view text, std::span<const ExpressionName> names, Result result,
                          const std::string& where);

  // `read(const Leaf&)` gives an Ops::Value. ArgumentError for a division by zero and for what int64 cannot hold.
  template <typename Ops, typename Read>
  typename Ops::Value evaluate(const Read& read) const;

  const std::string& text() const { return text_; }
  bool reads(uint32_t arg) const;
  bool reads_strides_of(uint32_t arg) const;

 private:
  friend class ExpressionParser;
  enum class Code : uint8_t {
    Number,
    Read,
    Negate,
    Sqrt,
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    CeilDivide,
    Minimum,
    Maximum
  };
  struct Step {
    Code code = Code::Number;
    Leaf leaf;
    double number = 0;
    int64_t integer = 0;
  };

  template <typename Ops>
  typename Ops::Value apply(Code code, const typename Ops::Value& a, const typename Ops::Value& b) const;

  std::string text_;
  std::string where_;
  std::vector<Step> steps_;
};

// int64 with checks; the message is of the expression.
struct IntOps {
  using Value = int64_t;
  static int64_t number(int64_t integer, double) { return integer; }
  static int64_t add(int64_t a, int64_t b);
  static int64_t subtract(int64_t a, int64_t b);
  static int64_t multiply(int64_t a, int64_t b);
  static int64_t floor_divide(int64_t a, int64_t b);
  static int64_t modulo(int64_t a, int64_t b);
  static int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }
  static int64_t maximum(int64_t a, int64_t b) { return a < b ? b : a; }
  static int64_t divide(int64_t, int64_t) { TR_ASSERT(false); }  // the parser lets none through
  static int64_t sqrt(int64_t) { TR_ASSERT(false); }
};

struct FloatOps {
  using Value = double;
  static double number(int64_t, double number) { return number; }
  static double add(double a, double b) { return a + b; }
  static double subtract(double a, double b) { return a - b; }
  static double multiply(double a, double b) { return a * b; }
  static double divide(double a, double b) { return a / b; }
  static double floor_divide(double a, double b);
  static double modulo(double a, double b);
  static double minimum(double a, double b) { return a < b ? a : b; }
  static double maximum(double a, double b) { return a < b ? b : a; }
  static double sqrt(double a);
};

template <typename Ops>
typename Ops::Value Expression::apply(Code code, const typename Ops::Value& a, const typename Ops::Value& b) const {
  switch (code) {
    case Code::Add:
      return Ops::add(a, b);
    case Code::Subtract:
      return Ops::subtract(a, b);
    case Code::Multiply:
      return Ops::multiply(a, b);
    case Code::Divide:
      return Ops::divide(a, b);
    case Code::FloorDivide:
      return Ops::floor_divide(a, b);
    case Code::Modulo:
      return Ops::modulo(a, b);
    case Code::CeilDivide:
      return Ops::subtract(Ops::number(0, 0), Ops::floor_divide(Ops::subtract(Ops::number(0, 0), a), b));
    case Code::Minimum:
      return Ops::minimum(a, b);
    case Code::Maximum:
      return Ops::maximum(a, b);
    default:
      TR_ASSERT(false);
  }
}

template <typename Ops, typename Read>
typename Ops::Value Expression::evaluate(const Read& read) const try {
  std::array<typename Ops::Value, kMaxDepth> stack{};
  size_t top = 0;
  for (const Step& step : steps_) {
    if (step.code == Code::Number) {
      stack[top++] = Ops::number(step.integer, step.number);
    } else if (step.code == Code::Read) {
      stack[top++] = read(step.leaf);
    } else if (step.code == Code::Negate) {
      stack[top - 1] = Ops::subtract(Ops::number(0, 0), stack[top - 1]);
    } else if (step.code == Code::Sqrt) {
      stack[top - 1] = Ops::sqrt(stack[top - 1]);
    } else {
      --top;
      stack[top - 1] = apply<Ops>(step.code, stack[top - 1], stack[top]);
    }
  }
  return stack[0];
} catch (const ArgumentError& error) {
  raise<ArgumentError>(where_, " '", text_, "': ", error.what());
}

}  // namespace triton_runner
