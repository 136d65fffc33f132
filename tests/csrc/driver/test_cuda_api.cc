#include "driver/cuda_api.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "runtime/driver.h"
#include "runtime/error.h"

namespace triton_runner::cuda {
namespace {

TEST(CudaApi, EachFunctionStandsOnceWithAVersion) {
  std::set<std::string> names;
#define TR_TEST_ROW(name, version, params) \
  EXPECT_TRUE(names.insert(#name).second); \
  EXPECT_GE(version, 2000) << #name;       \
  EXPECT_EQ(version % 10, 0) << #name;
  TR_CUDA_FUNCTIONS(TR_TEST_ROW)
#undef TR_TEST_ROW
  EXPECT_GT(names.size(), 15u);
}

TEST(CudaApi, AMissingFunctionNamesTheCudaVersionThatHasIt) {
  int (*absent)(int) = nullptr;
  try {
    need(absent, "cuFuncGetParamInfo", 12040);
    FAIL() << "did not throw";
  } catch (const DriverError& error) {
    EXPECT_STREQ(error.what(),
                 "the CUDA driver has no cuFuncGetParamInfo, which came with CUDA 12.4: update the driver");
  }
}

TEST(CudaApi, WithoutADriverLoadingSaysSo) {
  if (void* library = dlopen("libcuda.so.1", RTLD_NOW)) {
    dlclose(library);
    EXPECT_GE(api().driver_version, 11060);
    return;
  }
  KernelSpec spec;
  spec.name = "f";
  spec.target.arch = "90";
  const KernelRecord record = make_record(spec, {{"ptx", "x"}});
  try {
    driver_of(DeviceType::Cuda).load(record, 0);
    FAIL() << "did not throw";
  } catch (const DriverError& error) {
    EXPECT_NE(std::string(error.what()).find("libcuda.so.1"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("use CPU tensors"), std::string::npos);
  }
}

}  // namespace
}  // namespace triton_runner::cuda
