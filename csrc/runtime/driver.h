// What a device must be able to do: one abstract class, implemented by csrc/driver/{cuda,hip,cpu}, each of which
// registers itself from its own file. Nothing above this line knows which one it talks to.
//
// Thread rule: every method may be called from any thread at any time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "runtime/spec.h"

namespace triton_runner {

enum class DeviceType : uint8_t {
  Cpu,
  Cuda,
  Hip
};
struct Device {
  DeviceType type = DeviceType::Cpu;
  int index = 0;
};

using Dim3 = std::array<uint32_t, 3>;

// Threads of a CTA, and CTAs of a cluster.
inline Dim3 block_of(const KernelSpec& spec) {
  return {static_cast<uint32_t>(spec.num_warps * spec.target.warp_size), 1, 1};
}
inline Dim3 cluster_of(const KernelSpec& spec) {
  Dim3 out{static_cast<uint32_t>(spec.num_ctas), 1, 1};
  if (spec.cluster_dims) std::ranges::copy(*spec.cluster_dims, out.begin());
  return out;
}

// A span of memory that the launch may touch. Only the CPU driver looks at it: it turns an access outside of all
// regions into an error instead of a crash.
struct Region {
  const void* base = nullptr;
  size_t bytes = 0;
  bool writable = true;
  std::string_view name;  // of the argument, for the message
};

// The packed parameter buffer: parameter i lies at data + offsets[i] (layout.h).
struct PackedParams {
  const std::byte* data = nullptr;
  size_t bytes = 0;
  std::span<const uint32_t> offsets;
};

struct Handles {
  void* module = nullptr;
  void* function = nullptr;
};

// One function, loaded on one device, with all that stays the same from launch to launch: block, cluster, shared
// memory, attributes. Unloads in its destructor, which reports and never throws.
class LoadedKernel {
 public:
  virtual ~LoadedKernel() = default;
  // `grid` counts CTAs, those of a cluster included.
  virtual void launch(const Dim3& grid, void* stream, const PackedParams& params,
                      std::span<const Region> regions) const = 0;
  // The driver's own names of it; null where it has none.
  virtual Handles handles() const { return {}; }
};

// Where a 128-byte TMA map gets its numbers from (cuTensorMapEncodeTiled). Shape and strides are in elements, outermost
// first.
struct TensorMapRequest {
  const void* base = nullptr;
  std::span<const int64_t> shape;
  std::span<const int64_t> strides;
  const TensorMapMeta* meta = nullptr;
  bool nan_padding = false;
};

class Driver {
 public:
  virtual ~Driver() = default;
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<LoadedKernel> load(const KernelRecord& record, int device) = 0;
  virtual void encode_tensor_map(const TensorMapRequest& request, std::byte* map) = 0;
};

void register_driver(DeviceType type, Driver& driver);
Driver& driver_of(DeviceType type);  // DriverError where this build has none

}  // namespace triton_runner
