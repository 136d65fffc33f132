#include "runtime/kernel.h"

#include <gtest/gtest.h>

#include <thread>

#include "runtime/error.h"
#include "runtime/recording_driver.h"

namespace triton_runner {
namespace {

using testing_support::RecordingDriver;

KernelRecord record_of(const std::string& image) {
  KernelSpec spec;
  spec.name = "registry_test";
  spec.target = {"hip", "gfx942", 64};
  return make_record(spec, {{"hsaco", image}});
}

TEST(Registry, EqualRecordsAreOneKernel) {
  Kernel& first = register_kernel(record_of("a"));
  EXPECT_EQ(&register_kernel(record_of("a")), &first);
  EXPECT_NE(&register_kernel(record_of("b")), &first);
  EXPECT_EQ(&find_kernel(first.record().key), &first);
}

TEST(Registry, AnUnknownKeySaysWhatToDo) {
  for (const char* key : {"", "zz", "0000000000000000000000000000000000000000000000000000000000000000"}) {
    try {
      find_kernel(key);
      FAIL() << "found " << key;
    } catch (const ArgumentError& error) {
      EXPECT_NE(std::string(error.what()).find("load or compile it first"), std::string::npos);
    }
  }
}

TEST(Registry, ThreadsThatRaceRegisterAndLoadOnce) {
  RecordingDriver& driver = RecordingDriver::get();
  std::vector<std::thread> threads;
  std::vector<const LoadedKernel*> loaded(16);
  for (size_t i = 0; i < loaded.size(); ++i) {
    threads.emplace_back([&, i] { loaded[i] = &register_kernel(record_of("race")).loaded({DeviceType::Hip, 3}); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const LoadedKernel* each : loaded) EXPECT_EQ(each, loaded[0]);
  EXPECT_EQ(driver.loads, 1);
}

TEST(Kernel, EachDeviceLoadsItsOwnAndAFailureIsTriedAgain) {
  RecordingDriver& driver = RecordingDriver::get();
  Kernel& kernel = register_kernel(record_of("devices"));
  driver.fail_loads = 1;
  EXPECT_THROW(kernel.loaded({DeviceType::Hip, 0}), DriverError);
  const LoadedKernel& first = kernel.loaded({DeviceType::Hip, 0});
  EXPECT_EQ(&kernel.loaded({DeviceType::Hip, 0}), &first);
  EXPECT_NE(&kernel.loaded({DeviceType::Hip, 1}), &first);
  EXPECT_EQ(driver.loads, 3);
  EXPECT_THROW(kernel.loaded({DeviceType::Hip, 64}), ArgumentError);
  EXPECT_THROW(kernel.loaded({DeviceType::Hip, -1}), ArgumentError);
}

}  // namespace
}  // namespace triton_runner
