// triton_runner::launch on real tensors: CPU and CUDA share this one body, the driver behind the device does the rest.
//
// The work goes to the current stream of the tensors' device; scratch comes from the caching allocator and is ordered
// by that stream, so both are right under CUDA graph capture. Tested in tests/python/test_op.py and
// tests/gpu/test_op_gpu.py.
#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <c10/core/SymIntArrayRef.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/SmallVector.h>
#include <torch/library.h>

#include "ops/tensor_arg.h"
#include "runtime/error.h"
#include "runtime/kernel.h"
#include "runtime/launch.h"

namespace triton_runner {
namespace {

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

void* current_stream(at::Device device) {
  if (device.is_cpu()) return nullptr;
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle();
}

// A SymInt holds integers below -2^62 on the heap. The dispatcher's own conversion takes those for symbols and fails,
// but they are half of what a u64 parameter can be.
class Integers {
 public:
  explicit Integers(c10::SymIntArrayRef values) {
    if (const auto plain = c10::asIntArrayRefSlowOpt(values)) {
      view_ = *plain;
      return;
    }
    for (const c10::SymInt& value : values) copy_.push_back(value.guard_int(__FILE__, __LINE__));
    view_ = copy_;
  }
  Integers(const Integers&) = delete;
  Integers& operator=(const Integers&) = delete;
  std::span<const int64_t> span() const { return {view_.data(), view_.size()}; }

 private:
  c10::SmallVector<int64_t, 16> copy_;
  at::IntArrayRef view_;
};

void launch_on(at::Device device, std::string_view key, at::TensorList inputs, at::TensorList outputs,
               c10::SymIntArrayRef ints, at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  Kernel& kernel = find_kernel(key);
  c10::SmallVector<TensorArg, 16> input_args;
  c10::SmallVector<TensorArg, 16> output_args;
  for (const at::Tensor& tensor : inputs) input_args.push_back(tensor_arg(tensor, false));
  for (const at::Tensor& tensor : outputs) output_args.push_back(tensor_arg(tensor, true));
  const Integers int_values(ints);
  const Integers grid_values(grid);
  TensorScratch scratch(device);
  launch(kernel,
         {device_of(device),
          current_stream(device),
          {input_args.data(), input_args.size()},
          {output_args.data(), output_args.size()},
          int_values.span(),
          {floats.data(), floats.size()},
          grid_values.span()},
         scratch);
}

void launch_tensors(std::string_view key, at::TensorList inputs, at::TensorList outputs, c10::SymIntArrayRef ints,
                    at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  // The dispatcher comes here only if one of the tensors is on this kernel's device; a raw TMA map may lie on the CPU
  // beside it.
  at::Device device = at::kCPU;
  for (const at::TensorList list : {inputs, outputs}) {
    for (const at::Tensor& tensor : list) {
      if (!tensor.device().is_cpu()) {
        device = tensor.device();
        break;
      }
    }
    if (!device.is_cpu()) break;
  }
  launch_on(device, key, inputs, outputs, ints, floats, grid);
}

// No kernel for the tensors' device, or no tensor at all: then the current CUDA device runs it, or the CPU where there
// is none.
void launch_elsewhere(std::string_view key, at::TensorList inputs, at::TensorList outputs, c10::SymIntArrayRef ints,
                      at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  for (const at::TensorList list : {inputs, outputs}) {
    for (const at::Tensor& tensor : list) {
      raise<ArgumentError>("kernel '", find_kernel(key).spec().name, "': a tensor is ", concat(tensor.layout()), " on ",
                           tensor.device().str(),
                           ", expected a strided tensor on cpu or cuda: for a sparse one call .to_dense() first");
    }
  }
  at::Device device = at::kCPU;
  if (at::globalContext().hasCUDA()) device = c10::impl::VirtualGuardImpl(at::kCUDA).getDevice();
  launch_on(device, key, inputs, outputs, ints, floats, grid);
}

}  // namespace
}  // namespace triton_runner

TORCH_LIBRARY_IMPL(triton_runner, CPU, library) { library.impl("launch", triton_runner::launch_tensors); }
TORCH_LIBRARY_IMPL(triton_runner, CUDA, library) { library.impl("launch", triton_runner::launch_tensors); }
TORCH_LIBRARY_IMPL(triton_runner, CompositeExplicitAutograd, library) {
  library.impl("launch", triton_runner::launch_elsewhere);
}
