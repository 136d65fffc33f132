#include "runtime/driver.h"

#include <atomic>

#include "runtime/error.h"

namespace triton_runner {
namespace {

std::array<std::atomic<Driver*>, 3>& drivers() {
  static std::array<std::atomic<Driver*>, 3> table{};
  return table;
}

}  // namespace

void register_driver(DeviceType type, Driver& driver) { drivers()[static_cast<size_t>(type)] = &driver; }

Driver& driver_of(DeviceType type) {
  static constexpr const char* kNames[] = {"cpu", "cuda", "hip"};
  Driver* driver = drivers()[static_cast<size_t>(type)];
  TR_CHECK(driver != nullptr, DriverError, "this build of triton_runner has no driver for ",
           kNames[static_cast<size_t>(type)], " devices");
  return *driver;
}

}  // namespace triton_runner
