// The launch of real tensors, for the op's kernels and for the doors that go past the dispatcher.
//
// A door may call launch_eager only where the dispatcher would do nothing but run the device's kernel:
// `eager_dispatch()` says so of the thread, `is_eager` of a tensor. Everything else (a dispatch mode, a functorch
// transform, a tracer, a tensor subclass, autograd) belongs to the op. Tested in tests/python/test_doors.py.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/DispatchKeySet.h>
#include <c10/util/SmallVector.h>

#include "runtime/kernel.h"

namespace triton_runner {

// The lists of the op. The tensors are borrowed: whoever calls keeps them alive until the launch has returned.
struct EagerArgs {
  c10::SmallVector<const at::Tensor*, 16> inputs;
  c10::SmallVector<const at::Tensor*, 16> outputs;
  c10::SmallVector<int64_t, 32> ints;
  c10::SmallVector<double, 16> floats;
  c10::SmallVector<int64_t, 3> grid;
};

// Whether all keys of `keys`, backends among them, are in `of`. (DispatchKeySet's own minus keeps backends.)
inline bool is_subset(c10::DispatchKeySet keys, c10::DispatchKeySet of) {
  return (keys.raw_repr() & ~of.raw_repr()) == 0;
}

// Whether nothing in this thread waits to see the op: no mode, no transform, no tracer.
bool eager_dispatch();

// What a strided tensor on the CPU or a CUDA device carries. Autocast has no kernel of ours and falls through.
inline constexpr c10::DispatchKeySet kEagerKeys({c10::DispatchKey::CPU, c10::DispatchKey::CUDA,
                                                 c10::DispatchKey::AutogradCPU, c10::DispatchKey::AutogradCUDA,
                                                 c10::DispatchKey::ADInplaceOrView, c10::DispatchKey::AutocastCPU,
                                                 c10::DispatchKey::AutocastCUDA});

// Whether a tensor is plain memory of the CPU or a CUDA device, and the launch need tell autograd only that it wrote.
// An inference tensor, which has no ADInplaceOrView, has no version to move either: the op says whether it may be
// written here. `grad_mode` is at::GradMode::is_enabled().
inline bool is_eager(const at::Tensor& tensor, bool grad_mode) {
  c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  return is_subset(impl.key_set(), kEagerKeys) && impl.key_set().has(c10::DispatchKey::ADInplaceOrView) &&
         !(grad_mode && impl.requires_grad());
}

// The device that a launch with these tensors runs on: the first that is not the CPU, for a raw TMA map may lie there.
// Without a tensor: the current CUDA device, or the CPU where there is none.
at::Device launch_device(const EagerArgs& args);

// The stream that work on `device` goes to now; null for the CPU.
void* current_stream(at::Device device);

// Launches on the current stream of `device`, with scratch from the caching allocator. ArgumentError and the like as
// runtime/launch.h says.
void launch_on(at::Device device, Kernel& kernel, const EagerArgs& args);

// The same, and moves the version counters of the outputs, by which autograd finds a saved tensor that was
// overwritten.
void launch_eager(Kernel& kernel, const EagerArgs& args);

}  // namespace triton_runner
