// Where the parts of one kernel lie in PTX text: what an edit needs to insert between them. The text must be one that
// ptx::parse accepts; this walks its tokens once more, and finds the same instructions in the same order.
// Tested in tests/csrc/ir/test_ptx_text.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ptx/module.h"

namespace triton_runner::ir {

struct PtxInstructionText {
  size_t begin = 0;    // its first byte, a guard included
  size_t end = 0;      // behind its semicolon
  uint32_t scope = 0;  // number of the innermost braces around it; 0 is the body of the function
};

struct PtxKernelText {
  size_t name_end = 0;         // behind the kernel's name
  bool has_params = false;     // whether there are parentheses
  std::vector<size_t> params;  // the first byte of each parameter
  size_t params_end = 0;       // at the closing parenthesis
  size_t body = 0;             // behind the brace that opens the body
  std::vector<PtxInstructionText> instructions;
};

PtxKernelText locate_kernel(std::string_view text, const ptx::Function& kernel);

}  // namespace triton_runner::ir
