// The array of pointers, one for each parameter, that cuLaunchKernelEx and hipModuleLaunchKernel take. Up to 256
// parameters it lies on the stack. Tested in tests/csrc/driver/test_hip.cc.
#pragma once

#include <vector>

#include "runtime/driver.h"

namespace triton_runner {

class ParamPointers {
 public:
  explicit ParamPointers(const PackedParams& params)
      : heap_(params.offsets.size() > kStack ? params.offsets.size() : 0) {
    // The drivers take the parameters as mutable and do not write to them.
    for (size_t i = 0; i < params.offsets.size(); ++i)
      get()[i] = const_cast<std::byte*>(params.data + params.offsets[i]);
  }
  ParamPointers(const ParamPointers&) = delete;
  ParamPointers& operator=(const ParamPointers&) = delete;

  void** get() { return heap_.empty() ? stack_ : heap_.data(); }

 private:
  static constexpr size_t kStack = 256;
  void* stack_[kStack];
  std::vector<void*> heap_;
};

}  // namespace triton_runner
