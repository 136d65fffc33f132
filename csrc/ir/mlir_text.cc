#include "ir/mlir_text.h"

#include <algorithm>
#include <cctype>

namespace triton_runner::ir {

void BracketScanner::step() {
  const char c = text_[at_];
  if (c == '"') {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    at_ = std::min(at_ + 1, text_.size());
    return;
  }
  if (c == '/' && text_.substr(at_, 2) == "//") {
    at_ = std::min(text_.find('\n', at_), text_.size());
    return;
  }
  if (c == '-' && text_.substr(at_, 2) == "->") {
    at_ += 2;
    return;
  }
  if (c == '(' || c == '[' || c == '{' || c == '<') ++depth_;
  if (c == ')' || c == ']' || c == '}' || c == '>') --depth_;
  ++at_;
}

std::optional<size_t> find_outside(std::string_view text, std::string_view needle, size_t from) {
  for (BracketScanner scan(text, from); !scan.at_end(); scan.step()) {
    if (scan.depth() == 0 && text.substr(scan.at()).starts_with(needle)) return scan.at();
  }
  return std::nullopt;
}

std::optional<size_t> rfind_outside(std::string_view text, std::string_view needle) {
  std::optional<size_t> found;
  for (BracketScanner scan(text, 0); !scan.at_end(); scan.step()) {
    if (scan.depth() == 0 && text.substr(scan.at()).starts_with(needle)) found = scan.at();
  }
  return found;
}

size_t closing_bracket(std::string_view text, size_t open) {
  BracketScanner scan(text, open);
  scan.step();
  while (!scan.at_end()) {
    const size_t at = scan.at();
    scan.step();
    if (scan.depth() == 0) return at;
  }
  return std::string_view::npos;
}

std::vector<std::string_view> split_outside(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (BracketScanner scan(text, 0); !scan.at_end(); scan.step()) {
    if (scan.depth() == 0 && scan.peek() == ',') {
      parts.push_back(trim(text.substr(begin, scan.at() - begin)));
      begin = scan.at() + 1;
    }
  }
  const std::string_view last = trim(text.substr(begin));
  if (!last.empty() || !parts.empty()) parts.push_back(last);
  return parts;
}

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '$' || c == '-';
}

}  // namespace triton_runner::ir
