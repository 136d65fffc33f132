// Marks chosen values of a TTIR kernel, so that they can be stored once the compiler has chosen its layouts:
//   %v = arith.addf %a, %b : tensor<8xf32>
//   tt.print "triton_runner.slot:0" {...} : %v, %run, %iteration : tensor<8xf32>, i64, i64
// and stores what was marked, in the TTGIR that was made of it (dump_marked). A store among the TTIR would have a say
// in the layouts of the program's own loads, and with them in the order of its sums; a mark has none. What the compiler
// copies (a peeled iteration) carries its numbers with it. Tested in tests/csrc/ir/test_dump_mlir.cc and
// tests/python/test_dump_corpus.py.
#include <charconv>

#include "ir/mlir_areas.h"
#include "ir/mlir_carry.h"
#include "ir/mlir_flight.h"
#include "ir/mlir_marks.h"
#include "ir/mlir_reader.h"
#include "ir/mlir_record.h"
#include "ir/mlir_text.h"
#include "ir/mlir_types.h"
#include "ir/mlir_values.h"
#include "ir/protocol.h"
#include "ir/text_edits.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using namespace mlir;  // NOLINT(google-build-using-namespace): the names of this level

std::string mark_of(size_t index, const Value& value, const std::vector<std::string>& numbers) {
  std::string operands = value.name;
  std::string types = value.type;
  std::string signs = "0";
  for (const std::string& number : numbers) {
    operands += ", " + number;
    types += ", i64";
    signs += ", 0";
  }
  return "tt.print \"" + std::string(kSlotPrefix) + std::to_string(index) +
         "\" {hex = false, isSigned = array<i32: " + signs + ">} : " + operands + " : " + types + "\n";
}

size_t index_of(const Marked& marked, size_t slots) {
  const std::string_view digits = std::string_view(marked.name).substr(kSlotPrefix.size());
  size_t index = slots;
  std::from_chars(digits.data(), digits.data() + digits.size(), index);
  TR_CHECK(index < slots, ArtifactError, "the TTGIR has a mark of slot ", digits, ", but there are ", slots);
  return index;
}

// Conversions between layouts do not change a value; without them it is stored from the layout that the program uses.
void skip_conversions(const Op& mark, std::string& name, std::string& type) {
  const Block* block = mark.block;
  for (size_t i = block->ops.size(); i-- > 0;) {
    const Op& op = *block->ops[i];
    if (op.begin >= mark.begin || op.name != "ttg.convert_layout" || op.results.size() != 1) continue;
    if (op.results[0].name != name) continue;
    const auto colon = find_outside(op.head, " : ");
    const auto arrow = find_outside(op.head, " -> ");
    if (!colon || !arrow || *arrow < *colon) return;
    constexpr size_t kName = std::string_view("ttg.convert_layout ").size();
    name = std::string(trim(op.head.substr(kName, *colon - kName)));
    type = std::string(op.head.substr(*colon + 3, *arrow - *colon - 3));
  }
}

}  // namespace

Edit mark_mlir(std::string_view text, const Request& request) {
  if (request.chosen.empty()) return {std::string(text), {}};
  const auto module = read_module(text);
  const Kernel kernel = find_values(*module, request.kernel);
  const std::string prefix = unused_prefix(text);
  Counters counters(*module, prefix);
  Edit edit;
  std::vector<std::pair<size_t, std::string>> marks;
  for (const size_t index : request.chosen) {
    const Value& value = value_at(kernel, index);
    std::vector<std::string> numbers{counters.runs(*value.home)};
    for (const Op* loop : loops_around(*value.home)) numbers.push_back(counters.iteration(*loop, *value.home));
    marks.emplace_back(value.at, mark_of(edit.slots.size(), value, numbers));
    edit.slots.push_back(value.slot);
  }
  TextEdits edits;
  counters.insert_labels(edits);
  const Region& body = *kernel.function->regions.front();
  edits.insert(body.blocks.front()->begin, define_constants(body, prefix));
  for (const auto& [at, added] : marks) edits.insert(at, added);
  for (const Op* mark : find_marks(*module)) edits.insert(mark->begin, "// ");
  counters.insert_steps(edits);
  edit.text = edits.apply(text);
  return edit;
}

std::string dump_marked(std::string_view text, const std::string& kernel, const std::vector<Slot>& slots) {
  const auto module = read_module(text);
  const Op& function = find_kernel(*module, kernel);
  const auto in_flight = values_in_flight(function);
  const std::string prefix = unused_prefix(text);
  RecordWriter writer(prefix);
  Areas areas(*module, function, writer, prefix, slots.size());
  std::vector<std::pair<size_t, std::string>> records;
  for (const Op* mark : find_marks(*module)) {
    auto values = marked_values(*mark);
    TR_CHECK(values.size() >= 2, ArtifactError, "the TTGIR, line ", mark->line, ": a mark without its numbers");
    const size_t index = index_of(values[0], slots.size());
    std::string name = values[0].operand;
    std::string type = values[0].type;
    skip_conversions(*mark, name, type);
    std::string ahead;
    if (in_flight.contains(name)) {
      const std::string waited = writer.fresh();
      ahead = concat(waited, " = ttng.warp_group_dot_wait ", name, " {pendings = 0 : i32} : ", type, "\n");
      name = waited;
    }
    std::vector<std::string> iterations;
    for (size_t i = 2; i < values.size(); ++i) iterations.push_back(values[i].operand);
    const Area& area = areas.of(root_of(*mark->block), index, slots[index]);
    const std::string record = writer.record(slots[index], parse_type(type), name, area, values[1].operand, iterations);
    records.emplace_back(mark->begin, ahead + record + "// ");
  }
  TextEdits edits;
  areas.insert(edits);
  for (const auto& [at, added] : records) edits.insert(at, added);
  return edits.apply(text);
}

}  // namespace triton_runner::ir
