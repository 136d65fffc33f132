#include "python/door.h"

#include <structmember.h>

#include <cstddef>

#include "python/errors.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

struct Indexable {
  PyObject_HEAD;
  PyObject* subject;      // null: the object itself
  PyObject* door_object;  // a Python object that holds `door`; null until the first launch
  Door* door;
};

struct Launcher {
  PyObject_HEAD;
  vectorcallfunc call;
  Indexable* owner;
  PyObject* grid;
};

PyTypeObject* launcher_type = nullptr;

// Launchers live for one call mostly, so a few of the dead ones are used again.
struct Spares {
  static constexpr size_t kMost = 8;
  Launcher* items[kMost];
  size_t count = 0;
};
#ifdef Py_GIL_DISABLED
thread_local Spares spares;
#else
Spares spares;
#endif

PyObject* call_door(Indexable* owner, PyObject* grid, const CallArgs& args) {
  auto* object = reinterpret_cast<PyObject*>(owner);
  // Another thread may close the door while this one waits in the driver.
  const auto alive = py::reinterpret_borrow<py::object>(owner->door_object);
  return owner->door->call(object, owner->subject == nullptr ? object : owner->subject, grid, args);
}

PyObject* call_launcher(PyObject* self, PyObject* const* values, size_t count, PyObject* names) {
  auto* launcher = reinterpret_cast<Launcher*>(self);
  const CallArgs args{values, static_cast<size_t>(PyVectorcall_NARGS(count)), names};
  return guarded([&] { return call_door(launcher->owner, launcher->grid, args); });
}

Launcher* new_launcher() {
  if (spares.count > 0) {
    Launcher* launcher = spares.items[--spares.count];
    PyObject_Init(reinterpret_cast<PyObject*>(launcher), launcher_type);
    return launcher;
  }
  return PyObject_GC_New(Launcher, launcher_type);
}

PyObject* make_launcher(Indexable* owner, PyObject* grid) {
  Launcher* launcher = new_launcher();
  if (launcher == nullptr) return nullptr;
  Py_INCREF(owner);
  Py_INCREF(grid);
  launcher->call = call_launcher;
  launcher->owner = owner;
  launcher->grid = grid;
  PyObject_GC_Track(launcher);
  return reinterpret_cast<PyObject*>(launcher);
}

int clear_launcher(PyObject* self) {
  auto* launcher = reinterpret_cast<Launcher*>(self);
  Py_CLEAR(launcher->owner);
  Py_CLEAR(launcher->grid);
  return 0;
}

void free_launcher(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear_launcher(self);
  if (spares.count < Spares::kMost) {
    spares.items[spares.count++] = reinterpret_cast<Launcher*>(self);
  } else {
    PyObject_GC_Del(self);
  }
  Py_DECREF(type);
}

int visit_launcher(PyObject* self, visitproc visit, void* arg) {
  const auto* launcher = reinterpret_cast<const Launcher*>(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(launcher->owner);
  Py_VISIT(launcher->grid);
  return 0;
}

PyMemberDef launcher_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Launcher, call), READONLY, nullptr},
    {"grid", T_OBJECT, offsetof(Launcher, grid), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot launcher_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(free_launcher)},
    {Py_tp_traverse, reinterpret_cast<void*>(visit_launcher)},
    {Py_tp_clear, reinterpret_cast<void*>(clear_launcher)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_members, launcher_members},
    {0, nullptr},
};

PyType_Spec launcher_spec = {
    "triton_runner._C.Launcher",
    sizeof(Launcher),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    launcher_slots,
};

// `owner.open_door()` makes the door at the first launch: for a jit function that needs Triton.
void open_door(Indexable* owner) {
  py::object made = py::handle(reinterpret_cast<PyObject*>(owner)).attr("open_door")();
  owner->door = made.cast<Door*>();
  Py_XSETREF(owner->door_object, made.release().ptr());
}

PyObject* index_with_grid(PyObject* self, PyObject* grid) {
  auto* owner = reinterpret_cast<Indexable*>(self);
  return guarded([&] {
    if (owner->door == nullptr) [[unlikely]]
      open_door(owner);
    return make_launcher(owner, grid);
  });
}

PyObject* close_door(PyObject* self, PyObject*) {
  auto* owner = reinterpret_cast<Indexable*>(self);
  owner->door = nullptr;
  Py_CLEAR(owner->door_object);
  Py_RETURN_NONE;
}

PyObject* get_door(PyObject* self, void*) {
  auto* owner = reinterpret_cast<Indexable*>(self);
  return guarded([&] {
    if (owner->door == nullptr) open_door(owner);
    return Py_NewRef(owner->door_object);
  });
}

int visit_indexable(PyObject* self, visitproc visit, void* arg) {
  const auto* owner = reinterpret_cast<const Indexable*>(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(owner->subject);
  Py_VISIT(owner->door_object);
  return 0;
}

int clear_indexable(PyObject* self) {
  auto* owner = reinterpret_cast<Indexable*>(self);
  owner->door = nullptr;
  Py_CLEAR(owner->subject);
  Py_CLEAR(owner->door_object);
  return 0;
}

void free_indexable(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear_indexable(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMemberDef indexable_members[] = {
    {"subject", T_OBJECT, offsetof(Indexable, subject), 0, "What the object stands for; None: itself."},
    {nullptr, 0, 0, 0, nullptr},
};

PyGetSetDef indexable_properties[] = {
    {"door", get_door, nullptr, "What launches; made by open_door() when it is first needed.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef indexable_methods[] = {
    {"at", index_with_grid, METH_O, "The same as indexing with a grid."},
    {"close_door", close_door, METH_NOARGS, "Forgets the door; the next launch makes a new one."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot indexable_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(free_indexable)},
    {Py_tp_traverse, reinterpret_cast<void*>(visit_indexable)},
    {Py_tp_clear, reinterpret_cast<void*>(clear_indexable)},
    {Py_tp_members, indexable_members},
    {Py_tp_getset, indexable_properties},
    {Py_tp_methods, indexable_methods},
    {Py_mp_subscript, reinterpret_cast<void*>(index_with_grid)},
    {0, nullptr},
};

PyType_Spec indexable_spec = {
    "triton_runner._C.Indexable",
    sizeof(Indexable),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    indexable_slots,
};

}  // namespace

PyObject* launch_through(PyObject* owner, PyObject* grid, const CallArgs& args) {
  auto* indexable = reinterpret_cast<Indexable*>(owner);
  if (indexable->door == nullptr) open_door(indexable);
  return call_door(indexable, grid, args);
}

PyObject* launch_slowly(PyObject* owner, PyObject* grid, const CallArgs& args) {
  static PyObject* name = PyUnicode_InternFromString("launch");
  const auto [values, keywords] = as_python(args);
  return PyObject_CallMethodObjArgs(owner, name, grid, values.ptr(), keywords.ptr(), nullptr);
}

bool read_grid(PyObject* grid, c10::SmallVectorImpl<int64_t>& out) {
  PyObject* const* counts = &grid;
  Py_ssize_t size = 1;
  if (PyTuple_Check(grid) || PyList_Check(grid)) {
    counts = PySequence_Fast_ITEMS(grid);
    size = PySequence_Fast_GET_SIZE(grid);
  }
  if (size < 1 || size > 3) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    int overflow = 0;
    if (!PyLong_Check(counts[i])) return false;
    out.push_back(PyLong_AsLongLongAndOverflow(counts[i], &overflow));
    if (overflow != 0) return false;
  }
  return true;
}

void bind_door(py::module_& module) {
  launcher_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&launcher_spec));
  if (launcher_type == nullptr) throw py::error_already_set();
  auto indexable = py::reinterpret_steal<py::object>(PyType_FromSpec(&indexable_spec));
  if (!indexable) throw py::error_already_set();
  module.attr("Indexable") = indexable;
  py::class_<Door>(module, "Door", "What stands behind kernel[grid]; see csrc/python/door.h.");
}

}  // namespace triton_runner::python
