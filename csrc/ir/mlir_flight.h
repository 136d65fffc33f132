// Which values are accumulators that the tensor cores may still be writing: results of an asynchronous
// ttng.warp_group_dot, until a wait for all of them has passed. They may be stored only behind a wait of their own.
// Tested in tests/csrc/ir/test_mlir_flight.cc.
#pragma once

#include <set>
#include <string>

#include "ir/mlir_module.h"

namespace triton_runner::ir::mlir {

std::set<std::string> values_in_flight(const Op& function);

}  // namespace triton_runner::ir::mlir
