#include "ir/mlir_result_types.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>

#include "ir/mlir_text.h"
#include "ir/mlir_types.h"

namespace triton_runner::ir::mlir {
namespace {

// How the printed types give the result's.
enum class Rule : uint8_t {
  First,    // `tt.addptr %p, %o : P, O` gives a P
  Last,     // `arith.select %c, %a, %b : C, T` gives a T
  Pointee,  // `tt.load %p : tensor<8x!tt.ptr<f16>>` gives tensor<8xf16>
  Bool,     // `arith.cmpi slt, %a, %b : tensor<8xi32>` gives tensor<8xi1>
  Token,
  Descriptor,
};

constexpr std::array<std::pair<std::string_view, Rule>, 10> kRules{{
    {"arith.cmpf", Rule::Bool},
    {"arith.cmpi", Rule::Bool},
    {"arith.select", Rule::Last},
    {"tt.addptr", Rule::First},
    {"tt.load", Rule::Pointee},
    {"tt.make_tensor_descriptor", Rule::Descriptor},
    {"ttg.async_commit_group", Rule::Token},
    {"ttg.async_copy_global_to_local", Rule::Token},
    {"ttg.async_wait", Rule::Token},
    {"ttng.async_tma_gather", Rule::Token},
}};

std::optional<Rule> rule_of(std::string_view op) {
  const auto* found = std::ranges::find(kRules, op, &decltype(kRules)::value_type::first);
  return found == kRules.end() ? std::nullopt : std::optional(found->second);
}

// The types behind the last colon or arrow, without parentheses around them.
std::vector<std::string_view> printed_types(std::string_view text) {
  std::string_view types;
  const auto colon = rfind_outside(text, " : ");
  const auto arrow = rfind_outside(text, "-> ");
  if (arrow) {
    types = text.substr(*arrow + 3);
    // scf.for prints the type of its induction variable behind the types of its results.
    if (const auto after = find_outside(types, " : ")) types = types.substr(0, *after);
  } else if (colon) {
    types = text.substr(*colon + 3);
    if (const auto to = find_outside(types, " to ")) types = types.substr(*to + 4);
  } else if (text.starts_with(": ")) {
    types = text.substr(2);
  }
  types = trim(types);
  if (types.starts_with('(') && closing_bracket(types, 0) == types.size() - 1)
    types = types.substr(1, types.size() - 2);
  return split_outside(types);
}

std::string pointee(std::string_view pointers) {
  const Type type = parse_type(pointers);
  constexpr std::string_view kPointer = "!tt.ptr<";
  if (!type.element.starts_with(kPointer)) return {};
  std::string_view inside = type.element.substr(kPointer.size(), type.element.size() - kPointer.size() - 1);
  if (const auto parts = split_outside(inside); parts.size() > 1) inside = parts[0];  // an address space follows
  return with_element(type, inside);
}

std::string apply(Rule rule, const std::vector<std::string_view>& printed) {
  switch (rule) {
    case Rule::Token:
      return "!ttg.async.token";
    case Rule::Descriptor:
      return "!tt.tensordesc";
    case Rule::First:
      return printed.empty() ? "" : std::string(printed.front());
    case Rule::Last:
      return printed.empty() ? "" : std::string(printed.back());
    case Rule::Pointee:
      return printed.empty() ? "" : pointee(printed.front());
    case Rule::Bool:
      return printed.empty() ? "" : with_element(parse_type(printed.front()), "i1");
  }
  return {};
}

// The region-bearing operations that end in their signature (tt.reduce), and those that begin with it (scf.for).
std::string_view signature_text(const Op& op) {
  const bool behind = !op.regions.empty() && (op.tail.find("->") != std::string_view::npos);
  return behind ? op.tail : op.head;
}

// "%a = %x, %b = %y" of `keyword(...)`, with the types given.
void read_carried(std::string_view head, std::string_view keyword, const std::vector<std::string_view>& types,
                  std::vector<Argument>& out) {
  const auto at = find_outside(head, keyword);
  if (!at) return;
  const size_t open = head.find('(', *at);
  if (open == std::string_view::npos) return;
  const size_t close = closing_bracket(head, open);
  if (close == std::string_view::npos) return;
  const auto parts = split_outside(head.substr(open + 1, close - open - 1));
  for (size_t i = 0; i < parts.size() && i < types.size(); ++i) {
    out.push_back({trim(parts[i].substr(0, parts[i].find('='))), types[i], {}});
  }
}

}  // namespace

size_t result_count(const Op& op) {
  return std::accumulate(op.results.begin(), op.results.end(), size_t{0},
                         [](size_t sum, const ResultGroup& group) { return sum + group.count; });
}

std::vector<std::string> result_names(const Op& op) {
  std::vector<std::string> names;
  for (const ResultGroup& group : op.results) {
    for (size_t i = 0; i < group.count; ++i) {
      names.push_back(group.count == 1 ? std::string(group.name) : std::string(group.name) + "#" + std::to_string(i));
    }
  }
  return names;
}

std::vector<std::string> result_types(const Op& op) {
  const size_t count = result_count(op);
  if (count == 0) return {};
  const auto printed = printed_types(signature_text(op));
  if (const auto rule = rule_of(op.name)) return std::vector<std::string>(count, apply(*rule, printed));
  if (op.name == "arith.constant" && (op.head.ends_with("true") || op.head.ends_with("false"))) return {"i1"};
  if (printed.size() == count) return {printed.begin(), printed.end()};
  // `arith.addf %a, %b : T`, and `tt.split %x : T -> U` with two results of type U.
  return std::vector<std::string>(count, printed.size() == 1 ? std::string(printed.front()) : "");
}

std::vector<Argument> head_arguments(const Op& op) {
  std::vector<Argument> args;
  if (op.name == "scf.for") {
    const size_t percent = op.head.find('%');
    const size_t equals = op.head.find(" = ");
    if (percent == std::string_view::npos || equals == std::string_view::npos || equals < percent) return args;
    const auto colon = rfind_outside(op.head, " : ");
    const std::string_view type = colon ? trim(op.head.substr(*colon + 3)) : std::string_view("index");
    args.push_back({op.head.substr(percent, equals - percent), type, {}});
    if (const auto arrow = find_outside(op.head, "-> ")) {
      read_carried(op.head, "iter_args", printed_types(op.head), args);
    }
  } else if (op.name == "scf.while") {
    const auto arrow = find_outside(op.head, " -> ");
    if (arrow) read_carried(op.head.substr(0, *arrow), "(", printed_types(op.head.substr(0, *arrow)), args);
  }
  return args;
}

}  // namespace triton_runner::ir::mlir
