// Checks arguments against a kernel's record and writes them into its parameter buffer.
// Tested in tests/csrc/runtime/test_launch.cc and by hypothesis in tests/python/test_packing.py.
#pragma once

#include "runtime/launch.h"

namespace triton_runner {

struct ScratchPointers {
  const void* global = nullptr;
  const void* profile = nullptr;
};

// The counts of the lists, and for each value: device, dtype, alignment, range, divisibility. ArgumentError names
// kernel, argument, what was found and expected.
void check_args(const Kernel& kernel, const LaunchArgs& args);

// Fills layout.bytes of `buffer`; the arguments are checked already.
void pack_args(const Kernel& kernel, const LaunchArgs& args, ScratchPointers scratch, Driver& driver,
               std::byte* buffer);

}  // namespace triton_runner
