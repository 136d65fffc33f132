// The token stream of the parsers: one token ahead, and the small readings that every rule of the grammar is made of.
// An error names the line, shows it, and says what was expected.
#pragma once

#include <string>
#include <string_view>

#include "ptx/lexer.h"
#include "runtime/error.h"

namespace triton_runner::ptx {

class Reader {
 public:
  explicit Reader(std::string_view text) : lexer_(text), ahead_(lexer_.next()) {}

  const Token& peek() const { return ahead_; }
  uint32_t line() const { return ahead_.line; }
  Token take();

  bool accept(char punctuator);
  bool accept_word(std::string_view word);
  void expect(char punctuator);
  std::string_view expect_identifier(std::string_view what);
  std::string_view expect_string(std::string_view what);
  // An integer from 0 to `most`.
  uint64_t expect_integer(std::string_view what, uint64_t most);
  // An optional sign before an integer; two's complement.
  uint64_t expect_signed(std::string_view what);
  // `+4`, `+-4` or `-4` behind a name; 0 where there is none.
  uint64_t read_offset();
  // An alignment: a power of two, at most 65536.
  uint32_t expect_alignment();

  // The tokens before the next `end`, which is not inside of other parentheses; a blank between them.
  std::string take_tokens_until(char end);
  std::string_view take_section();  // from behind `{` to before `}`

  // ArtifactError about the token ahead.
  [[noreturn]] void unexpected(std::string_view expected) const;

  template <typename Kind, typename... Parts>
  [[noreturn]] void fail(uint32_t line, const Parts&... parts) const {
    raise<Kind>(lexer_.where(line), parts...);
  }

 private:
  Lexer lexer_;
  Token ahead_;
};

}  // namespace triton_runner::ptx
