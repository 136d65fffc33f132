// What can be dumped of a PTX kernel: every register that an instruction writes, one value for each such place, in the
// order of the text.
//
// A register that is written in one place has its own name, %r5; of one that is written in several, each is a value of
// its own, %r5#0 and so on. What wgmma and tcgen05.ld write is a value where a wait brings it (ptx_late.h). Tested in
// tests/csrc/ir/test_ptx_values.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/loops.h"
#include "ir/ptx_flow.h"
#include "ir/ptx_text.h"
#include "ir/ptx_types.h"
#include "ptx/module.h"

namespace triton_runner::ir {

struct PtxValue {
  std::string name;
  uint32_t instruction = 0;  // that writes it, or brings it
  uint32_t reg = 0;
  RegisterType type;
  std::vector<uint32_t> loops;  // around it, outermost first
  bool repeats = false;         // may be written more than once in a launch
  std::string refusal;          // why it cannot be dumped; empty where it can
};

// One kernel, taken apart for its values.
struct PtxKernel {
  const ptx::Module& module;
  const ptx::Function& function;
  PtxKernelText text;
  PtxBlocks blocks;
  LoopForest loops;
  std::vector<bool> addresses;  // by register (ptx_addresses.h)
  std::vector<PtxValue> values;
};

// `module` must outlive the result.
PtxKernel read_ptx_kernel(const ptx::Module& module, const ptx::Function& function, std::string_view text);

// "ld.global.v4.b32".
std::string mnemonic(const ptx::Instruction& instruction);

}  // namespace triton_runner::ir
