#include "ir/mlir_shared.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>

#include "ir/mlir_result_types.h"
#include "ir/mlir_text.h"
#include "ir/mlir_values.h"

namespace triton_runner::ir::mlir {
namespace {

constexpr std::array<std::string_view, 9> kReaders{
    "tt.dot",
    "ttg.local_gather",
    "ttg.local_load",
    "ttng.async_tma_copy_local_to_global",
    "ttng.async_tma_reduce",
    "ttng.async_tma_scatter",
    "ttng.tc_gen5_mma",
    "ttng.tc_gen5_mma_scaled",
    "ttng.warp_group_dot",
};

bool mentions(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if (end == text.size() || (!is_name_char(text[end]) && text[end] != '#')) return true;
  }
  return false;
}

int integer_behind(std::string_view text, std::string_view key, int otherwise) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return otherwise;
  const size_t digit = text.find_first_of("0123456789", at + key.size());
  int value = otherwise;
  if (digit != std::string_view::npos) std::from_chars(text.data() + digit, text.data() + text.size(), value);
  return value;
}

const Op* module_of(const Block& block) {
  const Op* op = parent(block);
  while (op != nullptr && op->name != "module") op = parent(*op->block);
  return op;
}

}  // namespace

std::optional<size_t> offset_of_read(const Block& block, const Op* defining, const std::string& name) {
  if (defining != nullptr && defining->name == "ttg.local_alloc" &&
      defining->head.find('%') != std::string_view::npos) {
    return defining->end;
  }
  std::set<std::string> views{name};
  const auto uses_view = [&](const Op& op) {
    return std::ranges::any_of(views, [&](const std::string& view) { return mentions(op.head, view); });
  };
  bool reached = defining == nullptr;
  for (const auto& op : block.ops) {
    if (op.get() == defining) {
      reached = true;
      continue;
    }
    if (!reached || !uses_view(*op)) continue;
    if (std::ranges::find(kReaders, op->name) != kReaders.end()) return op->begin;
    if (op->name.starts_with("ttg.memdesc_")) {
      for (std::string& view : result_names(*op)) views.insert(std::move(view));
    }
  }
  return std::nullopt;
}

std::string layout_to_read(const Type& type, int num_warps) {
  std::string ones;
  std::string threads;
  std::string warps;
  std::string order;
  int64_t left = 32;
  for (size_t d = type.extents.size(); d-- > 0;) {  // from the dimension that runs fastest
    const int64_t here = d == 0 ? left : std::min(left, type.extents[d]);
    left /= here;
    const std::string separator = d == 0 ? "" : ", ";
    ones += "1" + separator;
    order += std::to_string(d) + separator;
    threads.insert(0, separator + std::to_string(here));
    warps.insert(0, separator + (d == 0 ? std::to_string(num_warps) : "1"));
  }
  return "#ttg.blocked<{sizePerThread = [" + ones + "], threadsPerWarp = [" + threads + "], warpsPerCTA = [" + warps +
         "], order = [" + order + "]}>";
}

int num_warps_of(const Block& block) {
  for (const Region* region = block.region; region->op != nullptr; region = region->op->block->region) {
    if (is_partition(*region)) return integer_behind(region->header, "num_warps", 4);
  }
  const Op* module = module_of(block);
  return module == nullptr ? 4 : integer_behind(module->head, "\"ttg.num-warps\"", 4);
}

int num_ctas_of(const Block& block) {
  const Op* module = module_of(block);
  return module == nullptr ? 1 : integer_behind(module->head, "\"ttg.num-ctas\"", 1);
}

}  // namespace triton_runner::ir::mlir
