// Every value of a kernel in program order: what it is, and where in the text a copy of it can be stored. Tested in
// tests/csrc/ir/test_mlir_values.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/mlir_module.h"
#include "ir/protocol.h"

namespace triton_runner::ir::mlir {

struct Value {
  std::string name;
  std::string type;
  const Op* op = nullptr;       // nullptr for a block argument
  const Block* home = nullptr;  // the block where it is stored
  size_t at = 0;                // offset of the store
  bool from_shared = false;     // a memdesc: read it first
  bool in_flight = false;       // an accumulator that a wait has to come before
  Slot slot;
};

struct Kernel {
  const Op* function = nullptr;
  std::vector<Value> values;
};

// The value at an index of Kernel::values. ArgumentError where there is none, UnsupportedError where it is refused.
const Value& value_at(const Kernel& kernel, size_t index);

// ArtifactError where the text has no such kernel, or several and no name is given.
const Op& find_kernel(const Module& module, std::string_view name);

Kernel find_values(const Module& module, std::string_view name);

// The region that a value's store reaches global memory from: the body of the function, or the partition of a
// warp-specialized kernel, which sees nothing from outside but what it is passed.
const Region& root_of(const Block& block);
bool is_partition(const Region& region);

// The names of the constants 0 and 1 (i64) that stand at the front of a root. A partition may not take a name of the
// function around it.
std::string zero_in(const Region& root, const std::string& prefix);
std::string one_in(const Region& root, const std::string& prefix);
std::string define_constants(const Region& root, const std::string& prefix);

// Loops around the block, outermost first.
std::vector<const Op*> loops_around(const Block& block);

}  // namespace triton_runner::ir::mlir
