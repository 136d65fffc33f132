// Which values of an LLVM IR function are another in each launch although the kernel computes the same: addresses,
// clocks, the number of an SM, and what is computed from them; ptx_addresses.h for LLVM IR. What is read from memory is
// data. Tested in tests/csrc/ir/test_llvm_addresses.cc.
#pragma once

#include <set>
#include <string>

#include "ir/llvm_module.h"

namespace triton_runner::ir {

std::set<std::string> values_with_addresses(const LlvmFunction& function);

}  // namespace triton_runner::ir
