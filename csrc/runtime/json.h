// JSON for the sidecars: a strict reader and a canonical writer of one small value type.
//
// Ours, because the extension must build with torch and g++ alone and no vendored code. Follows RFC 8259, and accepts
// NaN and (-)Infinity as Python's json module writes them. Integers that fit int64 keep every bit.
// Tested in tests/csrc/runtime/test_json.cc, fuzzed through tests/fuzz/sidecar_reader.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace triton_runner {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;  // in the order of the text; keys are unique

  Json() : value_(nullptr) {}
  Json(std::nullptr_t) : value_(nullptr) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(static_cast<int64_t>(value)) {}
  Json(int64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  template <typename T>
  const T* get() const {
    return std::get_if<T>(&value_);
  }
  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  const char* type_name() const;
  const Json* find(std::string_view key) const;  // nullptr where this is no object or has no such key

  std::string dump() const;  // no spaces; the same value gives the same bytes

  // MetadataError with line and column.
  static Json parse(std::string_view text);

 private:
  void write(std::string& out) const;
  std::variant<std::nullptr_t, bool, int64_t, double, std::string, Array, Object> value_;
};

}  // namespace triton_runner
