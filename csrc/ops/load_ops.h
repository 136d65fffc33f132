// What a program of C++ calls to have the kernels and named ops of a folder. Tested by examples/models/cpp.
#pragma once

#include <string>
#include <vector>

namespace triton_runner {

// Registers every kernel of a folder (runtime/kernel_folder.h), and the ops among them. Returns the content keys, and
// for an op its name. Errors are of runtime/error.h.
std::vector<std::string> load_ops(const std::string& folder);

}  // namespace triton_runner
