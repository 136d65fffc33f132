// Our C++ errors arrive in Python as the classes of the same names in triton_runner/errors.py.
#pragma once

#include <Python.h>

#include <utility>

namespace triton_runner::python {

// Registers the translator of pybind11; once, when the module is imported.
void register_errors();

// Sets the Python error of the exception that is being handled: call it in a catch block.
void set_python_error();

// The body of a function that Python calls without pybind11: an exception becomes a Python error and a null result.
template <typename Body>
PyObject* guarded(Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    set_python_error();
    return nullptr;
  }
}

// A function that takes its arguments as METH_FASTCALL | METH_KEYWORDS brings them, for a PyMethodDef.
inline PyCFunction as_method(PyObject* (*function)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*)) {
  // Python's own way to hold functions of several signatures in one field.
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace triton_runner::python
