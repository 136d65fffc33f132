// Runs an edited kernel on the executor, with a buffer as protocol.h lays it out, and reads the records back.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "executor/executor.h"
#include "ir/protocol.h"
#include "ptx/parser.h"
#include "runtime/error.h"

namespace triton_runner::ir {

inline std::vector<size_t> all_values(const std::vector<Slot>& slots) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].refusal.empty()) chosen.push_back(i);
  }
  return chosen;
}

inline std::vector<size_t> named(const std::vector<Slot>& slots, const std::vector<std::string>& names) {
  std::vector<size_t> chosen;
  for (const std::string& name : names) {
    for (size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].name == name) chosen.push_back(i);
    }
  }
  if (chosen.size() != names.size()) throw ArgumentError("the test asks for a value that is not listed once");
  return chosen;
}

// Memory of one launch: `user` is what the kernel's own parameters point at, one array for each.
struct DumpLaunch {
  Dim3 grid{1, 1, 1};
  uint32_t threads = 32;  // of a CTA
  uint32_t num_ctas = 1;
  uint64_t capacity = 4;
  std::vector<int64_t> rows;  // empty: every program is recorded
};

class DumpResult {
 public:
  // `params` are the 8-byte parameters ahead of the buffer.
  DumpResult(const Edit& edit, const std::string& ptx, const DumpLaunch& launch, std::vector<uint64_t> params,
             std::vector<Region> regions)
      : slots_(edit.slots), launch_(launch) {
    const uint64_t programs = uint64_t{launch.grid[0]} * launch.grid[1] * launch.grid[2] / launch.num_ctas;
    rows_ = launch.rows;
    for (uint64_t i = rows_.size(); i < programs; ++i) rows_.push_back(static_cast<int64_t>(i));
    uint64_t kept = 0;
    for (const int64_t row : rows_) kept += row >= 0;
    uint64_t size = kTableEntryBytes * slots_.size() + (kRowBytes * programs + 15) / 16 * 16;
    std::vector<uint64_t> table;
    for (const Slot& slot : slots_) {
      starts_.push_back(size);
      table.insert(table.end(), {size, launch.capacity});
      size += kept * threads() * stride(slot);
    }
    bytes_.assign((size + 15) / 16, {});
    std::memcpy(data(), table.data(), table.size() * 8);
    std::memcpy(data() + table.size() * 8, rows_.data(), rows_.size() * 8);
    params.push_back(reinterpret_cast<uint64_t>(data()));
    regions.push_back({data(), size, true, "triton_runner_dump"});
    executor::Launch config;
    config.grid = launch.grid;
    config.block = {launch.threads, 1, 1};
    config.cluster = {launch.num_ctas, 1, 1};
    config.params = std::as_bytes(std::span(params));
    config.regions = regions;
    const ptx::Module module = ptx::parse(ptx);
    executor::run(*executor::build_program(module, module.entries().front()->name), config);
  }

  uint64_t count(size_t slot, uint64_t thread, uint64_t row = 0) const {
    return read<uint64_t>(start(slot, row) + thread * count_bytes(slots_[slot]));
  }
  int64_t iteration(size_t slot, uint64_t thread, uint64_t record, uint64_t loop, uint64_t row = 0) const {
    return read<int64_t>(place(slot, record, row) + thread * header_bytes(slots_[slot]) + 8 * loop);
  }
  template <typename T>
  T value(size_t slot, uint64_t thread, uint64_t record = 0, uint64_t element = 0, uint64_t row = 0) const {
    const uint64_t header = header_bytes(slots_[slot]);
    const uint64_t size = record_bytes(slots_[slot]) - header;
    return read<T>(place(slot, record, row) + threads() * header + thread * size + element * sizeof(T));
  }

 private:
  struct alignas(16) Chunk {
    std::byte bytes[16];
  };
  uint64_t threads() const { return uint64_t{launch_.threads} * launch_.num_ctas; }
  uint64_t stride(const Slot& slot) const { return count_bytes(slot) + launch_.capacity * record_bytes(slot); }
  uint64_t start(size_t slot, uint64_t row) const { return starts_[slot] + row * threads() * stride(slots_[slot]); }
  uint64_t place(size_t slot, uint64_t record, uint64_t row) const {
    return start(slot, row) + threads() * (count_bytes(slots_[slot]) + record * record_bytes(slots_[slot]));
  }
  std::byte* data() { return bytes_.data()->bytes; }
  template <typename T>
  T read(uint64_t offset) const {
    T out;
    std::memcpy(&out, bytes_.data()->bytes + offset, sizeof(T));
    return out;
  }

  std::vector<Slot> slots_;
  DumpLaunch launch_;
  std::vector<int64_t> rows_;
  std::vector<uint64_t> starts_;
  std::vector<Chunk> bytes_;
};

}  // namespace triton_runner::ir
