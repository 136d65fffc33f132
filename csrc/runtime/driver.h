// What a device must be able to do: one abstract class, implemented by csrc/driver/{cuda,hip,cpu}, each of which
// registers itself from its own file. Nothing above this line knows which one it talks to.
//
// Thread rule: every method may be called from any thread at any time.
#pragma once

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

// A span of memory that the launch may touch. Only the CPU driver looks at it: it turns an access outside of all
// regions into an error instead of a crash.
struct Region {
  const void* base = nullptr;
  size_t bytes = 0;
  bool writable = true;
  std::string_view name;  // of the argument, for the message
};

struct LaunchConfig {
  Dim3 grid{1, 1, 1};         // CTAs, clusters included
  Dim3 block{1, 1, 1};        // threads
  Dim3 cluster{1, 1, 1};      // CTAs
  uint32_t shared_bytes = 0;  // dynamic
  bool cooperative = false;
  bool pdl = false;
  void* stream = nullptr;
};

// The packed parameter buffer: parameter i lies at data + offsets[i] (layout.h).
struct PackedParams {
  const std::byte* data = nullptr;
  size_t bytes = 0;
  std::span<const uint32_t> offsets;
};

// One function, loaded on one device. Unloads in its destructor, which reports and never throws.
class LoadedKernel {
 public:
  virtual ~LoadedKernel() = default;
  virtual void launch(const LaunchConfig& config, const PackedParams& params,
                      std::span<const Region> regions) const = 0;
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
