#include "ptx/access.h"

#include "ptx/flow.h"
#include "ptx/parser.h"
#include "runtime/error.h"

namespace triton_runner::ptx {
namespace {

// What all touches together say.
struct Verdict {
  uint64_t read = 0;
  uint64_t written = 0;
  bool unknown_read = false;
  bool unknown_write = false;

  void add(uint64_t params, bool reads, bool writes) {
    if (reads) read |= params;
    if (writes) written |= params;
  }
  void add_unknown(bool reads, bool writes) {
    unknown_read |= reads;
    unknown_write |= writes;
  }
};

// Whether the address may be something else than parameters plus offsets. A constant beside a pointer is a null that is
// never dereferenced.
bool is_unknown(Taint address) {
  return (address.kinds & (Taint::kLoaded | Taint::kDerived)) != 0 || address.kinds == 0 ||
         address.kinds == Taint::kIndex;
}

void judge_memory(const Touch& touch, Taint address, Verdict& verdict) {
  verdict.add(address.params, touch.reads, touch.writes);
  if (is_unknown(address)) verdict.add_unknown(touch.reads, touch.writes);
}

// Bits of the parameters that are Triton's scratch slots, where it made this text: the last two, plain pointers.
uint64_t scratch_bits(const Function& entry) {
  const size_t count = entry.params.size();
  if (count < 2 || count > 63) return 0;  // from the 64th on, other parameters share the bit
  for (size_t i = count - 2; i < count; ++i) {
    const Param& param = entry.params[i];
    if (!param.is_pointer || param.pointer_space != Space::Global || param.pointer_align != 1) return 0;
  }
  return param_bit(count - 2) | param_bit(count - 1);
}

// Bits that stand for nothing but tensor maps.
uint64_t tensor_map_bits(const Function& entry) {
  uint64_t maps = 0;
  uint64_t others = 0;
  for (size_t i = 0; i < entry.params.size(); ++i) {
    (holds_addresses(entry.params[i]) ? maps : others) |= param_bit(i);
  }
  return maps & ~others;
}

void judge_tensor(const Touch& touch, Taint map, Taint memory, const Function& entry, Verdict& verdict) {
  const uint64_t by_value = map.params & tensor_map_bits(entry);
  const uint64_t in_memory = map.params & ~by_value;
  verdict.add(by_value, touch.reads, touch.writes);
  if (in_memory != 0) {
    verdict.add(in_memory, true, false);  // the map itself
    verdict.add(memory.params, touch.reads, touch.writes);
  }
  const bool from_host = (in_memory & ~scratch_bits(entry)) != 0 || (in_memory != 0 && memory.params == 0);
  if (from_host || is_unknown(map) || (map.kinds & Taint::kInternal) != 0)
    verdict.add_unknown(touch.reads, touch.writes);
}

Access access_of(const Verdict& verdict, uint64_t bit) {
  if (verdict.unknown_write) return Access::Unknown;
  const bool read = verdict.unknown_read || (verdict.read & bit) != 0;
  if ((verdict.written & bit) != 0) return read ? Access::ReadWrite : Access::Write;
  return read ? Access::Read : Access::None;
}

std::string entry_list(const Module& module) {
  std::string list;
  for (const Function* entry : module.entries()) list += concat(list.empty() ? "" : ", ", entry->name);
  return list;
}

}  // namespace

std::vector<Access> param_access(const Module& module, const Function& entry) {
  Flow flow = build_flow(module, entry);
  solve(flow);
  Verdict verdict;
  verdict.add_unknown(flow.unknown_call, flow.unknown_call);
  for (const Touch& touch : flow.touches) {
    const Taint address = flow.nodes[touch.address];
    if (touch.tensor_map) {
      judge_tensor(touch, address, flow.nodes[flow.global_memory], entry, verdict);
    } else {
      judge_memory(touch, address, verdict);
    }
  }
  std::vector<Access> result;
  for (size_t i = 0; i < entry.params.size(); ++i) {
    const bool is_pointer = may_be_pointer(entry, entry.params[i]);
    result.push_back(is_pointer ? access_of(verdict, param_bit(i)) : Access::None);
  }
  return result;
}

std::vector<Access> param_access(std::string_view text, const std::optional<std::string>& name) {
  const Module module = parse(text);
  return param_access(module, choose_entry(module, name));
}

const Function& choose_entry(const Module& module, const std::optional<std::string>& name) {
  const auto entries = module.entries();
  TR_CHECK(!entries.empty(), ArtifactError, "the PTX has no .entry: expected a kernel");
  if (name) {
    const Function* entry = module.find_entry(*name);
    TR_CHECK(entry != nullptr, ArtifactError, "the PTX has no kernel '", *name, "'; it has: ", entry_list(module));
    return *entry;
  }
  TR_CHECK(entries.size() == 1, ArtifactError, "the PTX has ", entries.size(), " kernels (", entry_list(module),
           "): say which one with name=");
  return *entries.front();
}

}  // namespace triton_runner::ptx
