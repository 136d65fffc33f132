#include "ir/mlir_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <set>

#include "ir/mlir_flight.h"
#include "ir/mlir_locations.h"
#include "ir/mlir_marks.h"
#include "ir/mlir_result_types.h"
#include "ir/mlir_shared.h"
#include "ir/mlir_text.h"
#include "ir/mlir_types.h"
#include "runtime/error.h"

namespace triton_runner::ir::mlir {
namespace {

constexpr std::array<std::string_view, 5> kOpenRegions{"scf.for", "scf.if", "scf.while", "tt.func",
                                                       "ttg.warp_specialize"};
constexpr std::array<std::string_view, 2> kLoops{"scf.for", "scf.while"};

bool is_loop(const Op& op) { return std::ranges::find(kLoops, op.name) != kLoops.end(); }

// Whether control can come back to the block without leaving its region.
bool repeats(const Block& block) {
  std::set<std::string_view> seen;
  std::vector<const Block*> left{&block};
  while (!left.empty()) {
    const Block* at = left.back();
    left.pop_back();
    if (at->ops.empty()) continue;
    const std::string_view head = at->ops.back()->head;
    for (const auto& next : block.region->blocks) {
      const size_t found = next->label.empty() ? std::string_view::npos : head.find(next->label);
      if (found == std::string_view::npos) continue;
      const size_t end = found + next->label.size();
      if (end < head.size() && is_name_char(head[end])) continue;
      if (next.get() == &block) return true;
      if (seen.insert(next->label).second) left.push_back(next.get());
    }
  }
  return false;
}

// Why nothing can be stored in this block; empty where it can.
std::string refuse_block(const Block& block, const Op& kernel) {
  for (const Block* at = &block; parent(*at) != nullptr; at = parent(*at)->block) {
    const Op& op = *parent(*at);
    if (std::ranges::find(kOpenRegions, op.name) == kOpenRegions.end()) {
      return concat("it lies in the region of ", op.name, ", which has no place for a store");
    }
    if (at->region->blocks.size() > 1 && repeats(*at)) {
      return "it lies in a loop of branches (cf.br), whose iterations the IR does not count";
    }
    if (op.name == "tt.func") {
      return &op == &kernel ? "" : concat("it lies in a function that the kernel calls without inlining it");
    }
    if (is_partition(*at->region) && !loops_around(*op.block).empty()) {
      return "it lies in a partition of warps that is started in a loop";
    }
  }
  return "it lies outside of the kernel";
}

std::string refuse_type(const Type& type, std::string_view text, const Block& block) {
  if (text.empty()) return "its type is not printed";
  if (text.find("async.token") != std::string_view::npos) return "a token carries no data";
  if (text.find("tensordesc") != std::string_view::npos) {
    return "a tensor descriptor is no data; dump what is loaded through it";
  }
  if (type.shape == Shape::None) return concat("a value of type ", text, " is no data");
  if (element_name(type.element).empty()) return concat("elements of type ", type.element, " cannot be stored");
  if (type.shape != Shape::Memdesc) return {};
  if (type.memory_space.find("tensor_memory") != std::string_view::npos) return "it lies in tensor memory";
  const auto whole = [](int64_t extent) { return std::has_single_bit(static_cast<uint64_t>(extent)); };
  if (!std::ranges::all_of(type.extents, whole)) return "it holds several buffers; name the view of one";
  if (num_ctas_of(block) > 1) return "shared memory of a cluster is spread over its CTAs";
  return {};
}

// "acc" of "%acc_26": MLIR makes the names of values from the Python variables.
std::string variable_of(std::string_view name) {
  name.remove_prefix(1);
  if (const size_t hash = name.find('#'); hash != std::string_view::npos) name = name.substr(0, hash);
  const size_t last = name.find_last_not_of("0123456789");
  if (last == std::string_view::npos) return {};
  const bool numbered = name[last] == '_' && last > 0 && last + 1 < name.size();
  const std::string_view base = numbered ? name.substr(0, last) : name;
  return base.starts_with("arg") && last == 2 ? std::string{} : std::string(base);
}

class Finder {
 public:
  Finder(const Module& module, const Op& kernel)
      : locations_(module), kernel_(kernel), in_flight_(values_in_flight(kernel)) {}

  std::vector<Value> find(const Module& module) {
    visit(module.top);
    return std::move(values_);
  }

 private:
  void visit(const Region& region) {
    for (const auto& block : region.blocks) {
      for (const Argument& arg : arguments_of(*block)) add_argument(*block, arg);
      for (const auto& op : block->ops) {
        for (const auto& inner : op->regions) visit(*inner);
        add_results(*op);
      }
    }
  }

  static std::vector<Argument> arguments_of(const Block& block) {
    const Op* op = parent(block);
    const bool entry = op != nullptr && &block == op->regions.front()->blocks.front().get();
    if (entry && block.args.empty() && is_loop(*op)) return head_arguments(*op);
    return block.args;
  }

  void add_argument(const Block& block, const Argument& arg) {
    TR_CHECK(parent(block) != nullptr, ArtifactError, "IR line ", block.line,
             ": a block with arguments outside of any ", "operation");
    Value value{std::string(arg.name), std::string(arg.type), nullptr, &block, block.begin, false, false, {}};
    value.slot.name = value.name;
    const Op& holder = *parent(block);
    value.slot.op = holder.name == "tt.func" && block.label.empty() ? "argument" : "block argument";
    value.slot.line = block.label.empty() ? holder.line : block.line;
    const Origin origin = locations_.resolve(arg.location.empty() ? holder.location : arg.location);
    value.slot.sources = origin.sources;
    value.slot.variable = arg.location.empty() ? variable_of(arg.name) : origin.variable;
    finish(std::move(value));
  }

  void add_results(const Op& op) {
    const auto names = result_names(op);
    const auto types = result_types(op);
    for (size_t i = 0; i < names.size(); ++i) {
      Value value{names[i], types[i], &op, op.block, op.end, false, false, {}};
      value.slot.name = names[i];
      value.slot.op = std::string(op.name);
      add_of(op, std::move(value));
    }
    for (Marked& marked : marked_values(op)) {
      Value value{std::move(marked.operand), std::move(marked.type), nullptr, op.block, op.begin, false, false, {}};
      value.slot.name = std::move(marked.name);
      value.slot.op = "dump";
      add_of(op, std::move(value));
    }
  }

  void add_of(const Op& op, Value value) {
    Origin origin = locations_.resolve(op.location);
    value.slot.line = op.line;
    value.slot.sources = std::move(origin.sources);
    value.slot.variable = std::move(origin.variable);
    finish(std::move(value));
  }

  void finish(Value value) {
    const Type type = parse_type(value.type);
    Slot& slot = value.slot;
    slot.element = element_name(type.element);
    slot.address = slot.element == "ptr";
    slot.shape = type.extents;
    slot.layout = type.encoding;
    slot.depth = static_cast<unsigned>(loops_around(*value.home).size());
    slot.refusal = refuse_block(*value.home, kernel_);
    if (slot.refusal.empty()) slot.refusal = refuse_type(type, value.type, *value.home);
    value.in_flight = in_flight_.contains(value.name) && type.shape == Shape::Tensor;
    value.from_shared = type.shape == Shape::Memdesc;
    if (value.from_shared && slot.refusal.empty() && slot.op != "dump") {
      const auto at = offset_of_read(*value.home, value.op, value.name);
      slot.refusal = at ? "" : "no operation of its block reads it, so nothing tells when it is filled";
      value.at = at.value_or(value.at);
    }
    values_.push_back(std::move(value));
  }

  Locations locations_;
  const Op& kernel_;
  std::set<std::string> in_flight_;
  std::vector<Value> values_;
};

void collect_functions(const Region& region, std::vector<const Op*>& out) {
  for (const auto& block : region.blocks) {
    for (const auto& op : block->ops) {
      if (op->name == "tt.func" && !op->regions.empty()) {
        out.push_back(op.get());
      } else if (op->name == "module") {
        for (const auto& inner : op->regions) collect_functions(*inner, out);
      }
    }
  }
}

std::string_view function_name(const Op& op) {
  const size_t at = op.head.find('@');
  const size_t end = at == std::string_view::npos ? at : op.head.find('(', at);
  return end == std::string_view::npos ? std::string_view{} : op.head.substr(at + 1, end - at - 1);
}

}  // namespace

const Op& find_kernel(const Module& module, std::string_view name) {
  std::vector<const Op*> functions;
  collect_functions(module.top, functions);
  std::string names;
  const Op* found = nullptr;
  for (const Op* op : functions) {
    if (op->head.find(" private ") < op->head.find('@')) continue;
    names.append(names.empty() ? "" : ", ").append(function_name(*op));
    if (!name.empty() && function_name(*op) != name) continue;
    TR_CHECK(found == nullptr, ArtifactError, "the IR has several kernels: ", names, "; name one");
    found = op;
  }
  TR_CHECK(found != nullptr, ArtifactError, "the IR has no kernel ", name, name.empty() ? "" : ", it has ",
           name.empty() ? "(tt.func public)" : names);
  return *found;
}

Kernel find_values(const Module& module, std::string_view name) {
  const Op& function = find_kernel(module, name);
  return {&function, Finder(module, function).find(module)};
}

const Value& value_at(const Kernel& kernel, size_t index) {
  TR_CHECK(index < kernel.values.size(), ArgumentError, "value number ", index, " of ", kernel.values.size());
  const Value& value = kernel.values[index];
  const Slot& slot = value.slot;
  TR_CHECK(slot.refusal.empty(), UnsupportedError, "value ", slot.name, " (", slot.op, ", IR line ", slot.line,
           ") cannot be dumped: ", slot.refusal);
  return value;
}

const Region& root_of(const Block& block) {
  const Region* region = block.region;
  while (region->op != nullptr && region->op->name != "tt.func" && !is_partition(*region)) {
    region = region->op->block->region;
  }
  return *region;
}

bool is_partition(const Region& region) { return region.header.starts_with("partition"); }

std::string zero_in(const Region& root, const std::string& prefix) {
  return prefix + (is_partition(root) ? "inner_zero" : "zero");
}

std::string one_in(const Region& root, const std::string& prefix) {
  return prefix + (is_partition(root) ? "inner_one" : "one");
}

std::string define_constants(const Region& root, const std::string& prefix) {
  return zero_in(root, prefix) + " = arith.constant 0 : i64\n" + one_in(root, prefix) + " = arith.constant 1 : i64\n";
}

std::vector<const Op*> loops_around(const Block& block) {
  std::vector<const Op*> loops;
  for (const Op* op = parent(block); op != nullptr; op = parent(*op->block)) {
    if (is_loop(*op)) loops.insert(loops.begin(), op);
  }
  return loops;
}

}  // namespace triton_runner::ir::mlir
