#include "python/descriptor.h"

#include <torch/csrc/autograd/python_variable.h>

#include "python/call.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

// Null, and no error set, where there is no such attribute.
py::object attribute(PyObject* value, PyObject* name) {
  PyObject* found = PyObject_GetAttr(value, name);
  if (found == nullptr) PyErr_Clear();
  return py::reinterpret_steal<py::object>(found);
}

PyObject* interned(const char* name) { return PyUnicode_InternFromString(name); }

bool read_extents(PyObject* value, PyObject* name, c10::SmallVectorImpl<int64_t>& out) {
  const py::object list = attribute(value, name);
  return list && read_ints(list.ptr(), out);
}

bool is_nan(PyObject* padding) {
  static PyObject* nan = interned("nan");
  return padding == nan || (PyUnicode_CheckExact(padding) && PyUnicode_Compare(padding, nan) == 0);
}

}  // namespace

bool read_descriptor(PyObject* value, DescriptorArg& out) {
  static PyObject* base = interned("base");
  static PyObject* shape = interned("shape");
  static PyObject* strides = interned("strides");
  static PyObject* block_shape = interned("block_shape");
  static PyObject* padding = interned("padding");
  static PyObject* round_f32_to_tf32 = interned("round_f32_to_tf32");
  out.base_object = attribute(value, base);
  if (!out.base_object || !THPVariable_CheckExact(out.base_object.ptr())) return false;
  out.base = &THPVariable_Unpack(out.base_object.ptr());
  if (!read_extents(value, shape, out.shape) || !read_extents(value, strides, out.strides) ||
      !read_extents(value, block_shape, out.block_shape)) {
    return false;
  }
  const py::object rounds = attribute(value, round_f32_to_tf32);
  if (rounds && rounds.ptr() != Py_False) return false;  // left to Python, which refuses it
  const py::object pad = attribute(value, padding);
  out.nan_padding = pad && is_nan(pad.ptr());
  return out.shape.size() == out.block_shape.size() && out.strides.size() == out.block_shape.size();
}

void append_ints(const DescriptorArg& descriptor, c10::SmallVectorImpl<int64_t>& ints) {
  ints.append(descriptor.shape.begin(), descriptor.shape.end());
  ints.append(descriptor.strides.begin(), descriptor.strides.end());
  ints.push_back(descriptor.nan_padding ? 1 : 0);
}

}  // namespace triton_runner::python
