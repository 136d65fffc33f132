#include "ops/eager.h"

#include <ATen/Context.h>
#include <ATen/PythonTorchFunctionTLS.h>
#include <ATen/ops/empty.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "ops/tensor_arg.h"
#include "runtime/launch.h"

namespace triton_runner {
namespace {

using c10::DispatchKey;
using c10::DispatchKeySet;

constexpr DispatchKeySet kEagerThread =
    c10::default_included_set | DispatchKeySet({DispatchKey::AutocastCPU, DispatchKey::AutocastCUDA});

// Freed by its destructor right after the launch is queued: the allocator gives the memory to later work of the same
// stream only.
class TensorScratch : public ScratchAllocator {
 public:
  explicit TensorScratch(at::Device device) : device_(device) {}

  void* allocate(size_t bytes, size_t align) override {
    const auto size = static_cast<int64_t>(bytes + align - 1);
    tensors_.push_back(at::empty({size}, at::TensorOptions().device(device_).dtype(at::kByte)));
    const auto address = reinterpret_cast<uintptr_t>(tensors_.back().mutable_data_ptr());
    return reinterpret_cast<void*>((address + align - 1) / align * align);
  }

 private:
  at::Device device_;
  c10::SmallVector<at::Tensor, 2> tensors_;
};

}  // namespace

bool eager_dispatch() {
  return is_subset(c10::impl::tls_local_dispatch_key_set().included_, kEagerThread) &&
         !at::impl::torch_function_mode_enabled();
}

at::Device launch_device(const EagerArgs& args) {
  for (const auto* list : {&args.outputs, &args.inputs}) {
    for (const at::Tensor* tensor : *list) {
      if (!tensor->is_cpu()) return tensor->device();
    }
  }
  if (!args.inputs.empty() || !args.outputs.empty() || !at::globalContext().hasCUDA()) return at::kCPU;
  return c10::impl::VirtualGuardImpl(at::kCUDA).getDevice();
}

void* current_stream(at::Device device) {
  if (device.is_cpu()) return nullptr;
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle();
}

void launch_on(at::Device device, Kernel& kernel, const EagerArgs& args) {
  const TensorArgs tensors(args);
  TensorScratch scratch(device);
  launch(kernel, tensors.launch_args(device, current_stream(device), args), scratch);
}

void launch_eager(Kernel& kernel, const EagerArgs& args) {
  launch_on(launch_device(args), kernel, args);
  for (const at::Tensor* tensor : args.outputs) tensor->unsafeGetTensorImpl()->bump_version();
}

}  // namespace triton_runner
