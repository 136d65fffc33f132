// The door of a jit function: from Python arguments to the launch of the kernel that was compiled for their
// specialization, with no call into Python.
//
// The first launch of a specialization goes through Python, where Triton's own binder and compiler do their work, and
// ends with `add`. From then on the key finds the kernel. An entry is only added where our specialization and Triton's
// agree. Tested in tests/python/test_jit_door.py, test_doors.py, test_specialization.py and
// tests/gpu/test_doors_gpu.py.
#pragma once

#include <memory>

#include "python/door.h"
#include "python/guards.h"
#include "python/jit_entry.h"

namespace triton_runner::python {

class JitDoor : public Door {
 public:
  JitDoor(JitPlan plan, Guards guards) : plan_(std::move(plan)), guards_(std::move(guards)) {}

  PyObject* call(PyObject* owner, PyObject* subject, PyObject* grid, const CallArgs& args) override;

  // Remembers the kernel for calls with this specialization. `theirs` is Triton's own: False, and nothing remembered,
  // where ours differs, or the arguments or the moment are not for the fast path.
  bool add(PyObject* subject, const CallArgs& args, const pybind11::list& theirs, const pybind11::object& handle,
           const std::string& key, const pybind11::dict& globals);

  // Our specialization as Triton writes it; None where it is left to Triton.
  pybind11::object specialization(const CallArgs& args) const;

 private:
  bool read(const CallArgs& args, BoundCall& call, Specialization& found) const;
  bool add_options(const BoundCall& call, Specialization& found) const;
  JitEntry* find(const Specialization& found);
  size_t first_with(uint64_t hash) const;
  PyObject* launch(JitEntry& entry, const BoundCall& call, Specialization& found, PyObject* grid);

  JitPlan plan_;
  Guards guards_;
  std::vector<pybind11::str> option_names_;         // of every option that an entry was made with
  std::vector<std::unique_ptr<JitEntry>> entries_;  // ordered by hash
  JitEntry* last_ = nullptr;
};

// Adds JitDoor to the module.
void bind_jit_door(pybind11::module_& module);

}  // namespace triton_runner::python
