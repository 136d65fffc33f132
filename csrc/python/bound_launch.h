// A launch with its arguments: what `Kernel.bind(grid, *args)` returns. Tested in tests/python/test_bind.py.
#pragma once

#include <pybind11/pybind11.h>

namespace triton_runner::python {

// Adds BoundLaunch to the module.
void bind_bound_launch(pybind11::module_& module);

}  // namespace triton_runner::python
