#include "ir/protocol.h"

#include "runtime/spec.h"

namespace triton_runner::ir {
namespace {

size_t value_bytes(const Slot& slot) {
  size_t bytes = element_bytes(slot.element);
  for (const int64_t extent : slot.shape) bytes *= static_cast<size_t>(extent);
  return bytes;
}

// Where the value of a program starts: at a line of memory, where it fills one.
size_t alignment(const Slot& slot) {
  if (slot.per_thread) return 1;
  return value_bytes(slot) < kLineBytes ? kAlignment : kLineBytes;
}

size_t padded(const Slot& slot, size_t bytes) {
  const size_t to = alignment(slot);
  return (bytes + to - 1) / to * to;
}

}  // namespace

size_t element_bytes(std::string_view element) {
  if (element == "ptr") return 8;
  const auto type = parse_element_type(element);
  return type ? element_bits(*type) / 8 : 0;
}

bool is_float_element(std::string_view element) { return element.starts_with("fp") || element.starts_with("bf"); }

size_t count_bytes(const Slot& slot) { return padded(slot, kCountBytes); }

size_t header_bytes(const Slot& slot) { return padded(slot, slot.depth * sizeof(int64_t)); }

size_t record_bytes(const Slot& slot) { return header_bytes(slot) + padded(slot, value_bytes(slot)); }

}  // namespace triton_runner::ir
