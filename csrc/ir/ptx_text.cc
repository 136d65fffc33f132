#include "ir/ptx_text.h"

#include <utility>

#include "ptx/lexer.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using ptx::Token;
using ptx::TokenKind;

class Locator {
 public:
  Locator(std::string_view text, const ptx::Function& kernel)
      : text_(text), kernel_(kernel), lexer_(text), ahead_(lexer_.next()) {}

  PtxKernelText run() {
    while (!read_head()) {
    }
    read_body();
    TR_ASSERT(found_.instructions.size() == kernel_.instructions.size());
    return std::move(found_);
  }

 private:
  Token take() { return std::exchange(ahead_, lexer_.next()); }
  size_t offset_of(const Token& token) const {
    const auto offset = static_cast<size_t>(token.text.data() - text_.data());
    return token.kind == TokenKind::DotWord || token.kind == TokenKind::String ? offset - 1 : offset;
  }
  size_t end_of(const Token& token) const { return offset_of(token) + token.text.size(); }
  // The offset behind the punctuator, which is ahead.
  size_t take_punctuator() { return offset_of(take()) + 1; }
  size_t skip_past(char end);
  bool read_head();
  void read_params();
  bool skip_to_body();
  void read_body();
  void skip_loc();
  void read_directive();
  void read_instruction(size_t begin);

  std::string_view text_;
  const ptx::Function& kernel_;
  ptx::Lexer lexer_;
  Token ahead_;
  std::vector<uint32_t> scopes_;
  uint32_t scope_count_ = 0;
  PtxKernelText found_;
};

size_t Locator::skip_past(char end) {
  while (!ahead_.is(end)) {
    TR_ASSERT(ahead_.kind != TokenKind::End);
    take();
  }
  return take_punctuator();
}

// Whether the tokens up to here were the head of the kernel that is wanted, and its body is ahead.
bool Locator::read_head() {
  TR_ASSERT(ahead_.kind != TokenKind::End);
  const Token token = take();
  if (token.is_word("section")) {
    while (!ahead_.is('{')) take();
    lexer_.raw_until_brace();
    ahead_ = lexer_.next();
    return false;
  }
  if (!token.is_word("entry") || ahead_.text != kernel_.name) return false;
  found_ = {};
  found_.name_end = end_of(take());
  if (ahead_.is('(')) read_params();
  return skip_to_body();
}

void Locator::read_params() {
  found_.has_params = true;
  take();
  while (!ahead_.is(')')) {
    TR_ASSERT(ahead_.kind != TokenKind::End);
    found_.params.push_back(offset_of(ahead_));
    while (!ahead_.is(',') && !ahead_.is(')') && ahead_.kind != TokenKind::End) take();
    if (ahead_.is(',')) take();
  }
  found_.params_end = offset_of(take());
}

// Over the directives between the parameters and the body; false where the kernel is only declared here.
bool Locator::skip_to_body() {
  while (!ahead_.is('{')) {
    TR_ASSERT(ahead_.kind != TokenKind::End);
    if (ahead_.is(';')) return false;
    if (take().is_word("pragma")) skip_past(';');
  }
  found_.body = take_punctuator();
  return true;
}

void Locator::read_body() {
  scopes_.push_back(0);
  while (!scopes_.empty()) {
    TR_ASSERT(ahead_.kind != TokenKind::End);
    const size_t begin = offset_of(ahead_);
    if (ahead_.is('{')) {
      scopes_.push_back(++scope_count_);
      take();
    } else if (ahead_.is('}')) {
      scopes_.pop_back();
      if (!scopes_.empty()) take();
    } else if (ahead_.is(';')) {
      take();
    } else if (ahead_.kind == TokenKind::DotWord) {
      read_directive();
    } else {
      read_instruction(begin);
    }
  }
}

// `.loc` alone has no semicolon: three numbers, then options behind commas.
void Locator::skip_loc() {
  for (int i = 0; i < 3; ++i) take();
  while (ahead_.is(',')) {
    take();
    const bool names_function = take().text == "function_name";
    if (!names_function) {
      for (int i = 0; i < 3; ++i) take();
      continue;
    }
    take();
    if (!ahead_.is('+') && !ahead_.is('-')) continue;
    while (ahead_.is('+') || ahead_.is('-')) take();
    take();
  }
}

void Locator::read_directive() {
  if (take().is_word("loc")) return skip_loc();
  skip_past(';');
}

// An instruction, or a label: `name:`, which may name a table that ends with a semicolon.
void Locator::read_instruction(size_t begin) {
  const bool is_guarded = take().is('@');
  if (!is_guarded && ahead_.is(':')) {
    take();
    if (ahead_.is_word("branchtargets") || ahead_.is_word("callprototype")) skip_past(';');
    return;
  }
  found_.instructions.push_back({begin, skip_past(';'), scopes_.back()});
}

}  // namespace

PtxKernelText locate_kernel(std::string_view text, const ptx::Function& kernel) { return Locator(text, kernel).run(); }

}  // namespace triton_runner::ir
