// Which parameter each argument of a Python call belongs to. Tested in tests/python/test_jit_door.py and
// test_bind.py.
#pragma once

#include <c10/util/SmallVector.h>
#include <pybind11/pybind11.h>

#include <vector>

namespace triton_runner::python {

// The arguments as vectorcall brings them: `count` by position, then one for each of `names` (a tuple or null).
struct CallArgs {
  PyObject* const* values = nullptr;
  size_t count = 0;
  PyObject* names = nullptr;

  size_t named() const { return names == nullptr ? 0 : static_cast<size_t>(PyTuple_GET_SIZE(names)); }
};

// The names of a kernel's parameters. They are interned, as the keywords in code are, so that most comparisons are of
// pointers.
class ParameterNames {
 public:
  explicit ParameterNames(const std::vector<std::string>& names);

  size_t size() const { return names_.size(); }
  PyObject* operator[](size_t index) const { return names_[index].ptr(); }

  // The index of `name`, looked for from `from` on and then from the start; -1 where there is none.
  int find(PyObject* name, size_t from) const;

  // A dict of `values`, one for each name, for a grid that is a function.
  pybind11::dict with(PyObject* const* values) const;

 private:
  std::vector<pybind11::str> names_;
};

// A value for each parameter, and the keywords that name none. All borrowed from the call.
struct BoundCall {
  struct Option {
    PyObject* name;
    PyObject* value;
  };
  c10::SmallVector<PyObject*, 64> values;  // null where nothing was given
  c10::SmallVector<Option, 4> options;
};

// The integers of a list or tuple, up to 64 bits. False for anything else.
bool read_ints(PyObject* list, c10::SmallVectorImpl<int64_t>& out);

// False where there are too many arguments, or one is given twice.
bool bind(const ParameterNames& names, const CallArgs& args, BoundCall& out);

// The call's arguments as a tuple and a dict, for a Python function.
std::pair<pybind11::tuple, pybind11::dict> as_python(const CallArgs& args);

// Arguments that live in a tuple and a dict, in the form of a vectorcall.
class UnpackedCall {
 public:
  UnpackedCall(const pybind11::tuple& args, const pybind11::dict& kwargs);
  CallArgs args() const;

 private:
  c10::SmallVector<PyObject*, 64> values_;  // borrowed
  size_t count_;
  pybind11::tuple names_;
};

}  // namespace triton_runner::python
