// A map from names that owns them and is asked with views.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace triton_runner::ptx {

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
};

template <typename Value>
using NameMap = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;

}  // namespace triton_runner::ptx
