// From at::Tensor to what the runtime needs of it. Tested in tests/python/test_op.py.
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/eager.h"
#include "runtime/launch.h"

namespace triton_runner {

// What torch calls a CUDA device: Hip on a ROCm build of torch, else Cuda.
DeviceType gpu_type();

Device device_of(const at::Device& device);

// `output` takes the data pointer for writing. ArgumentError for a tensor that is not strided.
TensorArg tensor_arg(const at::Tensor& tensor, bool output);

// Opaque for a dtype that no kernel takes.
ElementType element_type_of(at::ScalarType type);

// The tensors of a launch as the runtime takes them.
class TensorArgs {
 public:
  explicit TensorArgs(const EagerArgs& args);

  // Points into this object and into `args`.
  LaunchArgs launch_args(at::Device device, void* stream, const EagerArgs& args) const;

 private:
  c10::SmallVector<TensorArg, 16> inputs_;
  c10::SmallVector<TensorArg, 16> outputs_;
};

}  // namespace triton_runner
