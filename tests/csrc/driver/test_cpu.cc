// The CPU driver behind the driver interface.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "executor/tensor_map.h"
#include "runtime/driver.h"
#include "runtime/error.h"

namespace triton_runner {
namespace {

constexpr const char* kAddOne = R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry add_one(.param .u64 x)
{
  .reg .b32 %r<4>; .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [x]; mov.u32 %r1, %tid.x; mad.wide.u32 %rd2, %r1, 4, %rd1;
  ld.global.u32 %r2, [%rd2]; add.u32 %r2, %r2, 1; st.global.u32 [%rd2], %r2;
  ret;
})";

KernelRecord record_with(const std::string& level, std::string image) {
  KernelRecord record;
  record.spec.name = "add_one";
  record.images[level] = std::move(image);
  return record;
}

TEST(CpuDriver, LoadsAndLaunches) {
  Driver& driver = driver_of(DeviceType::Cpu);
  EXPECT_EQ(driver.name(), "cpu");
  KernelRecord record = record_with("ptx", kAddOne);
  record.spec.num_warps = 1;
  record.spec.target.warp_size = 4;
  const auto kernel = driver.load(record, 0);
  std::vector<uint32_t> x{1, 2, 3, 4};
  const void* address = x.data();
  const uint32_t offset = 0;
  const Region region{x.data(), 16, true, "x"};
  const Dim3 grid{1, 1, 1};
  kernel->launch(grid, nullptr, {reinterpret_cast<const std::byte*>(&address), sizeof(address), {&offset, 1}},
                 {&region, 1});
  EXPECT_EQ(x, (std::vector<uint32_t>{2, 3, 4, 5}));
  EXPECT_THROW(
      kernel->launch(grid, nullptr, {reinterpret_cast<const std::byte*>(&address), sizeof(address), {&offset, 1}}, {}),
      ExecutionError);
}

TEST(CpuDriver, NeedsPtx) {
  try {
    driver_of(DeviceType::Cpu)
        .load(record_with("cubin",
                          "\x7f"
                          "ELF"),
              0);
    FAIL() << "a cubin was loaded";
  } catch (const ArtifactError& error) {
    EXPECT_NE(std::string(error.what()).find("has only cubin"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("add_one"), std::string::npos);
  }
}

TEST(CpuDriver, EncodesTensorMaps) {
  TensorMapMeta meta;
  meta.element_size = 4;
  meta.element_type = 7;
  meta.block_size = {16};
  const int64_t shape[] = {100}, strides[] = {1};
  executor::TensorMap map;
  driver_of(DeviceType::Cpu)
      .encode_tensor_map({reinterpret_cast<void*>(4096), shape, strides, &meta, false},
                         reinterpret_cast<std::byte*>(&map));
  EXPECT_EQ(map.dims[0], 100u);
}

}  // namespace
}  // namespace triton_runner
