// TMA descriptors: cuTensorMapEncodeTiled from a TensorMapRequest. Tested in tests/gpu/test_levels.py.
#pragma once

#include "runtime/driver.h"

namespace triton_runner::cuda {

// Writes 128 bytes. DriverError with every operand where the driver refuses them.
void encode_tensor_map(const TensorMapRequest& request, std::byte* map);

// The same, out of a small cache of the calling thread where an equal request (base, shape, strides and all) was
// encoded before. A map holds an address and keeps no memory alive.
void cached_tensor_map(const TensorMapRequest& request, std::byte* map);

}  // namespace triton_runner::cuda
