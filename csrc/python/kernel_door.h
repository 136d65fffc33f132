// The door of a compiled kernel: `Kernel[grid](*args)`, and the frozen launch of `Kernel.bind`.
//
// Which arguments a kernel takes is known from its record, so there is nothing to specialize: values are read as the
// parameters want them. What does not fit goes to Python (Kernel.launch), which names it. Tested in
// tests/python/test_doors.py and tests/gpu/test_doors_gpu.py.
#pragma once

#include <string>
#include <vector>

#include "ops/eager.h"
#include "python/door.h"
#include "runtime/kernel.h"

namespace triton_runner::python {

// The arguments of one launch, and what keeps the tensors among them alive that no argument is.
struct ReadArgs {
  EagerArgs args;
  c10::SmallVector<pybind11::object, 2> owned;
};

class KernelDoor : public Door {
 public:
  // `key` is registered.
  explicit KernelDoor(const std::string& key);

  PyObject* call(PyObject* owner, PyObject* subject, PyObject* grid, const CallArgs& args) override;

  // Reads one value for each parameter of the record, constants among them. False where one does not fit, or is not
  // for a launch past the dispatcher.
  bool read(PyObject* const* values, ReadArgs& out) const;

  Kernel& kernel() const { return *kernel_; }
  const ParameterNames& names() const { return names_; }

 private:
  bool bind_values(const CallArgs& args, BoundCall& call) const;
  bool read_value(const Param& param, PyObject* value, ReadArgs& out) const;
  pybind11::dict by_name(BoundCall& call) const;  // fills in the constants that were left out
  // The value of a constant parameter, made of its text when it is first asked for. Borrowed.
  PyObject* constant(size_t index) const;

  Kernel* kernel_;
  ParameterNames names_;
  std::vector<size_t> runtime_;       // indices of the parameters that are no constants
  mutable pybind11::list constants_;  // see constant()
};

// Adds KernelDoor and BoundLaunch to the module.
void bind_kernel_door(pybind11::module_& module);

}  // namespace triton_runner::python
