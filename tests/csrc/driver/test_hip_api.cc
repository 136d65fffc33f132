// The table of the HIP runtime: against itself, and against the real library of Debian's package where it is installed
// (`.ci/run` installs it).
#include "driver/hip_api.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "runtime/error.h"

namespace triton_runner::hip {
namespace {

TEST(HipApi, EachFunctionStandsOnceWithAVersion) {
  std::set<std::string> names;
#define TR_TEST_ROW(result, name, version, params) \
  EXPECT_TRUE(names.insert(#name).second);         \
  EXPECT_GE(version, 402) << #name;                \
  EXPECT_LT(version % 100, 10) << #name;
  TR_HIP_FUNCTIONS(TR_TEST_ROW)
#undef TR_TEST_ROW
  EXPECT_GT(names.size(), 14u);
}

TEST(HipApi, AMissingFunctionNamesTheHipVersionThatHasIt) {
  const Api old;
  try {
    TR_HIP_NEED(old, hipDrvLaunchKernelEx);
    FAIL() << "did not throw";
  } catch (const DriverError& error) {
    EXPECT_STREQ(error.what(), "the HIP runtime has no hipDrvLaunchKernelEx, which came with HIP 7.0: update ROCm");
  }
}

TEST(HipApi, ARuntimeWithoutAFunctionOfTheOldestVersionIsRefused) {
  Api empty;
  EXPECT_THROW(start(empty), DriverError);
}

// Debian 12 has HIP 5.2.
TEST(HipApi, TheRealLibraryHasEveryFunctionOfItsVersion) {
  void* library = dlopen("libamdhip64.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) GTEST_SKIP() << "libamdhip64.so.5 is not installed (Debian: apt-get install libamdhip64-5)";
  Api table = resolve(library);
  int version = 0;
  ASSERT_NE(table.hipRuntimeGetVersion, nullptr);
  table.hipRuntimeGetVersion(&version);
  const int has = version / 10000000 * 100 + version % 10000000 / 100000;
#define TR_TEST_ROW(result, name, since, params) \
  EXPECT_EQ(table.name != nullptr, since <= has) << #name << " is of HIP " << since << ", the library is " << has;
  TR_HIP_FUNCTIONS(TR_TEST_ROW)
#undef TR_TEST_ROW
  try {
    start(table);  // passes where there is an AMD GPU
  } catch (const DriverError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("hipInit failed: hipError")) << error.what();
    EXPECT_NE(std::string(error.what()).find("is there an AMD GPU in this machine"), std::string::npos);
  }
}

}  // namespace
}  // namespace triton_runner::hip
