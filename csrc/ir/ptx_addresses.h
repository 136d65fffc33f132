// Which registers of a PTX kernel hold what differs from one launch to the next although the kernel computes the same:
// addresses, clocks, the number of an SM, and what is computed from them.
//
// A pointer parameter, the address of a variable and some special registers are such; they flow through every
// operation but a read of memory, in whatever order the instructions stand. A comparison of two devices leaves these
// registers out. Tested in tests/csrc/ir/test_ptx_addresses.cc.
#pragma once

#include <vector>

#include "ptx/module.h"

namespace triton_runner::ir {

// By register.
std::vector<bool> registers_with_addresses(const ptx::Function& function);

}  // namespace triton_runner::ir
