// Looking through MLIR text without being taken in by brackets, strings and comments. Tested in
// tests/csrc/ir/test_mlir_text.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace triton_runner::ir {

// Walks over text token by token and keeps the depth of (), [], {} and <>; the > of -> closes nothing.
class BracketScanner {
 public:
  BracketScanner(std::string_view text, size_t at) : text_(text), at_(at) {}

  bool at_end() const { return at_ >= text_.size(); }
  size_t at() const { return at_; }
  int depth() const { return depth_; }
  char peek() const { return text_[at_]; }
  void step();  // past one character, a whole string, a whole comment, or ->

 private:
  std::string_view text_;
  size_t at_;
  int depth_ = 0;
};

// First place of `needle` outside of all brackets and strings.
std::optional<size_t> find_outside(std::string_view text, std::string_view needle, size_t from = 0);
// The last one.
std::optional<size_t> rfind_outside(std::string_view text, std::string_view needle);

// The offset of the bracket that closes the one at `open`; npos where none does.
size_t closing_bracket(std::string_view text, size_t open);

// The parts between commas outside of brackets, trimmed. No part for blank text.
std::vector<std::string_view> split_outside(std::string_view text);

std::string_view trim(std::string_view text);
bool is_name_char(char c);  // of an SSA name, an operation or an alias

}  // namespace triton_runner::ir
