// One kernel of a jit function, found by the exact key of a specialization, and its launch. Tested in
// tests/python/test_doors.py and tests/gpu/test_doors_gpu.py.
#pragma once

#include <memory>
#include <vector>

#include "ops/eager.h"
#include "python/door.h"
#include "python/exact_key.h"
#include "python/specialization.h"
#include "runtime/launch.h"

namespace triton_runner::python {

// A kernel and the exact key that it is found by. Holds no tensor.
struct JitEntry {
  ExactKey key;
  Kernel* kernel = nullptr;
  std::vector<bool> is_output;  // for each tensor of the specialization
  // Where the slots of a specialization, followed by NULL for scratch, are what the binary takes: their offsets.
  // Empty where the arguments have to be checked and packed by the runtime.
  std::vector<uint32_t> offsets;
  pybind11::object handle;  // what the launch returns
  pybind11::dict globals;   // {(name, id): (value, scope)} that the kernel was compiled with
};

// The device of the tensors as a word of the key: each device has code of its own.
uint64_t device_word(const Specialization& found);

// Whether the globals that the kernel was compiled with are what they were.
bool globals_unchanged(const JitEntry& entry);

// `described` is what describe() says of `found`. Null where the record has other parameters than the specialization
// has leaves.
std::unique_ptr<JitEntry> make_entry(const Specialization& found, const pybind11::list& described, Kernel& kernel,
                                     const pybind11::object& handle, const pybind11::dict& globals);

// Launches with the grid of `args`, whose other lists are empty. Lets other Python threads run meanwhile. Errors as
// runtime/launch.h says.
void launch_entry(const JitEntry& entry, Specialization& found, EagerArgs& args);

}  // namespace triton_runner::python
