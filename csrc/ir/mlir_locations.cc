#include "ir/mlir_locations.h"

#include <charconv>

#include "ir/mlir_text.h"

namespace triton_runner::ir::mlir {
namespace {

constexpr int kMaxDepth = 64;  // of aliases and callsites; a circle of aliases ends here

// The string at the front of `text`, which begins with a quote; `text` goes behind it.
std::string take_string(std::string_view& text) {
  std::string out;
  size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

}  // namespace

Locations::Locations(const Module& module) {
  for (const std::string_view line : module.loc_lines) {
    const size_t equals = line.find(" = loc(");
    if (equals == std::string_view::npos) continue;
    const std::string_view inner = line.substr(equals + 7);
    aliases_.emplace(line.substr(0, equals), inner.substr(0, inner.rfind(')')));
  }
}

Origin Locations::resolve(std::string_view text) const {
  Origin origin;
  add(text, origin, 0);
  return origin;
}

void Locations::add(std::string_view text, Origin& origin, int depth) const {
  text = trim(text);
  if (depth > kMaxDepth || text.empty()) return;
  if (text.starts_with('#')) {
    if (const auto found = aliases_.find(text); found != aliases_.end()) add(found->second, origin, depth + 1);
  } else if (text.starts_with("callsite(")) {
    const std::string_view inside = text.substr(9, text.size() - 10);
    const auto at = find_outside(inside, " at ");
    if (!at) return;
    add(inside.substr(0, *at), origin, depth + 1);
    add(inside.substr(*at + 4), origin, depth + 1);
  } else if (text.starts_with("fused")) {
    const auto open = find_outside(text, "[");
    if (!open) return;
    const auto parts = split_outside(text.substr(*open + 1, text.size() - *open - 2));
    if (!parts.empty()) add(parts[0], origin, depth + 1);
  } else if (text.starts_with('"')) {
    const std::string name = take_string(text);
    if (text.starts_with(':')) {
      SourceLine source{name, 0};
      std::from_chars(text.data() + 1, text.data() + text.size(), source.line);
      origin.sources.push_back(source);
      return;
    }
    if (origin.variable.empty()) origin.variable = name;
    if (text.starts_with('(')) add(text.substr(1, text.size() - 2), origin, depth + 1);
  }
}

}  // namespace triton_runner::ir::mlir
