#include "ptx/scope.h"

#include <charconv>

namespace triton_runner::ptx {
namespace {

// Splits %r12 into %r and 12. No number where there is none, or where it is not spelled as a register number is
// (%r012).
std::optional<uint32_t> split_number(std::string_view name, std::string_view& stem) {
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
  std::string_view number = name.substr(digits);
  if (number.empty() || (number.size() > 1 && number[0] == '0')) return std::nullopt;
  uint32_t value = 0;
  auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc()) return std::nullopt;
  stem = name.substr(0, digits);
  return value;
}

}  // namespace

bool ScopeStack::declare(std::string_view name, Symbol symbol) {
  return scopes_.back().symbols.emplace(name, symbol).second;
}

bool ScopeStack::declare_label(std::string_view name, uint32_t label) {
  return scopes_.back().labels.emplace(name, label).second;
}

bool ScopeStack::declare_family(std::string_view stem, RegisterFamily family) {
  return scopes_.back().families.emplace(stem, family).second;
}

std::optional<Symbol> ScopeStack::find(std::string_view name) const {
  std::string_view stem;
  const std::optional<uint32_t> number = split_number(name, stem);
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    auto exact = scope->symbols.find(name);
    if (exact != scope->symbols.end()) return exact->second;
    if (!number) continue;
    auto family = scope->families.find(stem);
    if (family != scope->families.end() && *number < family->second.count) {
      return Symbol{Symbol::Kind::Register, SymbolKind::Variable, family->second.first + *number};
    }
  }
  return std::nullopt;
}

}  // namespace triton_runner::ptx
