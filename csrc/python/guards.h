// What must be empty for a launch to go past Python: hooks, debug switches and the like that Triton reads at each
// launch. All of it lies in dicts, whose entries are read at a fraction of the price of an attribute. Tested in
// tests/python/test_jit_door.py.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

namespace triton_runner::python {

// An entry of a dict, or an attribute in the dict of the launched function where `holder` is None.
struct Guard {
  pybind11::object holder;
  pybind11::object name;
};

class Guards {
 public:
  explicit Guards(std::vector<Guard> guards) : guards_(std::move(guards)) {}

  // Whether each entry is absent, None, False, or an empty string, bytes or list.
  bool are_clear(PyObject* subject) const;

 private:
  std::vector<Guard> guards_;
};

}  // namespace triton_runner::python
