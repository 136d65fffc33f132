// Picks the image of a record that an NVIDIA device can load, and checks it as far as a driver that takes no length
// cannot. Tested in tests/csrc/driver/test_cuda_image.cc.
#pragma once

#include <string>
#include <string_view>

#include "runtime/spec.h"

namespace triton_runner::cuda {

struct Image {
  const std::string* bytes = nullptr;  // NUL-terminated, as cuModuleLoadDataEx wants PTX
  bool is_ptx = false;
};

// A cubin goes before PTX. `capability` is ten times the device's (90 for sm_90). ArtifactError for a record with
// neither, for a foreign or truncated ELF, and for a cubin of another architecture.
Image pick_image(const KernelRecord& record, int capability);

// The ".version" of PTX text; empty where it states none.
std::string_view ptx_version(std::string_view ptx);

// ArtifactError for PTX that the assembler of this driver would read otherwise than the one that it was made for.
// `driver_version` is what cuDriverGetVersion says (13000 for CUDA 13.0).
void check_ptx(const KernelRecord& record, int driver_version);

}  // namespace triton_runner::cuda
