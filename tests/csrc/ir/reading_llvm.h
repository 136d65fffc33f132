// Short ways to read LLVM IR in the tests of this room.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ir/llvm_module.h"
#include "ptx/reading.h"

namespace triton_runner::ir {

// A kernel with a pointer, a number and Triton's two scratch parameters; its entry block is %4.
inline std::string llvm_kernel(const std::string& body) {
  return concat("target triple = \"nvptx64-nvidia-cuda\"\n\n",
                "define ptx_kernel void @k(ptr addrspace(1) %0, i32 %1, ptr addrspace(1) readnone captures(none) %2, "
                "ptr addrspace(1) %3) #0 !dbg !4 {\n",
                body, "}\n");
}

inline std::vector<std::filesystem::path> llvm_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("tests/csrc/ir/data")) {
    if (entry.path().extension() == ".llir") files.push_back(entry.path());
  }
  return files;
}

inline std::string llvm_error(const std::string& text) {
  return ptx::error_of([&] { read_llvm(text).kernel(""); });
}

}  // namespace triton_runner::ir
