// triton_runner::launch where nothing runs: the fake kernel of tracing.
// Tested in tests/python/test_op.py.
#include <c10/core/SymIntArrayRef.h>
#include <torch/library.h>

#include "runtime/error.h"
#include "runtime/kernel.h"

namespace triton_runner {
namespace {

// The op returns nothing and resizes nothing, so all that tracing needs is the error that the real launch would give.
void launch_meta(std::string_view key, at::TensorList inputs, at::TensorList outputs, c10::SymIntArrayRef ints,
                 at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  const Kernel& kernel = find_kernel(key);
  const Layout& layout = kernel.layout();
  auto check = [&](const char* list, size_t found, size_t expected) {
    TR_CHECK(found == expected, ArgumentError, "kernel '", kernel.spec().name, "': ", list, " has ", found,
             " entries, expected ", expected);
  };
  check("inputs", inputs.size(), layout.inputs);
  check("outputs", outputs.size(), layout.outputs);
  check("ints", ints.size(), layout.ints);
  check("floats", floats.size(), layout.floats);
  TR_CHECK(!grid.empty() && grid.size() <= 3, ArgumentError, "kernel '", kernel.spec().name, "': the grid has ",
           grid.size(), " dimensions, expected one to three");
}

}  // namespace
}  // namespace triton_runner

TORCH_LIBRARY_IMPL(triton_runner, Meta, library) { library.impl("launch", triton_runner::launch_meta); }
