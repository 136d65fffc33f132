#include "ir/mlir_marks.h"

#include "ir/mlir_text.h"

namespace triton_runner::ir::mlir {
namespace {

std::string_view prefix_of(const Op& op) {
  const size_t open = op.head.find('"');
  const size_t close = open == std::string_view::npos ? open : op.head.find('"', open + 1);
  return close == std::string_view::npos ? std::string_view{} : op.head.substr(open + 1, close - open - 1);
}

void collect(const Region& region, std::vector<const Op*>& out) {
  for (const auto& block : region.blocks) {
    for (const auto& op : block->ops) {
      if (is_mark(*op)) out.push_back(op.get());
      for (const auto& inner : op->regions) collect(*inner, out);
    }
  }
}

}  // namespace

bool is_mark(const Op& op) {
  const std::string_view prefix = op.name == "tt.print" ? prefix_of(op) : std::string_view{};
  return prefix.starts_with(kMarkPrefix) || prefix.starts_with(kSlotPrefix);
}

std::vector<Marked> marked_values(const Op& op) {
  if (!is_mark(op)) return {};
  // tt.print "prefix" {hex = false, isSigned = array<i32: 0>} : %x, %o : tensor<8xf32>, i32
  const auto first = find_outside(op.head, " : ");
  const auto second = first ? find_outside(op.head, " : ", *first + 3) : first;
  if (!second) return {};
  const auto operands = split_outside(op.head.substr(*first + 3, *second - *first - 3));
  const auto types = split_outside(op.head.substr(*second + 3));
  std::vector<Marked> out;
  for (size_t i = 0; i < operands.size() && i < types.size(); ++i) {
    out.push_back({std::string(prefix_of(op)) + (i == 0 ? "" : "#" + std::to_string(i)), std::string(operands[i]),
                   std::string(types[i])});
  }
  return out;
}

std::vector<const Op*> find_marks(const Module& module) {
  std::vector<const Op*> out;
  collect(module.top, out);
  return out;
}

}  // namespace triton_runner::ir::mlir
