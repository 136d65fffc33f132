// Picks the code object of a record and holds the record against it, before the HIP runtime, which checks neither, sees
// it. Tested in tests/csrc/driver/test_hip_image.cc.
#pragma once

#include <string>

#include "runtime/spec.h"

namespace triton_runner::hip {

struct DeviceTraits {
  std::string arch;  // "gfx942"; empty where the runtime does not tell
  int wave_size = 0;
};

// The hsaco. ArtifactError for a record without one, for a foreign, damaged or truncated one, and for one of another
// architecture or wave size; MetadataError for a record that is not of this code object.
const std::string& pick_hsaco(const KernelRecord& record, const DeviceTraits& device);

}  // namespace triton_runner::hip
