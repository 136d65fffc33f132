// Calls torch.ops.triton_runner.launch from C++ in a loop, as a model compiled ahead of time does: through the
// dispatcher's typed handle, which is looked up once.
//
// Registered as the operator triton_runner_benchmark::launch_loop, which returns the seconds that the loop took. It has
// one kernel for all devices, so that timing starts behind the first dispatch.
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/SymIntArrayRef.h>
#include <torch/library.h>

#include <chrono>
#include <string_view>

namespace {

using Signature = void(std::string_view, at::TensorList, at::TensorList, c10::SymIntArrayRef, at::ArrayRef<double>,
                       c10::SymIntArrayRef);

double launch_loop(std::string_view key, at::TensorList inputs, at::TensorList outputs, at::IntArrayRef ints,
                   at::ArrayRef<double> floats, at::IntArrayRef grid, int64_t count) {
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("triton_runner::launch", "").typed<Signature>();
  const c10::SymIntArrayRef sym_ints = c10::fromIntArrayRefSlow(ints);
  const c10::SymIntArrayRef sym_grid = c10::fromIntArrayRefSlow(grid);
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < count; ++i) op.call(key, inputs, outputs, sym_ints, floats, sym_grid);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TORCH_LIBRARY(triton_runner_benchmark, library) {
  library.def(
      "launch_loop(str key, Tensor[] inputs, Tensor(a!)[] outputs, int[] ints, float[] floats, int[] grid, int count) "
      "-> float",
      torch::dispatch(c10::DispatchKey::CompositeExplicitAutograd, TORCH_FN(launch_loop)));
}
