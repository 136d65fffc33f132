// Checks arguments against a kernel's record and writes them into its parameter buffer.
// Tested in tests/csrc/runtime/test_launch.cc and by hypothesis in tests/python/test_packing.py.
#pragma once

#include "runtime/launch.h"

namespace triton_runner {

struct ScratchPointers {
  const void* global = nullptr;
  const void* profile = nullptr;
};

// How many entries each list of the op has, and the grid dimensions.
struct ListCounts {
  size_t inputs = 0;
  size_t outputs = 0;
  size_t ints = 0;
  size_t floats = 0;
  size_t grid = 0;
};

// ArgumentError names the list and the parameters that it stands for.
void check_counts(const Kernel& kernel, const ListCounts& counts);

// Each value: device, dtype, alignment, range, divisibility; the counts are checked already. ArgumentError names
// kernel, argument, what was found and expected.
void check_args(const Kernel& kernel, const LaunchArgs& args);

// Fills layout.bytes of `buffer`; the arguments are checked already.
void pack_args(const Kernel& kernel, const LaunchArgs& args, ScratchPointers scratch, Driver& driver,
               std::byte* buffer);

}  // namespace triton_runner
