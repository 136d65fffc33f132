// From at::Tensor to what the runtime needs of it. Tested in tests/python/test_op.py.
#pragma once

#include <ATen/core/Tensor.h>

#include "runtime/launch.h"

namespace triton_runner {

Device device_of(const at::Device& device);

// `output` takes the data pointer for writing. ArgumentError for a tensor that is not strided.
TensorArg tensor_arg(const at::Tensor& tensor, bool output);

// Opaque for a dtype that no kernel takes.
ElementType element_type_of(at::ScalarType type);

}  // namespace triton_runner
