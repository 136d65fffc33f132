#include "ir/llvm_type_reader.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

constexpr unsigned kDeepest = 16;
constexpr uint64_t kMostElements = 1 << 16;

struct Named {
  std::string_view text;
  LlvmType::Kind kind;
  uint32_t bits;
};
constexpr Named kNamed[] = {
    {"half", LlvmType::Kind::Float, 16},     {"bfloat", LlvmType::Kind::Float, 16},
    {"float", LlvmType::Kind::Float, 32},    {"double", LlvmType::Kind::Float, 64},
    {"void", LlvmType::Kind::Void, 0},       {"fp128", LlvmType::Kind::Other, 0},
    {"x86_fp80", LlvmType::Kind::Other, 0},  {"label", LlvmType::Kind::Other, 0},
    {"metadata", LlvmType::Kind::Other, 0},  {"token", LlvmType::Kind::Other, 0},
    {"ppc_fp128", LlvmType::Kind::Other, 0},
};

const Named* find_named(std::string_view text) {
  auto found = std::ranges::find(kNamed, text, &Named::text);
  return found == std::end(kNamed) ? nullptr : &*found;
}

// A decimal number; 0 where it is none or more than `most`.
uint64_t number(std::string_view text, uint64_t most) {
  uint64_t value = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size() && value <= most ? value : 0;
}

uint32_t integer_bits(std::string_view text) {
  return text.starts_with('i') ? static_cast<uint32_t>(number(text.substr(1), 1 << 23)) : 0;
}

LlvmType other(std::string_view text) { return {LlvmType::Kind::Other, std::string(text), 0, 0, 0, {}}; }

}  // namespace

bool opens(const LlvmToken& token) { return token.is('(') || token.is('[') || token.is('{') || token.is('<'); }
bool closes(const LlvmToken& token) { return token.is(')') || token.is(']') || token.is('}') || token.is('>'); }

LlvmToken LlvmTokens::take() {
  LlvmToken token = peek();
  if (!at_end()) ++at_;
  return token;
}

bool LlvmTokens::accept(char punctuator) {
  if (!peek().is(punctuator)) return false;
  ++at_;
  return true;
}

bool LlvmTokens::accept_word(std::string_view word) {
  if (!peek().is_word(word)) return false;
  ++at_;
  return true;
}

void LlvmTokens::skip_group() {
  size_t depth = 0;
  do {
    depth += opens(peek());
    depth -= closes(peek()) && depth > 0;
    take();
  } while (depth > 0 && !at_end());
}

bool LlvmTokens::is_type_ahead() const {
  const LlvmToken& token = peek();
  if (token.is('<') || token.is('[') || token.is('{')) return true;
  if (token.kind == LlvmTokenKind::Local) return true;  // a named type, where a type is expected
  if (token.kind != LlvmTokenKind::Word) return false;
  return token.text == "ptr" || integer_bits(token.text) != 0 || find_named(token.text) != nullptr;
}

void LlvmTokens::skip_to_type() {
  while (!at_end() && !is_type_ahead()) {
    take();
    if (peek().is('(')) skip_group();
  }
}

bool LlvmTokens::skip_past_comma() {
  while (!at_end()) {
    if (accept(',')) return true;
    if (opens(peek())) {
      skip_group();
    } else {
      take();
    }
  }
  return false;
}

LlvmType LlvmTokens::read_type(unsigned depth) {
  const LlvmToken token = take();
  if (depth > kDeepest) return other(token.text);
  if (token.is('{') || (token.is('<') && peek().is('{'))) {
    if (token.is('<')) take();
    std::vector<LlvmType> elements;
    while (!at_end() && !accept('}')) {
      elements.push_back(read_type(depth + 1));
      if (!accept(',') && !peek().is('}')) return other("{");
    }
    LlvmType type = struct_type(std::move(elements));
    if (token.is('{')) return type;
    type.text = concat("<", type.text, ">");
    return accept('>') ? type : other("<{");
  }
  if (token.is('<') || token.is('[')) {
    const uint64_t count = number(take().text, kMostElements);
    if (!accept_word("x")) return other("vscale");
    const LlvmType element = read_type(depth + 1);
    if (!accept(token.is('<') ? '>' : ']') || count == 0) return other("[");
    LlvmType type = vector_type(count, element);
    if (token.is('[')) {
      type.kind = LlvmType::Kind::Array;
      type.text.front() = '[';
      type.text.back() = ']';
    }
    return type;
  }
  if (token.is_word("ptr")) {
    uint32_t space = 0;
    if (peek().is_word("addrspace") && peek(1).is('(')) {
      space = static_cast<uint32_t>(number(peek(2).text, UINT32_MAX));
      take();
      skip_group();
    }
    return pointer_type(space);
  }
  if (const uint32_t bits = token.kind == LlvmTokenKind::Word ? integer_bits(token.text) : 0; bits != 0) {
    return integer_type(bits);
  }
  const Named* named = token.kind == LlvmTokenKind::Word ? find_named(token.text) : nullptr;
  if (named == nullptr) return other(token.text);
  return {named->kind, std::string(named->text), named->bits, 0, 0, {}};
}

}  // namespace triton_runner::ir
