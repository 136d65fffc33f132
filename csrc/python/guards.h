// What must be empty for a launch to go past Python: hooks, debug switches and the like that Triton reads at each
// launch. Tested in tests/python/test_doors.py.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

namespace triton_runner::python {

// An attribute of an object, or of the launched function where `holder` is None, or an entry of a dict.
struct Guard {
  pybind11::object holder;
  pybind11::object name;
  bool is_item = false;

  // Whether it is absent, false, or a chain of hooks (an object with a list `calls`) that is empty.
  bool is_clear(PyObject* subject) const;
};

class Guards {
 public:
  explicit Guards(std::vector<Guard> guards) : guards_(std::move(guards)) {}
  bool are_clear(PyObject* subject) const;

 private:
  std::vector<Guard> guards_;
};

}  // namespace triton_runner::python
