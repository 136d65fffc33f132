// Our C++ errors arrive in Python as the classes of the same names in triton_runner/errors.py.
#pragma once

namespace triton_runner::python {

// Registers the translator; once, when the module is imported.
void register_errors();

}  // namespace triton_runner::python
