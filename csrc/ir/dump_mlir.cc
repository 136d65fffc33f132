// Stores chosen values of a TTGIR kernel:
//   tt.func public @f(%x: !tt.ptr<f32>) {          tt.func public @f(%x: !tt.ptr<f32>, %buffer: !tt.ptr<i8> {...}) {
//     %v = arith.addf %a, %b : tensor<8xf32>  ->      (row of this program, area of each slot)
//                                                     %v = arith.addf %a, %b : tensor<8xf32>
//                                                     (tt.store of %v to record number `run` of its area)
// The text between the insertions stays byte for byte, and every value keeps its name. Tested in
// tests/csrc/ir/test_dump_mlir.cc and tests/python/test_dump_corpus.py.
#include <map>

#include "ir/mlir_areas.h"
#include "ir/mlir_carry.h"
#include "ir/mlir_marks.h"
#include "ir/mlir_reader.h"
#include "ir/mlir_record.h"
#include "ir/mlir_shared.h"
#include "ir/mlir_types.h"
#include "ir/mlir_values.h"
#include "ir/protocol.h"
#include "ir/text_edits.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using namespace mlir;  // NOLINT(google-build-using-namespace): the names of this level

constexpr std::string_view kInFlight = "__in_flight";

class MlirEdit {
 public:
  MlirEdit(std::string_view text, const Request& request)
      : text_(text),
        module_(read_module(text)),
        kernel_(find_values(*module_, request.kernel)),
        prefix_(unused_prefix(text)),
        counters_(*module_, prefix_),
        writer_(prefix_),
        areas_(*module_, *kernel_.function, writer_, prefix_, request.chosen.size()) {
    for (const size_t index : request.chosen) {
      chosen_.push_back(&value_at(kernel_, index));
      slots_.push_back(chosen_.back()->slot);
    }
  }

  Edit apply() {
    rename_in_flight();
    std::vector<std::pair<size_t, std::string>> records;
    for (size_t index = 0; index < chosen_.size(); ++index) {
      const Value& value = *chosen_[index];
      records.emplace_back(value.at, record(value, areas_.of(root_of(*value.home), index, slots_[index])));
    }
    counters_.insert_labels(edits_);
    areas_.insert(edits_);
    for (const auto& [at, added] : records) edits_.insert(at, added);
    for (const Op* mark : find_marks(*module_)) edits_.insert(mark->begin, "// ");
    counters_.insert_steps(edits_);
    return {edits_.apply(text_), std::move(slots_)};
  }

 private:
  // Where the definition can take another name, its wait takes its own, so that all that follows reads the waited
  // value.
  void rename_in_flight() {
    for (const Value* value : chosen_) {
      const bool alone = value->op != nullptr && value->name.find('#') == std::string::npos;
      if (!value->in_flight || !alone || renamed_.contains(value)) continue;
      const size_t name_at = text_.find(value->name, value->op->begin);
      edits_.insert(name_at + value->name.size(), std::string(kInFlight));
      renamed_.emplace(value, value->name + std::string(kInFlight));
    }
  }

  std::string record(const Value& value, const Area& area) {
    std::vector<std::string> iterations;
    for (const Op* loop : loops_around(*value.home)) iterations.push_back(counters_.iteration(*loop, *value.home));
    std::string ahead;
    std::string name = value.name;
    Type type = parse_type(value.type);
    if (value.in_flight) {
      const auto renamed = renamed_.find(&value);
      const std::string from = renamed == renamed_.end() ? name : renamed->second;
      if (renamed == renamed_.end()) name = writer_.fresh();
      ahead = name + " = ttng.warp_group_dot_wait " + from + " {pendings = 0 : i32} : " + value.type + "\n";
    }
    std::string layout;
    if (value.from_shared) {
      layout = layout_to_read(type, num_warps_of(*value.home));
      type.shape = Shape::Tensor;
      type.encoding = layout;
      name = writer_.fresh();
      ahead = name + " = ttg.local_load " + value.name + " : " + value.type + " -> " +
              with_element(type, type.element) + "\ngpu.barrier\n";
    }
    return ahead + writer_.record(value.slot, type, name, area, counters_.runs(*value.home), iterations);
  }

  std::string_view text_;
  std::unique_ptr<Module> module_;
  Kernel kernel_;
  std::string prefix_;
  Counters counters_;
  RecordWriter writer_;
  Areas areas_;
  TextEdits edits_;
  std::vector<const Value*> chosen_;
  std::vector<Slot> slots_;
  std::map<const Value*, std::string> renamed_;
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
