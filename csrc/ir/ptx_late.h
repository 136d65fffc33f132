// Results that are not in their registers when the next instruction starts: wgmma.mma_async and tcgen05.ld write on
// while the thread goes on, and a wait brings them. Which registers each wait brings follows from the flow of control:
// every register that may be in flight there. Only a wait for everything counts, wgmma.wait_group 0 and
// tcgen05.wait::ld. Tested in tests/csrc/ir/test_ptx_late.cc.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "ir/ptx_flow.h"
#include "ir/ptx_text.h"
#include "ptx/module.h"

namespace triton_runner::ir {

// Whether the instruction's results come late.
bool comes_late(const ptx::Instruction& instruction);

// The registers that an instruction writes.
std::vector<uint32_t> results_of(const ptx::Instruction& instruction);

// By wait: the registers that it brings, in the order of their numbers.
std::map<uint32_t, std::vector<uint32_t>> late_arrivals(const ptx::Function& function, const PtxBlocks& blocks,
                                                        const PtxKernelText& text);

}  // namespace triton_runner::ir
