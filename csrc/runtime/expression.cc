#include "runtime/expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace triton_runner {

namespace {

constexpr size_t kMaxNesting = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] void overflow() { raise<ArgumentError>("the result does not fit 64 bits"); }
void check_divisor(bool is_zero) { TR_CHECK(!is_zero, ArgumentError, "division by zero"); }

}  // namespace

class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, std::span<const ExpressionName> names, Expression::Result result,
                   const std::string& where)
      : text_(text), names_(names), result_(result) {
    out_.text_ = text;
    out_.where_ = where;
  }

  Expression run() {
    sum();
    if (!at_end()) fail("an operator or the end");
    return std::move(out_);
  }

 private:
  using Code = Expression::Code;
  using Kind = ExpressionName::Kind;

  [[noreturn]] void fail(std::string_view expected) const {
    raise<ArgumentError>(out_.where_, " '", text_, "', column ", position_ + 1, ": found ",
                         position_ < text_.size() ? concat("'", text_.substr(position_, 20), "'") : "the end",
                         ", expected ", expected);
  }

  bool at_end() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    return position_ == text_.size();
  }

  bool take(std::string_view token) {
    if (at_end() || text_.substr(position_, token.size()) != token) return false;
    position_ += token.size();
    return true;
  }

  void expect(std::string_view token) {
    if (!take(token)) fail(concat("'", token, "'"));
  }

  std::string_view word() {
    at_end();
    const size_t begin = position_;
    while (position_ < text_.size() &&
           (is_letter(text_[position_]) || (position_ > begin && is_digit(text_[position_]))))
      ++position_;
    return text_.substr(begin, position_ - begin);
  }

  void push(Expression::Step step) {
    if (++depth_ > Expression::kMaxDepth) fail("a shorter expression");
    out_.steps_.push_back(step);
  }

  void binary(Code code) {
    --depth_;
    out_.steps_.push_back({code, {}, 0, 0});
  }

  void sum() {
    if (++nesting_ > kMaxNesting) fail("fewer parentheses");
    product();
    while (true) {
      if (take("+")) {
        product();
        binary(Code::Add);
      } else if (take("-")) {
        product();
        binary(Code::Subtract);
      } else {
        break;
      }
    }
    --nesting_;
  }

  void product() {
    unary();
    while (true) {
      if (take("*")) {
        unary();
        binary(Code::Multiply);
      } else if (take("//")) {
        unary();
        binary(Code::FloorDivide);
      } else if (take("%")) {
        unary();
        binary(Code::Modulo);
      } else if (take("/")) {
        if (result_ == Expression::Result::Int) fail("'//', since the result is an integer");
        unary();
        binary(Code::Divide);
      } else {
        return;
      }
    }
  }

  void unary() {
    size_t minuses = 0;
    while (take("-")) ++minuses;
    primary();
    if (minuses % 2 == 1) out_.steps_.push_back({Code::Negate, {}, 0, 0});
  }

  void primary() {
    if (take("(")) {
      sum();
      expect(")");
      return;
    }
    if (at_end()) fail("a value");
    if (is_digit(text_[position_]) || text_[position_] == '.') {
      number();
      return;
    }
    const size_t begin = position_;
    const std::string_view name = word();
    if (name.empty()) fail("a value");
    const auto found = std::ranges::find(names_, name, &ExpressionName::name);
    if (found != names_.end()) {
      argument(*found, static_cast<uint32_t>(found - names_.begin()), begin);
    } else if (!function(name)) {
      position_ = begin;
      fail(concat("cdiv, min, max, ", result_ == Expression::Result::Float ? "sqrt, " : "", "or one of ", known()));
    }
  }

  void number() {
    const char* begin = text_.data() + position_;
    const char* end = text_.data() + text_.size();
    Expression::Step step;
    const auto integer = std::from_chars(begin, end, step.integer);
    const auto real = std::from_chars(begin, end, step.number);
    const bool is_integer = integer.ec == std::errc() && integer.ptr == real.ptr;
    if (real.ec != std::errc() || (!is_integer && result_ == Expression::Result::Int)) {
      fail(result_ == Expression::Result::Int ? "an integer of at most 64 bits" : "a number");
    }
    position_ += static_cast<size_t>(real.ptr - begin);
    push(step);
  }

  // `name` is no argument.
  bool function(std::string_view name) {
    if (name == "sqrt" && result_ == Expression::Result::Float) {
      expect("(");
      sum();
      expect(")");
      out_.steps_.push_back({Code::Sqrt, {}, 0, 0});
      return true;
    }
    const Code code = name == "cdiv" ? Code::CeilDivide : name == "min" ? Code::Minimum : Code::Maximum;
    if (name != "cdiv" && name != "min" && name != "max") return false;
    expect("(");
    sum();
    expect(",");
    sum();
    expect(")");
    binary(code);
    return true;
  }

  void argument(const ExpressionName& named, uint32_t index, size_t begin) {
    if (named.kind == Kind::Constant) {
      const bool is_integer = named.constant == std::floor(named.constant) && std::abs(named.constant) < 0x1p62;
      if (!is_integer && result_ == Expression::Result::Int) {
        position_ = begin;
        fail(concat("an integer; the constant is ", named.constant));
      }
      push({Code::Number, {}, named.constant, is_integer ? static_cast<int64_t>(named.constant) : 0});
    } else if (named.kind == Kind::Tensor) {
      push({Code::Read, property(index), 0, 0});
    } else if (named.kind == Kind::Float && result_ == Expression::Result::Int) {
      position_ = begin;
      fail(concat("an integer; '", named.name, "' is a float"));
    } else {
      push({Code::Read, {index, Property::Value, 0}, 0, 0});
    }
  }

  Leaf property(uint32_t index) {
    constexpr std::string_view kExpected =
        ".numel(), .dim(), .element_size(), .size(i), .shape[i] or .stride(i), since it is a tensor";
    if (!take(".")) fail(kExpected);
    const size_t begin = position_;
    const std::string_view name = word();
    if (name == "numel") return plain(index, Property::Numel);
    if (name == "dim") return plain(index, Property::Dim);
    if (name == "element_size") return plain(index, Property::ElementSize);
    if (name == "size") return of_dimension(index, Property::Size, "(", ")");
    if (name == "shape") return of_dimension(index, Property::Size, "[", "]");
    if (name == "stride") return of_dimension(index, Property::Stride, "(", ")");
    position_ = begin;
    fail(kExpected.substr(1));
  }

  Leaf plain(uint32_t index, Property property) {
    expect("(");
    expect(")");
    return {index, property, 0};
  }

  Leaf of_dimension(uint32_t index, Property property, std::string_view open, std::string_view close) {
    expect(open);
    const bool negative = take("-");
    at_end();
    int64_t dimension = 0;
    const auto read = std::from_chars(text_.data() + position_, text_.data() + text_.size(), dimension);
    if (read.ec != std::errc() || dimension > 64) fail("the number of a dimension");
    position_ = static_cast<size_t>(read.ptr - text_.data());
    expect(close);
    return {index, property, negative ? -dimension : dimension};
  }

  std::string known() const {
    std::string out;
    for (const ExpressionName& named : names_) out += concat(out.empty() ? "" : ", ", named.name);
    return out.empty() ? "no argument" : out;
  }

  std::string_view text_;
  std::span<const ExpressionName> names_;
  Expression::Result result_;
  Expression out_;
  size_t position_ = 0;
  size_t depth_ = 0;
  size_t nesting_ = 0;
};

Expression Expression::parse(std::string_view text, std::span<const ExpressionName> names, Result result,
                             const std::string& where) {
  return ExpressionParser(text, names, result, where).run();
}

bool Expression::reads(uint32_t arg) const {
  return std::ranges::any_of(steps_, [&](const Step& step) { return step.code == Code::Read && step.leaf.arg == arg; });
}

bool Expression::reads_strides_of(uint32_t arg) const {
  return std::ranges::any_of(steps_, [&](const Step& step) {
    return step.code == Code::Read && step.leaf.arg == arg && step.leaf.property == Property::Stride;
  });
}

int64_t IntOps::add(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) overflow();
  return out;
}

int64_t IntOps::subtract(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_sub_overflow(a, b, &out)) overflow();
  return out;
}

int64_t IntOps::multiply(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) overflow();
  return out;
}

int64_t IntOps::floor_divide(int64_t a, int64_t b) {
  check_divisor(b == 0);
  if (a == std::numeric_limits<int64_t>::min() && b == -1) overflow();
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

int64_t IntOps::modulo(int64_t a, int64_t b) {
  check_divisor(b == 0);
  if (b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double FloatOps::floor_divide(double a, double b) { return std::floor(a / b); }
double FloatOps::modulo(double a, double b) { return a - b * std::floor(a / b); }
double FloatOps::sqrt(double a) { return std::sqrt(a); }

}  // namespace triton_runner
