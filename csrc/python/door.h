// A door: what stands behind `kernel[grid]`, and the Python types that lead to it.
//
// `Indexable` is the base of the classes whose objects can be indexed with a grid. Indexing gives a `Launcher`, which
// holds the grid; calling that comes to Door::call. Both are types of our own and not pybind11's, since a call through
// pybind11 costs more than a launch may. Tested in tests/python/test_doors.py.
#pragma once

#include <pybind11/pybind11.h>

#include "python/call.h"

namespace triton_runner::python {

class Door {
 public:
  virtual ~Door() = default;

  // Launches, and returns what `kernel[grid](...)` returns: a new reference, or null with a Python error set. `owner`
  // is the Indexable, `subject` the function or kernel that it stands for.
  virtual PyObject* call(PyObject* owner, PyObject* subject, PyObject* grid, const CallArgs& args) = 0;
};

// `owner.launch(grid, args, kwargs)`: the same launch in Python, which serves every case and raises every error
// about arguments.
PyObject* launch_slowly(PyObject* owner, PyObject* grid, const CallArgs& args);

// `owner[grid](...)` of an Indexable.
PyObject* launch_through(PyObject* owner, PyObject* grid, const CallArgs& args);

// The counts of a grid: an integer, or a tuple or list of one to three. False for anything else.
bool read_grid(PyObject* grid, c10::SmallVectorImpl<int64_t>& out);

// The same, where the grid may be a function of the arguments by name. `arguments` makes them. False, perhaps with a
// Python error set, where that gives no grid.
template <typename Arguments>
bool read_grid(PyObject* grid, c10::SmallVectorImpl<int64_t>& out, Arguments&& arguments) {
  if (PyTuple_CheckExact(grid) || PyCallable_Check(grid) == 0) return read_grid(grid, out);
  const pybind11::dict given = arguments();
  const auto counts = pybind11::reinterpret_steal<pybind11::object>(PyObject_CallOneArg(grid, given.ptr()));
  return counts && read_grid(counts.ptr(), out);
}

// While the driver works, other Python threads run: a launch may have to wait for room in the queue.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() { PyEval_RestoreThread(state_); }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

// Adds Indexable to the module.
void bind_door(pybind11::module_& module);

}  // namespace triton_runner::python
