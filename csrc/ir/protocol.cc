#include "ir/protocol.h"

#include "runtime/spec.h"

namespace triton_runner::ir {
namespace {

size_t padded(const Slot& slot, size_t bytes) {
  return slot.per_thread ? bytes : (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

size_t element_bytes(std::string_view element) {
  if (element == "ptr") return 8;
  const auto type = parse_element_type(element);
  return type ? element_bits(*type) / 8 : 0;
}

bool is_float_element(std::string_view element) { return element.starts_with("fp") || element.starts_with("bf"); }

size_t count_bytes(const Slot& slot) { return slot.per_thread ? kThreadCountBytes : kCountBytes; }

size_t header_bytes(const Slot& slot) { return padded(slot, slot.depth * sizeof(int64_t)); }

size_t record_bytes(const Slot& slot) {
  size_t bytes = element_bytes(slot.element);
  for (const int64_t extent : slot.shape) bytes *= static_cast<size_t>(extent);
  return header_bytes(slot) + padded(slot, bytes);
}

}  // namespace triton_runner::ir
