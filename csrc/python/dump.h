// The door of the dump's edits (ir/protocol.h) to Python.
#pragma once

#include <pybind11/pybind11.h>

namespace triton_runner::python {

void bind_dump(pybind11::module_& module);

}  // namespace triton_runner::python
