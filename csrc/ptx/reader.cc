#include "ptx/reader.h"

#include <bit>
#include <utility>

namespace triton_runner::ptx {

Token Reader::take() { return std::exchange(ahead_, lexer_.next()); }

bool Reader::accept(char punctuator) {
  if (!ahead_.is(punctuator)) return false;
  take();
  return true;
}

bool Reader::accept_word(std::string_view word) {
  if (!ahead_.is_word(word)) return false;
  take();
  return true;
}

void Reader::expect(char punctuator) {
  if (!accept(punctuator)) unexpected(concat("'", punctuator, "'"));
}

std::string_view Reader::expect_identifier(std::string_view what) {
  if (!ahead_.is_identifier()) unexpected(what);
  return take().text;
}

std::string_view Reader::expect_string(std::string_view what) {
  if (ahead_.kind != TokenKind::String) unexpected(what);
  return take().text;
}

uint64_t Reader::expect_integer(std::string_view what, uint64_t most) {
  if (ahead_.kind != TokenKind::Integer) unexpected(what);
  if (ahead_.bits > most) fail<ArtifactError>(line(), what, " is ", ahead_.text, "; expected at most ", most);
  return take().bits;
}

uint64_t Reader::expect_signed(std::string_view what) {
  const bool negative = accept('-');
  if (!negative) accept('+');
  uint64_t value = expect_integer(what, UINT64_MAX);
  return negative ? uint64_t{0} - value : value;
}

uint64_t Reader::read_offset() {
  if (!accept('+') && !ahead_.is('-')) return 0;
  return expect_signed("an offset");
}

uint32_t Reader::expect_alignment() {
  const uint32_t at = line();
  auto align = static_cast<uint32_t>(expect_integer("an alignment", 65536));
  if (!std::has_single_bit(align)) fail<ArtifactError>(at, "alignment ", align, " is no power of two");
  return align;
}

std::string Reader::take_tokens_until(char end) {
  std::string text;
  for (uint32_t depth = 0; depth > 0 || !ahead_.is(end);) {
    if (ahead_.kind == TokenKind::End || ahead_.kind == TokenKind::String) unexpected(concat("'", end, "'"));
    depth += ahead_.is('(');
    if (ahead_.is(')') && depth > 0) --depth;
    const Token token = take();
    text += concat(text.empty() ? "" : " ", token.kind == TokenKind::DotWord ? "." : "", token.text);
  }
  return text;
}

std::string_view Reader::take_section() {
  if (!ahead_.is('{')) unexpected("'{'");
  std::string_view text = lexer_.raw_until_brace();
  ahead_ = lexer_.next();
  expect('}');
  return text;
}

void Reader::unexpected(std::string_view expected) const {
  if (ahead_.kind == TokenKind::End) {
    fail<ArtifactError>(line(), "the text ends here; expected ", expected, ": is the file cut off?");
  }
  fail<ArtifactError>(line(), "unexpected '", printable(ahead_.text), "'; expected ", expected);
}

}  // namespace triton_runner::ptx
