#include "ir/mlir_flight.h"

#include <functional>
#include <string_view>
#include <vector>

#include "ir/mlir_result_types.h"
#include "ir/mlir_text.h"

namespace triton_runner::ir::mlir {
namespace {

using Names = std::vector<std::string>;

void for_each_op(const Region& region, const std::function<void(const Op&)>& visit) {
  for (const auto& block : region.blocks) {
    for (const auto& op : block->ops) {
      visit(*op);
      for (const auto& inner : op->regions) for_each_op(*inner, visit);
    }
  }
}

// The operands of an operation that are printed as a plain list: `scf.yield %a, %b : T, U`.
Names listed_operands(const Op& op) {
  const size_t first = op.head.find('%');
  if (first == std::string_view::npos) return {};
  std::string_view list = op.head.substr(first);
  for (const std::string_view stop : {" : ", " {"}) {
    if (const auto at = find_outside(list, stop)) list = list.substr(0, *at);
  }
  Names out;
  for (const std::string_view part : split_outside(list)) out.emplace_back(part);
  return out;
}

class Flight {
 public:
  explicit Flight(const Op& function) {
    const auto visit = [&](const Op& op) { add(op); };
    size_t before = 0;
    do {  // around loops until nothing more is found
      before = names_.size();
      for (const auto& region : function.regions) for_each_op(*region, visit);
    } while (names_.size() != before);
  }
  std::set<std::string> take() { return std::move(names_); }

 private:
  void add(const Op& op) {
    const Names results = result_names(op);
    if (op.name == "ttng.warp_group_dot") {
      if (op.head.find("isAsync = true") != std::string_view::npos) names_.insert(results.begin(), results.end());
    } else if (op.name == "ttng.warp_group_dot_wait") {
      if (op.head.find("pendings = 0 ") == std::string_view::npos) pass(listed_operands(op), results);
    } else if (op.name == "scf.yield" && parent(*op.block) != nullptr) {
      yield(*parent(*op.block), listed_operands(op));
    }
  }

  void yield(const Op& into, const Names& values) {
    pass(values, result_names(into));
    if (into.name != "scf.for") return;
    Names carried;
    for (const Argument& arg : head_arguments(into)) carried.emplace_back(arg.name);
    if (!carried.empty()) carried.erase(carried.begin());  // the induction variable
    pass(values, carried);
  }

  void pass(const Names& from, const Names& to) {
    for (size_t i = 0; i < from.size() && i < to.size(); ++i) {
      if (names_.contains(from[i])) names_.insert(to[i]);
    }
  }

  std::set<std::string> names_;
};

}  // namespace

std::set<std::string> values_in_flight(const Op& function) { return Flight(function).take(); }

}  // namespace triton_runner::ir::mlir
