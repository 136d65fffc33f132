// All operators of torch.ops.triton_runner. Each device's kernel stands in a file of its own beside this one.
#include <torch/library.h>

TORCH_LIBRARY(triton_runner, library) {
  // Runs the kernel that is registered under the content key `key`. `inputs` are the pointers that it only reads,
  // `outputs` those that it may write; `ints` and `floats` its scalars in order (csrc/runtime/layout.h); `grid` one to
  // three counts of programs.
  library.def(
      "launch(str key, Tensor[] inputs, Tensor(a!)[] outputs, SymInt[] ints, float[] floats, SymInt[] grid) -> ()");

  // What the backward pass of a launch, or of a named op, calls: raises, and where it is only traced gives a tensor of
  // these sizes.
  library.def("missing_derivative(Tensor grad, str key, SymInt[] sizes) -> Tensor");

  // Registers the kernels and named ops of a folder (load_ops.h).
  library.def("load_ops(str folder) -> str[]");
}
