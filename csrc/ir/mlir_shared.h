// Values in shared memory: where one may be read, and in which layout of registers. Tested in
// tests/csrc/ir/test_mlir_shared.cc.
#pragma once

#include <optional>
#include <string>

#include "ir/mlir_module.h"
#include "ir/mlir_types.h"

namespace triton_runner::ir::mlir {

// Where the memory behind `name` holds the value that the program means: right behind an allocation that is
// initialized, else ahead of the first operation of the block that reads it, directly or through a view; by then the
// program has waited for the copy that fills it. Nothing where no operation of the block reads it. `defining` is
// nullptr for a block argument.
std::optional<size_t> offset_of_read(const Block& block, const Op* defining, const std::string& name);

// A blocked layout, in row-major order, for a tensor of these extents.
std::string layout_to_read(const Type& type, int num_warps);

// Of the partition that the block is in, else of the module.
int num_warps_of(const Block& block);
int num_ctas_of(const Block& block);

}  // namespace triton_runner::ir::mlir
