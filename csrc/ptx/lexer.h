// Cuts PTX text into tokens, one at a time, without copying it.
//
// A dot-word (".global", ".shared::cta", ".16x64b") is one token: directives, types and modifiers are all spelled so.
// Comments and blanks are dropped. Text that is no token is an ArtifactError with its line. Tested in
// tests/csrc/ptx/test_lexer.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace triton_runner::ptx {

enum class TokenKind : uint8_t {
  Identifier,  // %r12, $L__BB0_1, add, _
  DotWord,     // text without the leading dot
  Integer,     // bits
  Float32,     // 0f3F800000: bits
  Float64,     // 0d3FF0000000000000 and decimal literals: bits
  String,      // text between the quotes, escapes kept
  Punctuator,  // one character
  End,
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;
  uint64_t bits = 0;
  uint32_t line = 1;
  bool touches = false;  // no blank between it and the token before

  bool is(char punctuator) const { return kind == TokenKind::Punctuator && text[0] == punctuator; }
  bool is_word(std::string_view word) const { return kind == TokenKind::DotWord && text == word; }
  bool is_identifier() const { return kind == TokenKind::Identifier; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next();

  // The text from here to the `}` that ends a debug section, verbatim; the next token is that brace.
  std::string_view raw_until_brace();

  // "PTX line 12, 'add.s32 %r1;': ", the start of every message about the text.
  std::string where(uint32_t line) const;

 private:
  void skip_blanks();
  void skip_comment();
  Token number(Token token);
  Token digits(Token token, size_t start, int base);
  Token exact_float(Token token, size_t digit_count);
  Token decimal_float(Token token, size_t start);
  [[noreturn]] void fail(std::string_view problem) const;
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  template <typename Predicate>
  void skip_while(Predicate predicate) {
    while (at_ < text_.size() && predicate(text_[at_])) ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
};

// Text for a message: printable characters only, of bounded length.
std::string printable(std::string_view text);

}  // namespace triton_runner::ptx
