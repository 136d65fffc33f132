// Reads declarations: variables of a module or a function, and the parameters of a function.
// Tested in tests/csrc/ptx/test_parser.cc.
#pragma once

#include <vector>

#include "ptx/module.h"
#include "ptx/module_names.h"
#include "ptx/reader.h"

namespace triton_runner::ptx {

// `.global .align 4 .b8 a[4] = {1, 2, 3, 4}, b;` from behind the state space up to and with the semicolon.
std::vector<Variable> read_variables(Reader& reader, const ModuleNames& names, Linkage linkage, Space space);

// `(.param .u64 .ptr .global .align 1 a, .param .b32 b)`, with sizes, and with offsets in the parameter buffer.
std::vector<Param> read_params(Reader& reader);

// Where the next parameter after these may start: the length of the parameter buffer.
uint64_t params_end(const std::vector<Param>& params);

}  // namespace triton_runner::ptx
