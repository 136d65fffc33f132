#include "python/bound_launch.h"

#include <structmember.h>
#include <torch/csrc/autograd/python_variable.h>

#include <cstddef>
#include <memory>

#include "ops/repeated.h"
#include "python/errors.h"
#include "python/kernel_door.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

// What one call needs. It is never changed: a replaced argument makes a new one, so that a launch under way in another
// thread keeps its own.
struct Frozen {
  py::tuple values;  // one for each parameter, constants among them; keeps the tensors alive
  py::object grid;
  ReadArgs read;
  bool eager = false;  // `read` is good
  // Made at the second launch: what is launched once is not worth it.
  mutable std::unique_ptr<const RepeatedLaunch> repeated;
  mutable bool launched = false;
};

struct BoundLaunch {
  PyObject_HEAD;
  vectorcallfunc call;
  PyObject* owner;  // the Kernel, which keeps the door
  KernelDoor* door;
  std::shared_ptr<const Frozen>* frozen;
};

BoundLaunch* cast(PyObject* self) { return reinterpret_cast<BoundLaunch*>(self); }

py::dict by_name(const KernelDoor& door, const py::tuple& values) {
  return door.names().with(PySequence_Fast_ITEMS(values.ptr()));
}

std::shared_ptr<const Frozen> freeze(const KernelDoor& door, py::tuple values, py::object grid) {
  auto frozen = std::make_shared<Frozen>();
  frozen->values = std::move(values);
  frozen->grid = std::move(grid);
  frozen->eager = door.read(PySequence_Fast_ITEMS(frozen->values.ptr()), frozen->read) &&
                  read_grid(frozen->grid.ptr(), frozen->read.args.grid, [&] { return by_name(door, frozen->values); });
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
  return frozen;
}

// A tensor may have changed since: it may require grad by now.
bool still_eager(const EagerArgs& args) {
  const bool grad_mode = at::GradMode::is_enabled();
  for (const auto* list : {&args.inputs, &args.outputs}) {
    for (const at::Tensor* tensor : *list) {
      if (!is_eager(*tensor, grad_mode)) return false;
    }
  }
  return true;
}

// False where the launch is for Python.
bool launch_frozen(const Frozen& frozen, Kernel& kernel) {
  if (!frozen.eager || !eager_dispatch()) return false;
  if (frozen.repeated && frozen.repeated->is_unchanged()) [[likely]] {
    const WithoutGil released;
    (*frozen.repeated)();
    return true;
  }
  if (!still_eager(frozen.read.args)) return false;
  if (frozen.launched && !frozen.repeated) frozen.repeated = RepeatedLaunch::make(kernel, frozen.read.args);
  frozen.launched = true;
  const WithoutGil released;
  launch_eager(kernel, frozen.read.args);
  return true;
}

PyObject* call_bound(PyObject* self, PyObject* const*, size_t count, PyObject* names) {
  if (PyVectorcall_NARGS(count) != 0 || (names != nullptr && PyTuple_GET_SIZE(names) != 0)) {
    PyErr_SetString(PyExc_TypeError, "a bound launch takes no arguments: replace(name=value) changes one");
    return nullptr;
  }
  return guarded([&]() -> PyObject* {
    const std::shared_ptr<const Frozen> frozen = *cast(self)->frozen;
    if (launch_frozen(*frozen, cast(self)->door->kernel())) return Py_NewRef(Py_None);
    const CallArgs args{PySequence_Fast_ITEMS(frozen->values.ptr()), frozen->values.size(), nullptr};
    return launch_slowly(cast(self)->owner, frozen->grid.ptr(), args);
  });
}

void set_frozen(PyObject* self, std::shared_ptr<const Frozen> frozen) {
  // The old one dies after the exchange: its death may run Python code.
  cast(self)->frozen->swap(frozen);
}

PyObject* replace(PyObject* self, PyObject* const* values, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    const KernelDoor& door = *cast(self)->door;
    const std::shared_ptr<const Frozen> old = *cast(self)->frozen;
    py::list replaced(old->values);
    const CallArgs args{values, static_cast<size_t>(count), names};
    if (count != 0) throw py::type_error("replace() takes its arguments by name");
    for (size_t i = 0; i < args.named(); ++i) {
      PyObject* name = PyTuple_GET_ITEM(names, i);
      const int index = door.names().find(name, 0);
      if (index < 0) {
        throw py::type_error("kernel '" + door.kernel().spec().name + "' has no parameter '" +
                             py::cast<std::string>(py::handle(name)) + "'");
      }
      replaced[static_cast<size_t>(index)] = py::handle(values[i]);
    }
    set_frozen(self, freeze(door, py::tuple(replaced), old->grid));
    Py_RETURN_NONE;
  });
}

PyObject* get_grid(PyObject* self, void*) { return py::object((*cast(self)->frozen)->grid).release().ptr(); }

int set_grid(PyObject* self, PyObject* grid, void*) {
  if (grid == nullptr) {
    PyErr_SetString(PyExc_AttributeError, "the grid of a bound launch cannot be deleted");
    return -1;
  }
  PyObject* done = guarded([&]() -> PyObject* {
    const std::shared_ptr<const Frozen> old = *cast(self)->frozen;
    set_frozen(self, freeze(*cast(self)->door, old->values, py::reinterpret_borrow<py::object>(grid)));
    return Py_None;
  });
  return done == nullptr ? -1 : 0;
}

PyObject* get_arguments(PyObject* self, void*) {
  return guarded([&] { return by_name(*cast(self)->door, (*cast(self)->frozen)->values).release().ptr(); });
}

// BoundLaunch(kernel, grid, values): `values` has one for each parameter of the record.
PyObject* new_bound(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject* owner = nullptr;
  PyObject* grid = nullptr;
  PyObject* values = nullptr;
  if (PyArg_ParseTuple(args, "OOO!", &owner, &grid, &PyTuple_Type, &values) == 0) return nullptr;
  return guarded([&]() -> PyObject* {
    const py::object door_object = py::handle(owner).attr("door");
    auto* door = door_object.cast<KernelDoor*>();
    auto frozen = freeze(*door, py::reinterpret_borrow<py::tuple>(values), py::reinterpret_borrow<py::object>(grid));
    PyObject* self = type->tp_alloc(type, 0);
    if (self == nullptr) return nullptr;
    cast(self)->call = call_bound;
    cast(self)->owner = Py_NewRef(owner);
    cast(self)->door = door;
    cast(self)->frozen = new std::shared_ptr<const Frozen>(std::move(frozen));
    return self;
  });
}

int visit_bound(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast(self)->owner);
  return 0;
}

void free_bound(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  delete cast(self)->frozen;
  Py_CLEAR(cast(self)->owner);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMemberDef bound_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(BoundLaunch, call), READONLY, nullptr},
    {"kernel", T_OBJECT, offsetof(BoundLaunch, owner), READONLY, "The kernel that is launched."},
    {nullptr, 0, 0, 0, nullptr},
};

PyGetSetDef bound_properties[] = {
    {"grid", get_grid, set_grid, "One to three counts of programs; a function of the arguments is asked once.",
     nullptr},
    {"arguments", get_arguments, nullptr, "The value of each parameter by name, constants among them.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef bound_methods[] = {
    {"replace", as_method(replace), METH_FASTCALL | METH_KEYWORDS,
     "replace(name=value, ...): the calls that follow are made with these arguments."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot bound_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(new_bound)},
    {Py_tp_dealloc, reinterpret_cast<void*>(free_bound)},
    {Py_tp_traverse, reinterpret_cast<void*>(visit_bound)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_members, bound_members},
    {Py_tp_getset, bound_properties},
    {Py_tp_methods, bound_methods},
    {0, nullptr},
};

PyType_Spec bound_spec = {
    "triton_runner._C.BoundLaunch",
    sizeof(BoundLaunch),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    bound_slots,
};

}  // namespace

void bind_bound_launch(py::module_& module) {
  auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&bound_spec));
  if (!type) throw py::error_already_set();
  module.attr("BoundLaunch") = type;
}

}  // namespace triton_runner::python
