// Writes the MLIR that finds a slot's area and stores one record in it (protocol.h). The value is stored from its own
// layout: the index of each element is computed in slices of that layout, so no data moves between threads.
// Tested in tests/csrc/ir/test_dump_mlir.cc, and by running it in tests/python/test_dump*.py.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/mlir_types.h"
#include "ir/protocol.h"

namespace triton_runner::ir::mlir {

// What a region knows of one slot's area.
struct Area {
  std::string count;     // address of the count, !tt.ptr<i64>
  std::string records;   // address of the first record, !tt.ptr<i8>
  std::string capacity;  // in records; 0 where the program is not recorded
  std::string counted;   // i1: whether the program is recorded
};

class RecordWriter {
 public:
  explicit RecordWriter(std::string prefix) : prefix_(std::move(prefix)) {}

  // The row of this program, for the front of a root region. `buffer` is the parameter's name there.
  std::string open_root(const std::string& buffer, size_t slots);
  // The area of slot number `index`; follows open_root in the same region.
  std::string open_slot(size_t index, const Slot& slot, Area& area, const std::string& buffer);

  // Stores `value` as record number `run`, with the iteration numbers, and counts it.
  std::string record(const Slot& slot, const Type& type, std::string value, const Area& area, const std::string& run,
                     const std::vector<std::string>& iterations);

  std::string fresh() { return prefix_ + std::to_string(count_++); }

 private:
  std::string emit(const std::string& right_side);  // appends "%n = right_side" and returns %n
  void line(const std::string& text) { out_.append(text).append("\n"); }
  std::string constant(uint64_t value);
  std::string take() { return std::exchange(out_, {}); }
  std::string address(const std::string& base, const std::string& offset);
  std::string cast(const std::string& pointer, const std::string& element);
  std::string element_index(const Type& type);
  std::string index_along(const Type& type, size_t dimension, int64_t stride);
  std::string storable(const Type& type, std::string value, std::string& element);
  void store_tensor(const Type& type, std::string value, const std::string& at, const std::string& allowed);
  void store_scalar(const Type& type, std::string value, const std::string& at, const std::string& allowed);

  std::string prefix_;
  std::string out_;
  std::string row_;      // of the root that was opened last
  std::string counted_;  // likewise
  int count_ = 0;
};

}  // namespace triton_runner::ir::mlir
