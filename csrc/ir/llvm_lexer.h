// Cuts LLVM IR text into tokens, one at a time, without copying it. Comments are dropped; a token tells whether a line
// starts with it, since the printed form has one instruction a line. Tested in tests/csrc/ir/test_llvm_lexer.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace triton_runner::ir {

enum class LlvmTokenKind : uint8_t {
  Word,        // define, i32, 12, -3, 0x3FF0000000000000, x; a label has its colon
  Local,       // %12, %.lr.ph, %"a b"
  Global,      // @kernel
  Metadata,    // !12, !dbg, !DILocation
  Attributes,  // #3, #dbg_value
  String,      // "text", c"text"; the quotes are part of it
  Punctuator,  // one character
  End,
};

struct LlvmToken {
  LlvmTokenKind kind = LlvmTokenKind::End;
  std::string_view text;
  uint32_t line = 1;
  bool starts_line = false;

  bool is(char punctuator) const { return kind == LlvmTokenKind::Punctuator && text[0] == punctuator; }
  bool is_word(std::string_view word) const { return kind == LlvmTokenKind::Word && text == word; }
};

class LlvmLexer {
 public:
  explicit LlvmLexer(std::string_view text, uint32_t line = 1) : text_(text), line_(line) {}
  LlvmToken next();

 private:
  bool skip_blanks();
  size_t end_of_string(size_t at) const;
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_;
};

// "LLVM IR line 12, '%3 = add': ", the start of every message about the text.
std::string llvm_where(std::string_view text, uint32_t line);

}  // namespace triton_runner::ir
