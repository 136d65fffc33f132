// triton_runner::launch where nothing runs: the fake kernel of tracing.
// Tested in tests/python/test_op.py.
#include <c10/core/SymIntArrayRef.h>
#include <torch/library.h>

#include "runtime/kernel.h"
#include "runtime/pack.h"

namespace triton_runner {
namespace {

// The op returns nothing and resizes nothing, so all that tracing needs is the error that the real launch would give.
void launch_meta(std::string_view key, at::TensorList inputs, at::TensorList outputs, c10::SymIntArrayRef ints,
                 at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  check_counts(find_kernel(key), {inputs.size(), outputs.size(), ints.size(), floats.size(), grid.size()});
}

}  // namespace
}  // namespace triton_runner

TORCH_LIBRARY_IMPL(triton_runner, Meta, library) { library.impl("launch", triton_runner::launch_meta); }
