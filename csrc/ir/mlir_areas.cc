#include "ir/mlir_areas.h"

#include <set>

#include "ir/mlir_text.h"
#include "ir/mlir_values.h"
#include "runtime/error.h"

namespace triton_runner::ir::mlir {
namespace {

const std::string kBuffer = "%" + std::string(kBufferName);

}  // namespace

const Area& Areas::of(const Region& root, size_t index, const Slot& slot) {
  const auto [front, first_of_root] = fronts_.try_emplace(&root);
  if (first_of_root) front->second = define_constants(root, prefix_) + writer_.open_root(buffer_in(root), slots_);
  const auto [area, first_of_slot] = areas_.try_emplace({&root, index});
  if (first_of_slot) front->second += writer_.open_slot(index, slot, area->second, buffer_in(root));
  return area->second;
}

std::string Areas::buffer_in(const Region& root) const { return is_partition(root) ? prefix_ + "buffer" : kBuffer; }

void Areas::append(TextEdits& edits, std::string_view list, size_t line, const std::string& added) const {
  const size_t open = list.find('(');
  const size_t close = open == std::string_view::npos ? open : closing_bracket(list, open);
  TR_CHECK(close != std::string_view::npos, ArtifactError, "the MLIR text, line ", line,
           ": expected a list in parentheses in '", list, "'");
  const bool others = !trim(list.substr(open + 1, close - open - 1)).empty();
  edits.insert(module_.offset_of(list) + close, (others ? ", " : "") + added);
}

void Areas::insert(TextEdits& edits) const {
  append(edits, function_.head, function_.line, kBuffer + ": !tt.ptr<i8> {tt.divisibility = 16 : i32}");
  std::set<const Op*> passing;
  for (const auto& [root, front] : fronts_) {
    edits.insert(root->blocks.front()->begin, front);
    if (is_partition(*root)) passing.insert(root->op);
  }
  for (const Op* op : passing) {
    append(edits, op->head, op->line, kBuffer);
    for (const auto& region : op->regions) {
      if (is_partition(*region)) append(edits, region->header, op->line, prefix_ + "buffer: !tt.ptr<i8>");
    }
    append(edits, op->tail, op->line, "!tt.ptr<i8>");
  }
}

std::string unused_prefix(std::string_view text) {
  std::string prefix = "%dump_";
  while (text.find(prefix) != std::string_view::npos) prefix += "_";
  return prefix;
}

}  // namespace triton_runner::ir::mlir
