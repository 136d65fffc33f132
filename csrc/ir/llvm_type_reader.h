// Reads types from the tokens of one line or list. Tested in tests/csrc/ir/test_llvm_reader.cc.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "ir/llvm_lexer.h"
#include "ir/llvm_type.h"

namespace triton_runner::ir {

// A place in a list of tokens. Behind the last one there are End tokens.
class LlvmTokens {
 public:
  explicit LlvmTokens(std::vector<LlvmToken> tokens) : tokens_(std::move(tokens)) {}

  const LlvmToken& peek(size_t ahead = 0) const { return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : end_; }
  LlvmToken take();
  bool accept(char punctuator);
  bool accept_word(std::string_view word);
  bool at_end() const { return at_ >= tokens_.size(); }
  // Over a group in brackets, whose opening one is ahead.
  void skip_group();
  // Up to a type, over flags and attributes: "nuw", "align 4", "range(i32 0, 1024)".
  void skip_to_type();
  bool is_type_ahead() const;
  // Up to the next comma outside of brackets, or the end; true where there is a comma, which is taken.
  bool skip_past_comma();

  // The type ahead; Kind::Other where it is one that no register of a GPU holds.
  LlvmType read_type(unsigned depth = 0);

 private:
  std::vector<LlvmToken> tokens_;
  size_t at_ = 0;
  LlvmToken end_;
};

bool opens(const LlvmToken& token);
bool closes(const LlvmToken& token);

}  // namespace triton_runner::ir
