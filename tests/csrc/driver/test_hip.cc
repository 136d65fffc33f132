// The HIP driver against a library that records what it is asked to do (tests/hip_standin).
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <sstream>

#include "code_object_image.h"
#include "driver/hip_api.h"
#include "runtime/driver.h"
#include "runtime/error.h"
#include "runtime/layout.h"
#include "runtime/recording_driver.h"
#include "runtime/sidecar.h"

namespace triton_runner::hip {
namespace {

// The test's side of the stand-in. Our driver finds the library by its soname, since the process has it loaded.
struct StandIn {
  StandIn() : library(dlopen(TR_HIP_STANDIN, RTLD_NOW | RTLD_LOCAL)) {
    if (library == nullptr) throw std::runtime_error(dlerror());
    function<void (*)(const char*, int, int)>("standin_device")("gfx942:sramecc+:xnack-", 64, 2);
    function<void (*)()>("standin_clear")();
  }
  template <typename Function>
  Function function(const char* name) const {
    return reinterpret_cast<Function>(dlsym(library, name));
  }
  std::vector<std::string> calls() const {
    std::istringstream log(function<const char* (*)()>("standin_log")());
    std::vector<std::string> lines;
    for (std::string line; std::getline(log, line);) lines.push_back(line);
    return lines;
  }
  void declare(const std::vector<uint32_t>& offsets, const std::vector<uint32_t>& sizes) const {
    function<void (*)(const char*, const uint32_t*, const uint32_t*, size_t)>("standin_kernel")(
        "f", offsets.data(), sizes.data(), sizes.size());
  }
  void fail(const char* name, int code) const { function<void (*)(const char*, int)>("standin_fail")(name, code); }

  void* library;
};

// f(pointer, i8, fp16), 2 waves of 64
class HipDriver : public testing::Test {
 protected:
  void SetUp() override {
    spec.name = "f";
    spec.target = {"hip", "gfx942", 64};
    spec.num_warps = 2;
    spec.shared = 4096;
    spec.params = {param_from_signature("x", "*fp32"), param_from_signature("i", "i8"),
                   param_from_signature("h", "fp16")};
    spec.triton_version = "3.6.0";
    stand_in.declare({0, 8, 10}, {8, 1, 2});
  }

  std::unique_ptr<LoadedKernel> load(int device = 0) {
    const CodeObject object{"gfx942", {{"f", {{0, 8}, {8, 1}, {10, 2}}, 128, 64, 0}}};
    record = make_record(spec, {{"hsaco", testing_support::code_object(object)}});
    return testing_support::RecordingDriver::replaced().load(record, device);
  }

  // What a launch of grid 3x2x1 with x = 0x1122, i = 5, h = 0x3C00 makes of the log.
  std::string launch(const LoadedKernel& kernel) {
    alignas(8) const unsigned char buffer[12] = {0x22, 0x11, 0, 0, 0, 0, 0, 0, 5, 0xEE, 0, 0x3C};
    const Layout layout = make_layout(spec);
    kernel.launch({3, 2, 1}, reinterpret_cast<void*>(0x77),
                  {reinterpret_cast<const std::byte*>(buffer), sizeof buffer, layout.offsets}, {});
    return stand_in.calls().back();
  }

  std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return concat(error.kind(), ": ", error.what());
    }
    return "accepted";
  }

  StandIn stand_in;
  KernelSpec spec;
  KernelRecord record;
};

constexpr const char* kLaunch = " f grid 3,2,1 block 128,1,1 shared 4096 stream 0x77 device ";
constexpr const char* kKernarg = " kernarg 22110000000000000500003c";

TEST_F(HipDriver, LoadsLaunchesAndUnloadsOnItsDevice) {
  auto kernel = load(1);
  EXPECT_EQ(launch(*kernel), concat("hipModuleLaunchKernel", kLaunch, 1, kKernarg));
  EXPECT_NE(kernel->handles().module, nullptr);
  EXPECT_NE(kernel->handles().function, nullptr);
  kernel.reset();
  const std::vector<std::string> calls = stand_in.calls();
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0], "hipModuleLoadData ELF device 1");
  EXPECT_EQ(calls[1], "hipModuleGetFunction f");
  EXPECT_EQ(calls[3], "hipModuleUnload device 1");
  int current = -1;
  api().hipGetDevice(&current);
  EXPECT_EQ(current, 0);
}

TEST_F(HipDriver, ACooperativeLaunch) {
  spec.cooperative = true;
  EXPECT_EQ(launch(*load()), concat("hipModuleLaunchCooperativeKernel", kLaunch, 0, kKernarg));
}

TEST_F(HipDriver, AClusterLaunch) {
  spec.num_ctas = 2;
  EXPECT_EQ(launch(*load()),
            concat("hipDrvLaunchKernelEx", kLaunch, 0, " attribute 4=2,1,1 attribute 2=0,0,0", kKernarg));
  spec.cooperative = true;
  EXPECT_NE(launch(*load()).find("attribute 4=2,1,1 attribute 2=1,0,0"), std::string::npos);
}

TEST_F(HipDriver, ParametersInSlotsOfEightBytesArePackedAsTheCodeObjectSays) {
  auto kernel = load();
  const uint64_t slots[] = {0x1122, 5, 0x3C00};
  const uint32_t offsets[] = {0, 8, 16};
  kernel->launch({3, 2, 1}, reinterpret_cast<void*>(0x77),
                 {reinterpret_cast<const std::byte*>(slots), sizeof slots, offsets}, {});
  EXPECT_EQ(stand_in.calls().back(), concat("hipModuleLaunchKernel", kLaunch, 0, kKernarg));
}

TEST_F(HipDriver, WhatTheRuntimeRefuses) {
  stand_in.fail("hipModuleLoadData", hipErrorNoBinaryForGpu);
  EXPECT_EQ(error_of([&] { load(); }),
            "ArtifactError: the hsaco of kernel 'f' (gfx942) cannot be loaded on this gfx942 device: "
            "hipErrorNoBinaryForGpu: no kernel image is available: compile it for this device");
  stand_in.fail("hipModuleLoadData", 2);
  EXPECT_NE(error_of([&] { load(); }).find("DriverError: the hsaco of kernel 'f'"), std::string::npos);
  stand_in.fail("hipModuleGetFunction", hipErrorNotFound);
  EXPECT_NE(error_of([&] { load(); }).find("DriverError: hipModuleGetFunction failed: "), std::string::npos);
  auto kernel = load();
  stand_in.fail("hipModuleLaunchKernel", 1);
  EXPECT_NE(error_of([&] { launch(*kernel); }).find("DriverError: launch of kernel 'f' failed: hipErrorOfTheTest"),
            std::string::npos);
  spec.cooperative = true;
  kernel = load();
  stand_in.fail("hipModuleLaunchCooperativeKernel", hipErrorCooperativeLaunchTooLarge);
  EXPECT_NE(error_of([&] { launch(*kernel); }).find("ResourceError: launch of kernel 'f' failed"), std::string::npos);
}

TEST_F(HipDriver, WhatTheDeviceCannotRun) {
  spec.shared = 65537;
  EXPECT_NE(error_of([&] { load(); }).find("needs 65537 bytes of shared memory, but the device has 65536"),
            std::string::npos);
  spec.shared = 0;
  spec.pdl = true;
  EXPECT_NE(error_of([&] { load(); }).find("UnsupportedError: kernel 'f' asks for programmatic dependent launch"),
            std::string::npos);
  spec.pdl = false;
  stand_in.function<void (*)(const char*, int, int)>("standin_device")("gfx1100", 32, 2);
  EXPECT_NE(error_of([&] { load(); }).find("was compiled for gfx942, but the device is gfx1100"), std::string::npos);
}

}  // namespace
}  // namespace triton_runner::hip
