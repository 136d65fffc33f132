// A folder of kernels as files: `<stem>.json`, a sidecar with our record (sidecar.h), and beside it the images
// `<stem>.ptx`, `<stem>.cubin`, `<stem>.hsaco` that there are. It is what a program without Python loads its kernels
// from. Tested in tests/csrc/runtime/test_kernel_folder.cc.
#pragma once

#include <string>
#include <vector>

#include "runtime/json.h"
#include "runtime/kernel.h"

namespace triton_runner {

struct StoredKernel {
  Kernel* kernel = nullptr;
  Json sidecar;
};

// Registers every kernel of the folder, in the order of the file names. ArtifactError where there is no such folder or
// a kernel without an image; MetadataError for a JSON file that is no record.
std::vector<StoredKernel> register_kernel_folder(const std::string& folder);

}  // namespace triton_runner
