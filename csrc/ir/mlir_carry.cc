#include "ir/mlir_carry.h"

#include <algorithm>
#include <functional>

#include "ir/mlir_text.h"
#include "ir/mlir_values.h"
#include "runtime/error.h"

namespace triton_runner::ir::mlir {
namespace {

// "a, b" of what `part` makes of each, with a comma in front where something stands there already.
std::string listed(const std::vector<Carried>& carried, bool behind_others,
                   const std::function<std::string(const Carried&)>& part) {
  std::string out;
  for (const Carried& one : carried) out.append(behind_others || !out.empty() ? ", " : "").append(part(one));
  return out;
}

std::string listed_types(size_t count, bool behind_others) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += behind_others || i > 0 ? ", i64" : "i64";
  return out;
}

// Adds to the list in the parentheses that open at `open`.
void add_to_list(TextEdits& edits, std::string_view text, size_t open, size_t base,
                 const std::function<std::string(bool)>& list) {
  const size_t close = closing_bracket(text, open);
  TR_CHECK(close != std::string_view::npos, ArtifactError, "the MLIR text: brackets do not match in '", text, "'");
  edits.insert(base + close, list(!trim(text.substr(open + 1, close - open - 1)).empty()));
}

bool is_terminator(const Op& op) {
  static const std::vector<std::string_view> kNames{"scf.yield",  "scf.condition",  "tt.return",      "cf.br",
                                                    "cf.cond_br", "ttg.warp_yield", "ttg.warp_return"};
  return std::ranges::find(kNames, op.name) != kNames.end();
}

// The region of `op` that the block lies in.
size_t region_towards(const Op& op, const Block& block) {
  const Region* region = block.region;
  while (region->op != &op) region = region->op->block->region;
  for (size_t i = 0; i < op.regions.size(); ++i) {
    if (op.regions[i].get() == region) return i;
  }
  raise<InternalError>("a block that lies in no region of its parent");
}

}  // namespace

size_t end_of_block(const Block& block) {
  const bool terminated = !block.ops.empty() && is_terminator(*block.ops.back());
  return terminated ? block.ops.back()->begin : block.end;
}

Carried& Counters::carry(const Op& op, std::string init) {
  TR_CHECK(op.name != "scf.while" || op.regions.size() == 2, ArtifactError, "the MLIR text, line ", op.line,
           ": scf.while has ", op.regions.size(), " regions, expected 2");
  auto& all = carried_[&op];
  Carried added{std::move(init), fresh("c"), fresh("c"), fresh("c"), {}};
  added.leaves.assign(std::max<size_t>(op.regions.size(), 2), "");
  all.push_back(std::move(added));
  return all.back();
}

std::string Counters::iteration(const Op& loop, const Block& block) {
  const auto [found, is_new] = iterations_.try_emplace(&loop, carried_[&loop].size());
  if (is_new) {
    const Region& root = root_of(block);
    Carried& added = carry(loop, zero_in(root, prefix_));
    const size_t last = loop.regions.size() - 1;  // of scf.while the body behind the condition
    const std::string& counted = last == 0 ? added.arg : added.after;
    const std::string next = fresh("c");
    added.leaves[0] = added.arg;
    added.leaves[last] = next;
    steps_.emplace_back(end_of_block(*loop.regions[last]->blocks.back()),
                        next + " = arith.addi " + counted + ", " + one_in(root, prefix_) + " : i64\n");
  }
  const Carried& carried = carried_[&loop][found->second];
  return region_towards(loop, block) == 0 ? carried.arg : carried.after;
}

std::string Counters::runs(const Block& block) {
  const auto loops = loops_around(block);
  const Region& root = root_of(block);
  std::string at = zero_in(root, prefix_);
  if (loops.empty()) return at;
  if (const auto found = runs_.find(&block); found != runs_.end()) return found->second;

  std::vector<const Op*> path;  // from the outermost loop to the operation that holds the block
  for (const Op* op = parent(block); path.empty() || path.back() != loops.front(); op = parent(*op->block)) {
    path.push_back(op);
  }
  std::ranges::reverse(path);
  std::vector<size_t> indices;
  for (const Op* op : path) {
    const size_t region = region_towards(*op, block);
    Carried& carried = carry(*op, at);
    indices.push_back(carried_[op].size() - 1);
    if (op->name == "scf.if") {
      std::ranges::fill(carried.leaves, at);
    } else {
      carried.leaves[0] = carried.arg;
      if (op->regions.size() > 1) carried.leaves[1] = carried.after;
      at = region == 0 ? carried.arg : carried.after;
    }
  }
  const std::string next = fresh("c");
  steps_.emplace_back(end_of_block(block), next + " = arith.addi " + at + ", " + one_in(root, prefix_) + " : i64\n");
  std::string out = next;
  for (size_t i = path.size(); i-- > 0;) {
    Carried& carried = carried_[path[i]][indices[i]];
    carried.leaves[region_towards(*path[i], block)] = out;
    out = carried.result;
  }
  runs_.emplace(&block, at);
  return at;
}

void Counters::insert_labels(TextEdits& edits) const {
  for (const auto& entry : carried_) {
    const Op* op = entry.first;
    const std::vector<Carried>& carried = entry.second;
    if (op->name != "scf.while") continue;
    const Block& after = *op->regions.at(1)->blocks.front();
    const auto argument = [](const Carried& one) { return one.after + ": i64"; };
    if (after.label.empty()) {
      edits.insert(after.begin, "^bb0(" + listed(carried, false, argument) + "):\n");
      continue;
    }
    const size_t at = module_.offset_of(after.label) + after.label.size();
    if (module_.text[at] == '(') {
      add_to_list(edits, module_.text, at, 0, [&](bool others) { return listed(carried, others, argument); });
    } else {
      edits.insert(at, "(" + listed(carried, false, argument) + ")");
    }
  }
}

void Counters::insert_steps(TextEdits& edits) const {
  for (const auto& [at, text] : steps_) edits.insert(at, text);
  for (const auto& [op, carried] : carried_) {
    add_results(*op, carried, edits);
    if (op->name == "scf.for") {
      carry_through_for(*op, carried, edits);
    } else if (op->name == "scf.if") {
      carry_through_if(*op, carried, edits);
    } else {
      carry_through_while(*op, carried, edits);
    }
    for (size_t i = 0; i < op->regions.size(); ++i) {
      std::vector<std::string> values;
      for (const Carried& one : carried) values.push_back(one.leaves[i]);
      pass_on(*op->regions[i], values, edits);
    }
  }
}

void Counters::add_results(const Op& op, const std::vector<Carried>& carried, TextEdits& edits) const {
  const std::string names = listed(carried, !op.results.empty(), [](const Carried& one) { return one.result; });
  if (op.results.empty()) {
    edits.insert(op.begin, names + " = ");
  } else {
    edits.insert(op.name_at - 3, names);  // ahead of " = "
  }
}

void Counters::carry_through_for(const Op& op, const std::vector<Carried>& carried, TextEdits& edits) const {
  const size_t base = module_.offset_of(op.head);
  const auto argument = [](const Carried& one) { return one.arg + " = " + one.init; };
  if (const auto iter_args = find_outside(op.head, "iter_args(")) {
    add_to_list(edits, op.head, *iter_args + 9, base, [&](bool others) { return listed(carried, others, argument); });
    const auto arrow = find_outside(op.head, "-> (");
    TR_CHECK(arrow, ArtifactError, "the MLIR text, line ", op.line, ": scf.for carries values without their types");
    add_to_list(edits, op.head, *arrow + 3, base, [&](bool others) { return listed_types(carried.size(), others); });
    return;
  }
  const auto colon = rfind_outside(op.head, " : ");
  edits.insert(base + colon.value_or(op.head.size()),
               " iter_args(" + listed(carried, false, argument) + ") -> (" + listed_types(carried.size(), false) + ")");
}

void Counters::carry_through_if(const Op& op, const std::vector<Carried>& carried, TextEdits& edits) const {
  const size_t base = module_.offset_of(op.head);
  if (const auto arrow = find_outside(op.head, "-> (")) {
    add_to_list(edits, op.head, *arrow + 3, base, [&](bool others) { return listed_types(carried.size(), others); });
  } else {
    edits.insert(base + op.head.size(), " -> (" + listed_types(carried.size(), false) + ")");
  }
  if (op.regions.size() == 1) {
    const std::string values = listed(carried, false, [](const Carried& one) { return one.leaves[1]; });
    edits.insert(op.regions[0]->close + 1,
                 " else {\nscf.yield " + values + " : " + listed_types(carried.size(), false) + "\n}");
  }
}

void Counters::carry_through_while(const Op& op, const std::vector<Carried>& carried, TextEdits& edits) const {
  const size_t base = module_.offset_of(op.head);
  const auto argument = [](const Carried& one) { return one.arg + " = " + one.init; };
  const auto colon = find_outside(op.head, " : ");
  const auto arrow = find_outside(op.head, " -> ");
  TR_CHECK(colon && arrow, ArtifactError, "the MLIR text, line ", op.line, ": scf.while without its types");
  if (const auto open = find_outside(op.head, "("); open && *open < *colon) {
    add_to_list(edits, op.head, *open, base, [&](bool others) { return listed(carried, others, argument); });
  } else {
    edits.insert(base + *colon, " (" + listed(carried, false, argument) + ")");
  }
  const auto types = [&](bool others) { return listed_types(carried.size(), others); };
  add_to_list(edits, op.head, *colon + 3, base, types);
  if (op.head[*arrow + 4] == '(') {
    add_to_list(edits, op.head, *arrow + 4, base, types);
  } else {
    edits.insert(base + *arrow + 4, "(");
    edits.insert(base + op.head.size(), types(true) + ")");
  }
}

// Appends to the region's terminator, which MLIR does not print where it passes nothing on.
void Counters::pass_on(const Region& region, const std::vector<std::string>& values, TextEdits& edits) const {
  const Block& block = *region.blocks.back();
  std::string list;
  for (const std::string& value : values) list.append(list.empty() ? "" : ", ").append(value);
  const bool terminated = !block.ops.empty() && is_terminator(*block.ops.back());
  if (!terminated) {
    edits.insert(block.end, "scf.yield " + list + " : " + listed_types(values.size(), false) + "\n");
    return;
  }
  const Op& last = *block.ops.back();
  const size_t base = module_.offset_of(last.head);
  if (const auto colon = find_outside(last.head, " : ")) {
    edits.insert(base + *colon, ", " + list);
    edits.insert(base + last.head.size(), listed_types(values.size(), true));
  } else {
    edits.insert(base + last.head.size(), " " + list + " : " + listed_types(values.size(), false));
  }
}

}  // namespace triton_runner::ir::mlir
