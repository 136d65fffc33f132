// Module to PTX text that parses back to an equal module. Blanks, comments and the spelling of numbers are ours; the
// order of everything, the names and the debug sections are the module's. Tested in tests/csrc/ptx/test_printer.cc.
#pragma once

#include <string>

#include "ptx/module.h"

namespace triton_runner::ptx {

std::string print(const Module& module);

// One instruction, as in "@%p1 ld.global.b32 %r4, [%rd1+8];": for messages.
std::string print(const Module& module, const Function& function, const Instruction& instruction);

}  // namespace triton_runner::ptx
