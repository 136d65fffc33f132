#include "python/kernel_door.h"

#include <torch/csrc/autograd/python_variable.h>

#include <algorithm>

#include "python/bound_launch.h"
#include "python/constant.h"
#include "python/descriptor.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

std::vector<std::string> names_of(const KernelSpec& spec) {
  std::vector<std::string> names;
  for (const Param& param : spec.params) names.push_back(param.name);
  return names;
}

std::vector<size_t> runtime_of(const KernelSpec& spec) {
  std::vector<size_t> indices;
  for (size_t i = 0; i < spec.params.size(); ++i) {
    if (spec.params[i].kind != ParamKind::Constant) indices.push_back(i);
  }
  return indices;
}

bool take_tensor(const Param& param, PyObject* value, EagerArgs& args) {
  if (!THPVariable_CheckExact(value)) return false;
  const at::Tensor& tensor = THPVariable_Unpack(value);
  if (!is_eager(tensor, at::GradMode::is_enabled())) return false;
  (writes(param.access) ? args.outputs : args.inputs).push_back(&tensor);
  return true;
}

bool take_descriptor(const Param& param, PyObject* value, ReadArgs& out) {
  if (param.block_shape.empty()) return take_tensor(param, value, out.args);  // a map that the user has encoded
  DescriptorArg found;
  if (!read_descriptor(value, found) || !std::ranges::equal(found.block_shape, param.block_shape)) return false;
  append_ints(found, out.args.ints);
  out.owned.push_back(found.base_object);
  return take_tensor(param, found.base_object.ptr(), out.args);
}

bool take_float(PyObject* value, EagerArgs& args) {
  if (!PyFloat_CheckExact(value) && !PyLong_CheckExact(value)) return false;
  const double number = PyFloat_AsDouble(value);
  if (number == -1 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    return false;
  }
  args.floats.push_back(number);
  return true;
}

bool take_int(const Param& param, PyObject* value, EagerArgs& args) {
  if (!PyLong_Check(value)) return false;
  int overflow = 0;
  int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow > 0 && param.element == ElementType::U64) {
    number = static_cast<int64_t>(PyLong_AsUnsignedLongLong(value));  // the launch carries the bits
    if (PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      return false;
    }
  } else if (overflow != 0 || (param.element == ElementType::U64 && number < 0)) {
    return false;
  }
  args.ints.push_back(number);
  return true;
}

bool is_float(ElementType type) { return type >= ElementType::F16 && type <= ElementType::F64; }

}  // namespace

KernelDoor::KernelDoor(const std::string& key)
    : kernel_(&find_kernel(key)), names_(names_of(kernel_->spec())), runtime_(runtime_of(kernel_->spec())) {}

PyObject* KernelDoor::constant(size_t index) const {
  if (constants_.empty()) {
    const py::object loads = py::module_::import("json").attr("loads");
    for (const Param& param : kernel_->spec().params) {
      constants_.append(param.kind == ParamKind::Constant ? loads(param.constant) : py::none());
    }
  }
  return PyList_GET_ITEM(constants_.ptr(), static_cast<Py_ssize_t>(index));
}

PyObject* KernelDoor::call(PyObject* owner, PyObject*, PyObject* grid, const CallArgs& args) {
  BoundCall call;
  ReadArgs found;
  if (eager_dispatch() && bind_values(args, call) && read(call.values.data(), found)) [[likely]] {
    if (read_grid(grid, found.args.grid, [&] { return by_name(call); })) {
      const WithoutGil released;
      launch_eager(*kernel_, found.args);
      return Py_NewRef(Py_None);
    }
    if (PyErr_Occurred() != nullptr) return nullptr;
  }
  return launch_slowly(owner, grid, args);
}

// Either every parameter is given, constants among them, or only those that the binary has.
bool KernelDoor::bind_values(const CallArgs& args, BoundCall& call) const {
  if (args.count > runtime_.size() || args.count + args.named() > runtime_.size()) {
    return bind(names_, args, call) && call.options.empty();
  }
  const CallArgs named{args.values + args.count, 0, args.names};
  if (!bind(names_, named, call) || !call.options.empty()) return false;
  for (size_t i = 0; i < args.count; ++i) {
    if (call.values[runtime_[i]] != nullptr) return false;
    call.values[runtime_[i]] = args.values[i];
  }
  return true;
}

bool KernelDoor::read(PyObject* const* values, ReadArgs& out) const {
  const std::vector<Param>& params = kernel_->spec().params;
  for (size_t i = 0; i < params.size(); ++i) {
    if (params[i].kind == ParamKind::Constant) {
      if (values[i] != nullptr && !same_object(values[i], constant(i))) return false;
    } else if (values[i] == nullptr || !read_value(params[i], values[i], out)) {
      return false;
    }
  }
  return true;
}

bool KernelDoor::read_value(const Param& param, PyObject* value, ReadArgs& out) const {
  switch (param.kind) {
    case ParamKind::Pointer:
      return take_tensor(param, value, out.args);
    case ParamKind::Descriptor:
      return take_descriptor(param, value, out);
    case ParamKind::Scalar:
      return is_float(param.element) ? take_float(value, out.args) : take_int(param, value, out.args);
    case ParamKind::Constant:
      return true;
  }
  return false;
}

py::dict KernelDoor::by_name(BoundCall& call) const {
  for (size_t i = 0; i < call.values.size(); ++i) {
    if (call.values[i] == nullptr) call.values[i] = constant(i);
  }
  return names_.with(call.values.data());
}

void bind_kernel_door(py::module_& module) {
  py::class_<KernelDoor, Door>(module, "KernelDoor", "The door of a compiled kernel; see csrc/python/kernel_door.h.")
      .def(py::init<const std::string&>(), py::arg("key"));
  bind_bound_launch(module);
}

}  // namespace triton_runner::python
