#include "ir/llvm_lexer.h"

#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '$' ||
         c == '.' || c == '_';
}

LlvmTokenKind kind_of_sigil(char c) {
  switch (c) {
    case '%':
      return LlvmTokenKind::Local;
    case '@':
      return LlvmTokenKind::Global;
    case '!':
      return LlvmTokenKind::Metadata;
    case '#':
      return LlvmTokenKind::Attributes;
    default:
      return LlvmTokenKind::Word;
  }
}

}  // namespace

// Whether a line ended on the way.
bool LlvmLexer::skip_blanks() {
  bool ended = at_ == 0;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      ended = true;
    }
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at_;
    } else if (c == ';') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else {
      break;
    }
  }
  return ended;
}

// Behind the quote that closes the string whose opening quote is at `at`.
size_t LlvmLexer::end_of_string(size_t at) const {
  const size_t end = text_.find('"', at + 1);
  TR_CHECK(end != std::string_view::npos, ArtifactError, llvm_where(text_, line_),
           "the string has no end: is the file cut off?");
  return end + 1;
}

LlvmToken LlvmLexer::next() {
  LlvmToken token;
  token.starts_line = skip_blanks();
  token.line = line_;
  if (at_ >= text_.size()) return token;
  const size_t start = at_;
  const char c = peek();
  token.kind = kind_of_sigil(c);
  const bool has_sigil = token.kind != LlvmTokenKind::Word;
  if (c == '"' || (c == 'c' && peek(1) == '"')) {
    token.kind = LlvmTokenKind::String;
    at_ = end_of_string(c == 'c' ? at_ + 1 : at_);
  } else if (has_sigil && peek(1) == '"') {
    at_ = end_of_string(at_ + 1);
  } else if (is_name_char(c) || (has_sigil && is_name_char(peek(1)))) {
    ++at_;
    while (is_name_char(peek())) ++at_;
  } else {
    token.kind = LlvmTokenKind::Punctuator;
    ++at_;
  }
  const bool may_be_label = token.kind == LlvmTokenKind::Word || token.kind == LlvmTokenKind::String;
  if (token.starts_line && may_be_label && peek() == ':') ++at_;
  token.text = text_.substr(start, at_ - start);
  // Strings hold no line breaks as printed; those of other hands are counted.
  for (const char inside : token.text) line_ += inside == '\n';
  return token;
}

std::string llvm_where(std::string_view text, uint32_t line) {
  size_t start = 0;
  for (uint32_t passed = 1; passed < line; ++passed) {
    const size_t newline = text.find('\n', start);
    if (newline == std::string_view::npos) break;
    start = newline + 1;
  }
  std::string_view shown = text.substr(start, text.find('\n', start) - start);
  while (shown.starts_with(' ')) shown.remove_prefix(1);
  constexpr size_t kLongest = 160;
  std::string out;
  for (const char c : shown.substr(0, kLongest)) out += (c >= ' ' && c <= '~') ? c : ' ';
  return concat("LLVM IR line ", line, ", '", out, shown.size() > kLongest ? "..." : "", "': ");
}

}  // namespace triton_runner::ir
