// A driver that writes down what it is asked to do. It takes the place of the HIP driver in the tests of the runtime.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "runtime/driver.h"
#include "runtime/error.h"

namespace triton_runner::testing_support {

struct Recorded {
  Dim3 grid;
  void* stream = nullptr;
  std::vector<std::byte> params;
  size_t regions = 0;
};

class RecordingDriver : public Driver {
 public:
  // The HIP driver itself.
  static Driver& replaced() {
    static Driver& before = driver_of(DeviceType::Hip);
    return before;
  }

  static RecordingDriver& get() {
    static RecordingDriver driver;
    replaced();
    register_driver(DeviceType::Hip, driver);
    driver.launches.clear();
    driver.loads = 0;
    driver.fail_loads = 0;
    return driver;
  }

  std::string_view name() const override { return "recording"; }

  std::unique_ptr<LoadedKernel> load(const KernelRecord&, int) override {
    ++loads;
    TR_CHECK(fail_loads-- <= 0, DriverError, "load failed");
    return std::make_unique<Loaded>();
  }

  void encode_tensor_map(const TensorMapRequest& request, std::byte* map) override {
    std::memset(map, 0xAB, 128);
    const int64_t first[] = {request.shape[0], request.strides[0], request.nan_padding};
    std::memcpy(map, first, sizeof first);
  }

  std::vector<Recorded> launches;
  int loads = 0;
  int fail_loads = 0;

 private:
  struct Loaded : LoadedKernel {
    void launch(const Dim3& grid, void* stream, const PackedParams& params,
                std::span<const Region> regions) const override {
      auto& driver = static_cast<RecordingDriver&>(driver_of(DeviceType::Hip));
      driver.launches.push_back({grid, stream, {params.data, params.data + params.bytes}, regions.size()});
    }
  };
};

}  // namespace triton_runner::testing_support
