#include "python/op_door.h"

#include <ATen/record_function.h>
#include <torch/csrc/autograd/python_variable.h>

#include <string_view>

#include "ops/eager.h"
#include "python/door.h"
#include "python/errors.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

// key, inputs, outputs, ints, floats, grid
constexpr Py_ssize_t kArguments = 6;

bool is_sequence(PyObject* value) { return PyList_CheckExact(value) || PyTuple_CheckExact(value); }

// Reads each item of a list or tuple with `read`. False where one is not what it reads.
template <typename Read>
bool read_all(PyObject* list, Read&& read) {
  if (!is_sequence(list)) return false;
  PyObject* const* items = PySequence_Fast_ITEMS(list);
  for (Py_ssize_t i = 0, size = PySequence_Fast_GET_SIZE(list); i < size; ++i) {
    if (!read(items[i])) return false;
  }
  return true;
}

bool read_tensors(PyObject* list, bool grad_mode, c10::SmallVectorImpl<const at::Tensor*>& out) {
  return read_all(list, [&](PyObject* item) {
    if (!THPVariable_CheckExact(item)) return false;
    out.push_back(&THPVariable_Unpack(item));
    return is_eager(*out.back(), grad_mode);
  });
}

bool read_floats(PyObject* list, c10::SmallVectorImpl<double>& out) {
  return read_all(list, [&](PyObject* item) {
    if (!PyFloat_CheckExact(item)) return false;
    out.push_back(PyFloat_AS_DOUBLE(item));
    return true;
  });
}

bool read(PyObject* const* values, EagerArgs& out) {
  const bool grad_mode = at::GradMode::is_enabled();
  return read_tensors(values[1], grad_mode, out.inputs) && read_tensors(values[2], grad_mode, out.outputs) &&
         read_ints(values[3], out.ints) && read_floats(values[4], out.floats) && read_ints(values[5], out.grid);
}

Kernel& kernel_of(PyObject* key) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(key, &size);
  if (text == nullptr) throw py::error_already_set();
  return find_kernel(std::string_view(text, static_cast<size_t>(size)));
}

PyObject* call_op(PyObject* op, PyObject* const* values, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    EagerArgs args;
    if (count == kArguments && names == nullptr && PyUnicode_CheckExact(values[0]) && eager_dispatch() &&
        !at::hasCallbacks() && read(values, args)) [[likely]] {
      Kernel& kernel = kernel_of(values[0]);
      const WithoutGil released;
      launch_eager(kernel, args);
      return Py_NewRef(Py_None);
    }
    return PyObject_Vectorcall(op, values, static_cast<size_t>(count), names);
  });
}

PyMethodDef definition = {"launch", as_method(call_op), METH_FASTCALL | METH_KEYWORDS,
                          "triton_runner::launch(str key, Tensor[] inputs, Tensor(a!)[] outputs, SymInt[] ints, "
                          "float[] floats, SymInt[] grid) -> ()"};

}  // namespace

void bind_op_door(py::module_& module) {
  module.def(
      "op_door",
      [](const py::object& op) {
        return py::reinterpret_steal<py::object>(PyCFunction_NewEx(&definition, op.ptr(), nullptr));
      },
      py::arg("op"), "A function that launches as `op` does, and calls it for what has to go through the dispatcher.");
}

}  // namespace triton_runner::python
