// What the notes of an AMD code object (hsaco) say of its kernels: LLVM's "User Guide for AMDGPU Backend", "Code Object
// V5 Metadata". The launch is checked against them, for the HIP runtime takes as many pointers as they list arguments
// and asks for no length. Tested in tests/csrc/driver/test_code_object.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace triton_runner {

struct KernelArgument {
  uint32_t offset = 0;
  uint32_t size = 0;
};

struct KernelNotes {
  std::string name;
  std::vector<KernelArgument> arguments;  // without those that the runtime fills in itself
  uint32_t max_threads = 0;               // of a block
  uint32_t wave_size = 0;
  uint32_t fixed_shared_bytes = 0;
};

struct CodeObject {
  std::string arch;  // "gfx942"
  std::vector<KernelNotes> kernels;
};

// ArtifactError for what is no whole code object. `what` names the image in messages.
CodeObject read_code_object(std::string_view image, std::string_view what);

}  // namespace triton_runner
