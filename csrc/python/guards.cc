#include "python/guards.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

py::object read(const Guard& guard, PyObject* subject) {
  if (guard.is_item) {
    PyObject* found = PyDict_GetItemWithError(guard.holder.ptr(), guard.name.ptr());
    if (found == nullptr) PyErr_Clear();
    return py::reinterpret_borrow<py::object>(found);
  }
  PyObject* holder = guard.holder.is_none() ? subject : guard.holder.ptr();
  PyObject* found = PyObject_GetAttr(holder, guard.name.ptr());
  if (found == nullptr) PyErr_Clear();
  return py::reinterpret_steal<py::object>(found);
}

bool is_empty(PyObject* value) {
  if (value == nullptr || value == Py_None || value == Py_False) return true;
  if (PyList_CheckExact(value)) return PyList_GET_SIZE(value) == 0;
  if (PyUnicode_CheckExact(value)) return PyUnicode_GET_LENGTH(value) == 0;
  if (PyBytes_CheckExact(value)) return PyBytes_GET_SIZE(value) == 0;
  return false;
}

}  // namespace

bool Guard::is_clear(PyObject* subject) const {
  const py::object value = read(*this, subject);
  if (is_empty(value.ptr())) return true;
  static PyObject* calls = PyUnicode_InternFromString("calls");
  PyObject* chained = PyObject_GetAttr(value.ptr(), calls);
  if (chained == nullptr) {
    PyErr_Clear();
    return false;
  }
  const auto list = py::reinterpret_steal<py::object>(chained);
  return PyList_CheckExact(list.ptr()) && PyList_GET_SIZE(list.ptr()) == 0;
}

bool Guards::are_clear(PyObject* subject) const {
  for (const Guard& guard : guards_) {
    if (!guard.is_clear(subject)) return false;
  }
  return true;
}

}  // namespace triton_runner::python
