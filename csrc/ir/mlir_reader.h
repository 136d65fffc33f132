// Reads the structure of TTIR and TTGIR as MLIR prints them. Operations are not understood, only bounded: one starts on
// a line of its own, a brace at the end of a line opens a region. Tested in tests/csrc/ir/test_mlir_reader.cc and by
// the fuzz target mlir_reader.
#pragma once

#include <memory>
#include <string_view>

#include "ir/mlir_module.h"

namespace triton_runner::ir::mlir {

// ArtifactError, with the line, where brackets do not match or a line is none that MLIR prints.
std::unique_ptr<Module> read_module(std::string_view text);

}  // namespace triton_runner::ir::mlir
