// A registered kernel: its record, its binary layout, and the functions loaded from it, one for each device.
//
// The registry is keyed by content key and only ever grows, so a Kernel& stays good for the life of the process and a
// look-up takes no lock. Loading is done once for each device; threads that come meanwhile wait for it. Tested in
// tests/csrc/runtime/test_kernel.cc.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>

#include "runtime/driver.h"
#include "runtime/layout.h"
#include "runtime/spec.h"

namespace triton_runner {

class Kernel {
 public:
  explicit Kernel(KernelRecord record);

  const KernelSpec& spec() const { return record_.spec; }
  const KernelRecord& record() const { return record_; }
  const Layout& layout() const { return layout_; }

  // Loads at the first call for a device; whatever that raises, the next call tries again.
  const LoadedKernel& loaded(Device device);

 private:
  static constexpr int kDeviceTypes = 3;
  static constexpr int kMaxDevices = 64;

  const LoadedKernel& load(Device device);

  KernelRecord record_;
  Layout layout_;
  std::array<std::array<std::atomic<const LoadedKernel*>, kMaxDevices>, kDeviceTypes> loaded_{};
  std::mutex load_mutex_;
  std::vector<std::unique_ptr<LoadedKernel>> owned_;
};

// Adds the record, or finds the equal one that is there already.
Kernel& register_kernel(KernelRecord record);

// ArgumentError where no kernel has that key.
Kernel& find_kernel(std::string_view key);

}  // namespace triton_runner
