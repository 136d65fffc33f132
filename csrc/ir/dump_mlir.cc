// Stores chosen values of a TTIR or TTGIR kernel:
//   tt.func public @f(%x: !tt.ptr<f32>) {          tt.func public @f(%x: !tt.ptr<f32>, %buffer: !tt.ptr<i8> {...}) {
//     %v = arith.addf %a, %b : tensor<8xf32>  ->      (row of this program, area of each slot)
//                                                     %v = arith.addf %a, %b : tensor<8xf32>
//                                                     (tt.store of %v to record number `run` of its area)
// The text between the insertions stays byte for byte, and every value keeps its name. Tested in
// tests/csrc/ir/test_dump_mlir.cc and tests/python/test_dump_corpus.py.
#include <algorithm>
#include <map>

#include "ir/mlir_carry.h"
#include "ir/mlir_marks.h"
#include "ir/mlir_reader.h"
#include "ir/mlir_record.h"
#include "ir/mlir_result_types.h"
#include "ir/mlir_shared.h"
#include "ir/mlir_text.h"
#include "ir/mlir_types.h"
#include "ir/mlir_values.h"
#include "ir/protocol.h"
#include "ir/text_edits.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using namespace mlir;  // NOLINT(google-build-using-namespace): the names of this level

std::string unused_prefix(std::string_view text) {
  std::string prefix = "%dump_";
  while (text.find(prefix) != std::string_view::npos) prefix += "_";
  return prefix;
}

class MlirEdit {
 public:
  MlirEdit(std::string_view text, const Request& request)
      : text_(text),
        module_(read_module(text)),
        kernel_(find_values(*module_, request.kernel)),
        prefix_(unused_prefix(text)),
        counters_(*module_, prefix_),
        writer_(prefix_) {
    for (const size_t index : request.chosen) add(index);
  }

  Edit apply() {
    add_parameter();
    rename_in_flight();
    record_all();
    counters_.insert_labels(edits_);
    for (const auto& [at, text] : fronts_) edits_.insert(at, text);
    for (const auto& [at, text] : records_) edits_.insert(at, text);
    for (const Op* mark : find_marks(*module_)) edits_.insert(mark->begin, "// ");
    counters_.insert_steps(edits_);
    return {edits_.apply(text_), std::move(slots_)};
  }

 private:
  void add(size_t index) {
    TR_CHECK(index < kernel_.values.size(), ArgumentError, "value number ", index, " of ", kernel_.values.size());
    Value& value = kernel_.values[index];
    TR_CHECK(value.slot.refusal.empty(), UnsupportedError, "value ", value.name, " (", value.slot.op, ", line ",
             value.slot.line, ") cannot be dumped: ", value.slot.refusal);
    chosen_.push_back(&value);
    slots_.push_back(value.slot);
  }

  void add_parameter() {
    const Op& function = *kernel_.function;
    const size_t open = function.head.find('(');
    const size_t close = closing_bracket(function.head, open);
    const bool others = !trim(function.head.substr(open + 1, close - open - 1)).empty();
    edits_.insert(module_->offset_of(function.head) + close,
                  (others ? ", %" : "%") + std::string(kBufferName) + ": !tt.ptr<i8> {tt.divisibility = 16 : i32}");
  }

  // Where the definition can take another name, its wait takes its own, so that all that follows reads the waited
  // value.
  void rename_in_flight() {
    for (const Value* value : chosen_) {
      if (!value->in_flight) continue;
      const bool alone = value->op != nullptr && value->name.find('#') == std::string::npos;
      if (!alone || waited_.contains(value)) continue;
      const size_t name_at = text_.find(value->name, value->op->begin);
      edits_.insert(name_at + value->name.size(), "__in_flight");
      waited_.emplace(value, value->name);
    }
  }

  void record_all() {
    std::map<const Region*, std::string> roots;
    for (size_t index = 0; index < chosen_.size(); ++index) {
      const Region& root = root_of(*chosen_[index]->home);
      auto [front, is_new] = roots.try_emplace(&root);
      if (is_new) front->second = writer_.open_root(buffer_in(root), chosen_.size());
      Area area;
      front->second += writer_.open_slot(index, slots_[index], area);
      records_.emplace_back(chosen_[index]->at, record(*chosen_[index], area));
    }
    for (auto& [root, text] : roots) fronts_.emplace_back(root->blocks.front()->begin, std::move(text));
  }

  std::string record(const Value& value, const Area& area) {
    std::vector<std::string> iterations;
    for (const Op* loop : loops_around(*value.home)) iterations.push_back(counters_.iteration(*loop, *value.home));
    std::string ahead;
    std::string name = value.name;
    Type type = parse_type(value.type);
    if (value.in_flight) {
      const auto waited = waited_.find(&value);
      const std::string from = waited == waited_.end() ? name : name + "__in_flight";
      if (waited == waited_.end()) name = writer_.fresh();
      ahead = name + " = ttng.warp_group_dot_wait " + from + " {pendings = 0 : i32} : " + value.type + "\n";
    }
    std::string layout;
    if (value.from_shared) {
      layout = layout_to_read(type, num_warps_of(*value.home));
      type.shape = Shape::Tensor;
      type.encoding = layout;
      name = writer_.fresh();
      ahead = name + " = ttg.local_load " + value.name + " : " + value.type + " -> " +
              with_element(type, type.element) + "\n";
    }
    return ahead + writer_.record(value.slot, type, name, area, counters_.runs(*value.home), iterations);
  }

  // The name of the buffer in a root: the partitions of ttg.warp_specialize see it as one more argument.
  std::string buffer_in(const Region& root) {
    const std::string outer = "%" + std::string(kBufferName);
    const Op& op = *root.op;
    if (op.name == "tt.func") return outer;
    std::string& inner = passed_[&op];
    if (!inner.empty()) return inner;
    inner = prefix_ + "buffer";
    const auto append = [&](std::string_view list, const std::string& added) {
      const size_t open = list.find('(');
      TR_CHECK(open != std::string_view::npos, ArtifactError, "the MLIR text, line ", op.line, ": ", op.name,
               " without a list of what it passes");
      const size_t close = closing_bracket(list, open);
      const bool others = !trim(list.substr(open + 1, close - open - 1)).empty();
      edits_.insert(module_->offset_of(list) + close, (others ? ", " : "") + added);
    };
    append(op.head, outer);
    for (const auto& region : op.regions) {
      if (region->header.starts_with("partition")) append(region->header, inner + ": !tt.ptr<i8>");
    }
    append(op.tail, "!tt.ptr<i8>");
    return inner;
  }

  std::string_view text_;
  std::unique_ptr<Module> module_;
  Kernel kernel_;
  std::string prefix_;
  Counters counters_;
  RecordWriter writer_;
  TextEdits edits_;
  std::map<const Op*, std::string> passed_;  // the name of the buffer in the partitions of an operation
  std::vector<const Value*> chosen_;
  std::vector<Slot> slots_;
  std::map<const Value*, std::string> waited_;
  std::vector<std::pair<size_t, std::string>> fronts_;
  std::vector<std::pair<size_t, std::string>> records_;
};

}  // namespace

std::vector<Slot> list_mlir(std::string_view text, const std::string& kernel) {
  const auto module = read_module(text);
  std::vector<Slot> slots;
  for (Value& value : find_values(*module, kernel).values) slots.push_back(std::move(value.slot));
  return slots;
}

Edit dump_mlir(std::string_view text, const Request& request) {
  if (request.chosen.empty()) return {std::string(text), {}};
  return MlirEdit(text, request).apply();
}

}  // namespace triton_runner::ir
