// triton_runner::launch on real tensors: CPU and CUDA share this one body, the driver behind the device does the rest.
//
// The work goes to the current stream of the tensors' device; scratch comes from the caching allocator and is ordered
// by that stream, so both are right under CUDA graph capture. Tested in tests/python/test_op.py and
// tests/gpu/test_op_gpu.py.
#include "ops/launch.h"

#include <torch/library.h>

#include "ops/eager.h"
#include "runtime/error.h"
#include "runtime/kernel.h"

namespace triton_runner {
namespace {

void append(c10::SmallVectorImpl<const at::Tensor*>& out, at::TensorList tensors) {
  for (const at::Tensor& tensor : tensors) out.push_back(&tensor);
}

// A SymInt holds integers below -2^62 on the heap. The dispatcher's own conversion takes those for symbols and fails,
// but they are half of what a u64 parameter can be.
void append(c10::SmallVectorImpl<int64_t>& out, c10::SymIntArrayRef values) {
  if (const auto plain = c10::asIntArrayRefSlowOpt(values)) {
    out.append(plain->begin(), plain->end());
    return;
  }
  for (const c10::SymInt& value : values) out.push_back(value.guard_int(__FILE__, __LINE__));
}

}  // namespace

void launch_tensors(std::string_view key, at::TensorList inputs, at::TensorList outputs, c10::SymIntArrayRef ints,
                    at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  EagerArgs args;
  append(args.inputs, inputs);
  append(args.outputs, outputs);
  append(args.ints, ints);
  args.floats.append(floats.begin(), floats.end());
  append(args.grid, grid);
  launch_on(launch_device(args), find_kernel(key), args);
}

namespace {

// No kernel for the tensors' device, or no tensor at all.
void launch_elsewhere(std::string_view key, at::TensorList inputs, at::TensorList outputs, c10::SymIntArrayRef ints,
                      at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  for (const at::TensorList list : {inputs, outputs}) {
    for (const at::Tensor& tensor : list) {
      raise<ArgumentError>("kernel '", find_kernel(key).spec().name, "': a tensor is ", concat(tensor.layout()), " on ",
                           tensor.device().str(),
                           ", expected a strided tensor on cpu or cuda: for a sparse one call .to_dense() first");
    }
  }
  launch_tensors(key, inputs, outputs, ints, floats, grid);
}

}  // namespace
}  // namespace triton_runner

TORCH_LIBRARY_IMPL(triton_runner, CPU, library) { library.impl("launch", triton_runner::launch_tensors); }
TORCH_LIBRARY_IMPL(triton_runner, CUDA, library) { library.impl("launch", triton_runner::launch_tensors); }
TORCH_LIBRARY_IMPL(triton_runner, CompositeExplicitAutograd, library) {
  library.impl("launch", triton_runner::launch_elsewhere);
}
