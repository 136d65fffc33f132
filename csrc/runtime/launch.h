// The one launch: checks the arguments against the record, packs them, and hands them to the device's driver.
//
// On the way nothing is allocated (unless the parameters outgrow the stack buffer, or the kernel asks for scratch), no
// lock is taken once the kernel is loaded, and no string is built unless an error is raised. Tested in
// tests/csrc/runtime/test_launch.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/driver.h"
#include "runtime/kernel.h"

namespace triton_runner {

// Parameter buffers are aligned as a TMA map has to be.
struct alignas(64) ParamBlock {
  std::byte bytes[64];
};
inline size_t param_blocks(size_t bytes) { return (bytes + sizeof(ParamBlock) - 1) / sizeof(ParamBlock); }

struct TensorArg {
  void* data = nullptr;
  ElementType dtype = ElementType::Opaque;  // Opaque for a dtype that no kernel takes
  const char* dtype_name = "";              // for messages
  Device device;
  const void* storage = nullptr;  // the memory that the kernel may touch through this tensor
  size_t storage_bytes = 0;
};

struct LaunchArgs {
  Device device;
  void* stream = nullptr;
  std::span<const TensorArg> inputs;  // see layout.h for what belongs where
  std::span<const TensorArg> outputs;
  std::span<const int64_t> ints;
  std::span<const double> floats;
  std::span<const int64_t> grid;  // one to three, in clusters where num_ctas > 1
};

// Where scratch comes from: memory of `device` that stays until the work queued on the launch's stream has passed.
class ScratchAllocator {
 public:
  virtual ~ScratchAllocator() = default;
  virtual void* allocate(size_t bytes, size_t align) = 0;
};

// ArgumentError for a count, dtype, device, alignment, range or grid that does not fit; what the driver raises. A grid
// of 0 launches nothing. Nothing is launched where an error is raised.
void launch(Kernel& kernel, const LaunchArgs& args, ScratchAllocator& scratch);

// Launches with parameters that the caller has checked and packed itself. ArgumentError for a grid that does not fit;
// what the driver raises.
void launch_packed(Kernel& kernel, Device device, void* stream, std::span<const int64_t> grid,
                   const PackedParams& params);

// A launch whose arguments are checked and packed, to be made again and again. It copies what it was made from, and
// keeps no memory alive that the arguments point to.
class PreparedLaunch {
 public:
  // Not for the CPU, whose driver must be told at each launch what memory it may touch, nor for a kernel that needs
  // scratch, which is allocated anew for each launch.
  static bool is_possible(const KernelSpec& spec, DeviceType device);

  // Errors as launch().
  PreparedLaunch(Kernel& kernel, const LaunchArgs& args);

  void operator()(void* stream) const;

 private:
  Dim3 grid_;
  const LoadedKernel* loaded_;
  const Layout* layout_;
  std::vector<ParamBlock> buffer_;
};

// Whether a tensor of dtype `found` may stand for a pointer to `expected`: the same type, integers of one width (IR has
// no signs), or an Opaque element.
bool dtype_fits(ElementType expected, ElementType found);

}  // namespace triton_runner
