#include "python/guards.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

bool is_empty(PyObject* value) {
  if (value == nullptr || value == Py_None || value == Py_False) return true;
  if (PyList_CheckExact(value) || PyBytes_CheckExact(value)) return Py_SIZE(value) == 0;
  return PyUnicode_CheckExact(value) && PyUnicode_GET_LENGTH(value) == 0;
}

}  // namespace

bool Guards::are_clear(PyObject* subject) const {
  const auto attributes = py::reinterpret_steal<py::object>(PyObject_GenericGetDict(subject, nullptr));
  for (const Guard& guard : guards_) {
    PyObject* dict = guard.holder.is_none() ? attributes.ptr() : guard.holder.ptr();
    if (dict != nullptr && PyDict_GET_SIZE(dict) == 0) continue;
    if (dict == nullptr || !is_empty(PyDict_GetItemWithError(dict, guard.name.ptr()))) {
      PyErr_Clear();
      return false;
    }
  }
  return true;
}

}  // namespace triton_runner::python
