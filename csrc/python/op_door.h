// A shorter way into torch.ops.triton_runner.launch from eager Python.
//
// Torch parses the arguments of an op into boxed values and then walks the dispatcher, which for a launch costs more
// than all the rest. Where nothing waits to see the op (ops/eager.h), the lists are read straight into the launch. The
// op itself is untouched: C++, tracing, modes, subclasses, autograd and profilers go through it as ever. Tested in
// tests/python/test_op.py.
#pragma once

#include <pybind11/pybind11.h>

namespace triton_runner::python {

// Adds op_door to the module.
void bind_op_door(pybind11::module_& module);

}  // namespace triton_runner::python
