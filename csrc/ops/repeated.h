// A launch with the same tensors again and again: checked and packed once, and guarded from then on by comparison with
// what was checked. Tested in tests/gpu/test_doors_gpu.py.
#pragma once

#include <memory>

#include "ops/eager.h"
#include "runtime/launch.h"

namespace triton_runner {

class RepeatedLaunch {
 public:
  // Null where each launch has to be packed anew (PreparedLaunch::is_possible). The tensors are borrowed for as long as
  // this lives. Errors as launch_eager().
  static std::unique_ptr<const RepeatedLaunch> make(Kernel& kernel, const EagerArgs& args);

  // Whether every tensor is where it was, of the dtype and on the device that it had, and still for launch_eager().
  bool is_unchanged() const;

  // Only where is_unchanged().
  void operator()() const;

 private:
  struct Seen {
    const at::Tensor* tensor;
    const void* data;
    at::ScalarType dtype;
    at::Device device;
    bool output;
  };

  RepeatedLaunch(at::Device device, PreparedLaunch prepared) : device_(device), prepared_(std::move(prepared)) {}
  void see(const at::Tensor& tensor, bool output);

  at::Device device_;
  PreparedLaunch prepared_;
  c10::SmallVector<Seen, 16> seen_;
};

}  // namespace triton_runner
