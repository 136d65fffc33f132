#include "ptx/lexer.h"

#include <bit>
#include <charconv>

#include "runtime/error.h"

namespace triton_runner::ptx {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word_char(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
bool is_identifier_char(char c) { return is_word_char(c) || c == '$'; }
bool starts_identifier(char c) { return is_letter(c) || c == '_' || c == '$' || c == '%'; }

}  // namespace

std::string printable(std::string_view text) {
  constexpr size_t kLongest = 160;
  std::string out;
  for (char c : text.substr(0, kLongest)) out += (c >= ' ' && c <= '~') ? c : (c == '\t' ? ' ' : '?');
  if (text.size() > kLongest) out += "...";
  return out;
}

Token Lexer::next() {
  size_t before = at_;
  skip_blanks();
  Token token;
  token.line = line_;
  token.touches = at_ == before && at_ != 0;
  if (at_ >= text_.size()) return token;
  const size_t start = at_;
  const char c = peek();
  if (is_digit(c)) return number(token);
  if (starts_identifier(c)) {
    ++at_;
    skip_while(is_identifier_char);
    token.kind = TokenKind::Identifier;
  } else if (c == '.' && is_word_char(peek(1))) {
    do {
      at_ += peek() == '.' ? 1 : 2;
      skip_while(is_word_char);
    } while (peek() == ':' && peek(1) == ':' && is_word_char(peek(2)));
    token.kind = TokenKind::DotWord;
    token.text = text_.substr(start + 1, at_ - start - 1);
    return token;
  } else if (c == '"') {
    ++at_;
    skip_while([](char other) { return other != '"' && other != '\n'; });
    if (peek() != '"') fail("the string has no end; expected '\"' on the same line");
    token.kind = TokenKind::String;
    token.text = text_.substr(start + 1, at_ - start - 1);
    ++at_;
    return token;
  } else if (std::string_view("{}[]()<>,;:@!|+-=*").find(c) != std::string_view::npos) {
    ++at_;
    token.kind = TokenKind::Punctuator;
  } else {
    fail(concat("unexpected character 0x", std::string_view("0123456789abcdef").substr((c >> 4) & 15, 1),
                std::string_view("0123456789abcdef").substr(c & 15, 1), "; is this PTX text?"));
  }
  token.text = text_.substr(start, at_ - start);
  return token;
}

void Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    char c = text_[at_];
    if (c == '\n') ++line_;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at_;
    } else if (c == '/' && (peek(1) == '/' || peek(1) == '*')) {
      skip_comment();
    } else {
      return;
    }
  }
}

void Lexer::skip_comment() {
  if (peek(1) == '/') return skip_while([](char c) { return c != '\n'; });
  for (at_ += 2; at_ < text_.size(); ++at_) {
    if (peek() == '*' && peek(1) == '/') {
      at_ += 2;
      return;
    }
    if (peek() == '\n') ++line_;
  }
  fail("the comment has no end; expected */");
}

Token Lexer::number(Token token) {
  const size_t start = at_;
  if (peek() == '0') {
    switch (peek(1)) {
      case 'f':
      case 'F':
        return exact_float(token, 8);
      case 'd':
      case 'D':
        return exact_float(token, 16);
      case 'x':
      case 'X':
        at_ += 2;
        return digits(token, start, 16);
      case 'b':
      case 'B':
        at_ += 2;
        return digits(token, start, 2);
      default:
        break;
    }
  }
  skip_while(is_digit);
  const char after = peek();
  if ((after == '.' && is_digit(peek(1))) || after == 'e' || after == 'E') return decimal_float(token, start);
  at_ = start;
  return digits(token, start, peek() == '0' && is_digit(peek(1)) ? 8 : 10);
}

Token Lexer::digits(Token token, size_t start, int base) {
  const char* last = text_.data() + text_.size();
  auto [rest, error] = std::from_chars(text_.data() + at_, last, token.bits, base);
  if (error == std::errc::result_out_of_range) fail("the integer does not fit into 64 bits");
  if (error != std::errc()) fail("expected digits");
  at_ = static_cast<size_t>(rest - text_.data());
  if (peek() == 'U') ++at_;
  if (is_identifier_char(peek())) fail("a number runs into a letter or a digit that its base does not have");
  token.kind = TokenKind::Integer;
  token.text = text_.substr(start, at_ - start);
  return token;
}

Token Lexer::exact_float(Token token, size_t digit_count) {
  const size_t start = at_;
  at_ += 2;
  const size_t first = at_;
  skip_while(is_hex);
  if (at_ - first != digit_count || is_identifier_char(peek())) {
    fail(concat("expected ", digit_count, " hexadecimal digits after ", text_.substr(start, 2)));
  }
  std::from_chars(text_.data() + first, text_.data() + at_, token.bits, 16);
  token.kind = digit_count == 8 ? TokenKind::Float32 : TokenKind::Float64;
  token.text = text_.substr(start, at_ - start);
  return token;
}

Token Lexer::decimal_float(Token token, size_t start) {
  double value = 0;
  auto [rest, error] = std::from_chars(text_.data() + start, text_.data() + text_.size(), value);
  if (error != std::errc()) fail("expected a floating-point literal");
  at_ = static_cast<size_t>(rest - text_.data());
  if (is_identifier_char(peek())) fail("a number runs into a letter");
  token.kind = TokenKind::Float64;
  token.bits = std::bit_cast<uint64_t>(value);
  token.text = text_.substr(start, at_ - start);
  return token;
}

std::string_view Lexer::raw_until_brace() {
  const size_t start = at_;
  while (at_ < text_.size() && peek() != '}') {
    if (peek() == '/' && (peek(1) == '/' || peek(1) == '*')) {
      skip_comment();
      continue;
    }
    if (peek() == '\n') ++line_;
    ++at_;
  }
  if (at_ >= text_.size()) fail("the section has no end; expected '}': is the file cut off?");
  return text_.substr(start, at_ - start);
}

std::string Lexer::where(uint32_t line) const {
  size_t start = 0;
  for (uint32_t passed = 1; passed < line; ++passed) {
    size_t newline = text_.find('\n', start);
    if (newline == std::string_view::npos) break;
    start = newline + 1;
  }
  std::string_view text = text_.substr(start, text_.find('\n', start) - start);
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
  return concat("PTX line ", line, ", '", printable(text), "': ");
}

void Lexer::fail(std::string_view problem) const { raise<ArtifactError>(where(line_), problem); }

}  // namespace triton_runner::ptx
