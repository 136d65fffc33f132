#include "ops/repeated.h"

#include "ops/tensor_arg.h"

namespace triton_runner {
namespace {

// The address for writing, where it is written: that is what gives a copy-on-write tensor memory of its own.
const void* address(const at::Tensor& tensor, bool output) {
  return output ? tensor.mutable_data_ptr() : tensor.const_data_ptr();
}

}  // namespace

std::unique_ptr<const RepeatedLaunch> RepeatedLaunch::make(Kernel& kernel, const EagerArgs& args) {
  const at::Device device = launch_device(args);
  if (!PreparedLaunch::is_possible(kernel.spec(), device_of(device).type)) return nullptr;
  const TensorArgs tensors(args);
  std::unique_ptr<RepeatedLaunch> made(
      new RepeatedLaunch(device, PreparedLaunch(kernel, tensors.launch_args(device, nullptr, args))));
  for (const at::Tensor* tensor : args.inputs) made->see(*tensor, false);
  for (const at::Tensor* tensor : args.outputs) made->see(*tensor, true);
  return made;
}

void RepeatedLaunch::see(const at::Tensor& tensor, bool output) {
  seen_.push_back({&tensor, address(tensor, output), tensor.scalar_type(), tensor.device(), output});
}

bool RepeatedLaunch::is_unchanged() const {
  const bool grad_mode = at::GradMode::is_enabled();
  for (const Seen& seen : seen_) {
    const at::Tensor& tensor = *seen.tensor;
    if (!is_eager(tensor, grad_mode) || address(tensor, seen.output) != seen.data ||
        tensor.scalar_type() != seen.dtype || tensor.device() != seen.device) {
      return false;
    }
  }
  return true;
}

void RepeatedLaunch::operator()() const {
  prepared_(current_stream(device_));
  for (const Seen& seen : seen_) {
    if (seen.output) seen.tensor->unsafeGetTensorImpl()->bump_version();
  }
}

}  // namespace triton_runner
