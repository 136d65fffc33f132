// Appends parts to a text.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace triton_runner::ptx {

class TextWriter {
 public:
  template <typename... Parts>
  void put(const Parts&... parts) {
    (put_one(parts), ...);
  }
  // "+8", "+-8" (ptxas knows no other spelling), or nothing.
  void put_offset(int64_t offset) {
    if (offset != 0) put("+", offset);
  }
  std::string take() { return std::move(text_); }

 private:
  void put_one(std::string_view text) { text_ += text; }
  void put_one(char c) { text_ += c; }
  template <std::integral Number>
  void put_one(Number number) {
    text_ += std::to_string(number);
  }

  std::string text_;
};

}  // namespace triton_runner::ptx
