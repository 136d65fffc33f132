#include "ir/loops.h"

#include <algorithm>
#include <utility>

namespace triton_runner::ir {
namespace {

constexpr uint32_t kUnset = 0xFFFFFFFFu;

// Blocks in reverse postorder; those that cannot be reached are left out.
std::vector<Block> reverse_postorder(const FlowGraph& graph) {
  std::vector<Block> order;
  std::vector<bool> seen(graph.size(), false);
  std::vector<std::pair<Block, size_t>> path;  // a block and how many of its successors were visited
  if (!graph.empty()) path.push_back({0, 0});
  while (!path.empty()) {
    auto& [block, next] = path.back();
    seen[block] = true;
    while (next < graph[block].size() && seen[graph[block][next]]) ++next;
    if (next == graph[block].size()) {
      order.push_back(block);
      path.pop_back();
    } else {
      path.push_back({graph[block][next], 0});
    }
  }
  std::ranges::reverse(order);
  return order;
}

class LoopFinder {
 public:
  explicit LoopFinder(const FlowGraph& graph) : graph_(graph), order_(reverse_postorder(graph)) {
    position_.assign(graph.size(), kUnset);
    for (uint32_t i = 0; i < order_.size(); ++i) position_[order_[i]] = i;
    predecessors_.resize(graph.size());
    for (const Block block : order_) {
      for (const Block next : graph[block]) predecessors_[next].push_back(block);
    }
    find_dominators();
  }

  LoopForest run() {
    forest_.innermost.assign(graph_.size(), kNoLoop);
    forest_.repeats.assign(graph_.size(), false);
    forest_.reached.assign(graph_.size(), false);
    for (const Block block : order_) forest_.reached[block] = true;
    // A header comes before the headers inside of its loop, so that inner loops overwrite outer ones.
    for (const Block header : order_) add_loop(header);
    mark_cycles();
    return std::move(forest_);
  }

 private:
  void find_dominators();
  uint32_t common(uint32_t a, uint32_t b) const;
  bool dominates(Block above, Block block) const;
  void add_loop(Block header);
  void mark_cycles();

  const FlowGraph& graph_;
  std::vector<Block> order_;
  std::vector<uint32_t> position_;  // of a block in order_
  std::vector<std::vector<Block>> predecessors_;
  std::vector<uint32_t> dominator_;  // by position: the position of the immediate dominator
  LoopForest forest_;
};

uint32_t LoopFinder::common(uint32_t a, uint32_t b) const {
  while (a != b) {
    while (a > b) a = dominator_[a];
    while (b > a) b = dominator_[b];
  }
  return a;
}

void LoopFinder::find_dominators() {
  dominator_.assign(order_.size(), kUnset);
  if (!dominator_.empty()) dominator_[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 1; i < order_.size(); ++i) {
      uint32_t found = kUnset;
      for (const Block before : predecessors_[order_[i]]) {
        const uint32_t at = position_[before];
        if (dominator_[at] == kUnset) continue;
        found = found == kUnset ? at : common(at, found);
      }
      changed |= dominator_[i] != found;
      dominator_[i] = found;
    }
  }
}

bool LoopFinder::dominates(Block above, Block block) const {
  const uint32_t wanted = position_[above];
  uint32_t at = position_[block];
  while (at > wanted) at = dominator_[at];
  return at == wanted;
}

void LoopFinder::add_loop(Block header) {
  Loop loop{header, forest_.innermost[header], {}, {}};
  for (const Block before : predecessors_[header]) {
    (dominates(header, before) ? loop.latches : loop.entries).push_back(before);
  }
  if (loop.latches.empty()) return;
  const auto index = static_cast<uint32_t>(forest_.loops.size());
  std::vector<Block> work = loop.latches;
  auto enter = [&](Block block) {
    if (forest_.innermost[block] == index) return false;
    forest_.innermost[block] = index;
    return true;
  };
  enter(header);
  while (!work.empty()) {
    const Block block = work.back();
    work.pop_back();
    if (!enter(block)) continue;
    work.insert(work.end(), predecessors_[block].begin(), predecessors_[block].end());
  }
  forest_.loops.push_back(std::move(loop));
}

// Strongly connected components (Tarjan's algorithm, with its own stack) of more than one block, or with an edge to
// themselves.
void LoopFinder::mark_cycles() {
  std::vector<uint32_t> number(graph_.size(), kUnset);
  std::vector<uint32_t> lowest(graph_.size(), 0);
  std::vector<bool> open(graph_.size(), false);
  std::vector<Block> component;
  std::vector<std::pair<Block, size_t>> path;
  uint32_t count = 0;
  auto visit = [&](Block block) {
    number[block] = lowest[block] = count++;
    open[block] = true;
    component.push_back(block);
    path.push_back({block, 0});
  };
  if (!graph_.empty()) visit(0);
  while (!path.empty()) {
    auto& [block, next] = path.back();
    if (next < graph_[block].size()) {
      const Block after = graph_[block][next++];
      if (after == block) forest_.repeats[block] = true;
      if (number[after] == kUnset) {
        visit(after);
      } else if (open[after]) {
        lowest[block] = std::min(lowest[block], number[after]);
      }
      continue;
    }
    const Block done = block;
    path.pop_back();
    if (!path.empty()) lowest[path.back().first] = std::min(lowest[path.back().first], lowest[done]);
    if (lowest[done] != number[done]) continue;
    const auto first = std::ranges::find(component, done);
    const bool several = component.end() - first > 1;
    for (auto member = first; member != component.end(); ++member) {
      open[*member] = false;
      if (several) forest_.repeats[*member] = true;
    }
    component.erase(first, component.end());
  }
}

}  // namespace

std::vector<uint32_t> LoopForest::around(Block block) const {
  std::vector<uint32_t> found;
  for (uint32_t loop = innermost[block]; loop != kNoLoop; loop = loops[loop].parent) found.push_back(loop);
  std::ranges::reverse(found);
  return found;
}

LoopForest find_loops(const FlowGraph& graph) { return LoopFinder(graph).run(); }

}  // namespace triton_runner::ir
