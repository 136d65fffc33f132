#include "runtime/launch.h"

#include <gtest/gtest.h>

#include <limits>

#include "runtime/error.h"
#include "runtime/recording_driver.h"
#include "runtime/sidecar.h"

namespace triton_runner {
namespace {

using testing_support::RecordingDriver;

constexpr Device kDevice{DeviceType::Hip, 0};

class HostScratch : public ScratchAllocator {
 public:
  void* allocate(size_t bytes, size_t align) override {
    requested.emplace_back(bytes, align);
    return memory_;
  }
  std::vector<std::pair<size_t, size_t>> requested;

 private:
  alignas(256) std::byte memory_[256];
};

class Launch : public testing::Test {
 protected:
  RecordingDriver& driver = RecordingDriver::get();
  HostScratch scratch;
  alignas(16) float memory[8] = {};
  KernelSpec spec;
  std::vector<TensorArg> inputs;
  std::vector<TensorArg> outputs;
  std::vector<int64_t> ints;
  std::vector<double> floats;
  std::vector<int64_t> grid{2, 3};

  void SetUp() override {
    spec.name = "f";
    spec.target.arch = "gfx942";
    spec.target.backend = "hip";
  }

  void add(const std::string& name, const char* type) { spec.params.push_back(param_from_signature(name, type)); }

  TensorArg tensor(ElementType dtype = ElementType::F32, size_t offset = 0) {
    return {
        reinterpret_cast<std::byte*>(memory) + offset, dtype, type_name(dtype).data(), kDevice, memory, sizeof memory};
  }

  Kernel& kernel() { return register_kernel(make_record(spec, {{"hsaco", "image"}})); }

  void run() { launch(kernel(), {kDevice, nullptr, inputs, outputs, ints, floats, grid}, scratch); }

  std::string error_of() {
    try {
      run();
    } catch (const ArgumentError& error) {
      EXPECT_TRUE(driver.launches.empty());
      return error.what();
    }
    return "accepted";
  }

  template <typename T>
  T packed(size_t offset) {
    T value;
    EXPECT_LE(offset + sizeof value, driver.launches.back().params.size());
    std::memcpy(&value, driver.launches.back().params.data() + offset, sizeof value);
    return value;
  }
};

TEST_F(Launch, PacksEveryKindOfArgument) {
  add("x", "*fp32:16");
  add("n", "i32");
  add("big", "u64");
  add("half", "fp16");
  add("brain", "bf16");
  add("eps", "fp32");
  add("d", "fp64");
  outputs = {tensor()};
  ints = {-7, -1};
  floats = {1.5, -2.0, 0.1, 0.1};
  run();
  EXPECT_EQ(packed<void*>(0), memory);
  EXPECT_EQ(packed<int32_t>(8), -7);
  EXPECT_EQ(packed<uint64_t>(16), UINT64_MAX);
  EXPECT_EQ(packed<uint16_t>(24), 0x3E00);
  EXPECT_EQ(packed<uint16_t>(26), 0xC000);
  EXPECT_EQ(packed<float>(28), 0.1f);
  EXPECT_EQ(packed<double>(32), 0.1);
}

TEST_F(Launch, GridBlockAndClusterComeFromTheRecord) {
  spec.num_warps = 8;
  spec.target.warp_size = 64;
  spec.num_ctas = 2;
  run();
  EXPECT_EQ(driver.launches.back().grid, (Dim3{4, 3, 1}));
  EXPECT_EQ(block_of(spec), (Dim3{512, 1, 1}));
  EXPECT_EQ(cluster_of(spec), (Dim3{2, 1, 1}));
}

TEST_F(Launch, ScratchIsSizedByCta) {
  spec.num_ctas = 2;
  spec.global_scratch = {true, 100, 128};
  spec.profile_scratch = {true, 0, 1};
  run();
  ASSERT_EQ(scratch.requested.size(), 1u);
  EXPECT_EQ(scratch.requested[0], std::pair(size_t{100 * 2 * 2 * 3}, size_t{128}));
  EXPECT_NE(packed<void*>(0), nullptr);
  EXPECT_EQ(packed<void*>(8), nullptr);
}

TEST_F(Launch, EncodesATensorMap) {
  add("d", "tensordesc<fp16[64,32]>");
  spec.params[0].tensor_map = TensorMapMeta{3, 2, 6, {64, 32}, false};
  outputs = {tensor(ElementType::F16)};
  ints = {128, 256, 256, 1, 1};
  run();
  EXPECT_EQ(packed<int64_t>(0), 128);
  EXPECT_EQ(packed<int64_t>(8), 256);
  EXPECT_EQ(packed<int64_t>(16), 1);
  EXPECT_EQ(packed<int32_t>(132), 256);
  ints[3] = 2;
  driver.launches.clear();
  EXPECT_NE(error_of().find("last stride of 2, expected 1"), std::string::npos);
}

TEST_F(Launch, ManyParametersOutgrowTheStackBuffer) {
  for (int i = 0; i < 1000; ++i) {
    add(concat("n", i), "i64");
    ints.push_back(i);
  }
  run();
  EXPECT_EQ(packed<int64_t>(8 * 999), 999);
}

TEST_F(Launch, AGridOfZeroLaunchesNothingButStillChecks) {
  add("n", "i32");
  ints = {1};
  grid = {4, 0, 2};
  run();
  EXPECT_TRUE(driver.launches.empty());
  EXPECT_EQ(driver.loads, 0);
  ints = {int64_t{1} << 40};
  EXPECT_NE(error_of().find("argument 'n' is 1099511627776"), std::string::npos);
}

TEST_F(Launch, GridLimits) {
  const std::pair<std::vector<int64_t>, const char*> bad[] = {
      {{-1}, "grid[0] is -1, expected 0 to 2147483647"},
      {{1, 65536}, "grid[1] is 65536, expected 0 to 65535"},
      {{1, 1, 65536}, "grid[2] is 65536"},
      {{}, "has 0 dimensions"},
      {{1, 1, 1, 1}, "has 4 dimensions, expected one to three"},
      {{int64_t{1} << 31}, "grid[0] is 2147483648"},
  };
  for (const auto& [dims, expected] : bad) {
    grid = dims;
    EXPECT_NE(error_of().find(expected), std::string::npos) << expected;
  }
}

TEST_F(Launch, CountsAreNamedWithTheParameters) {
  add("x", "*fp32");
  add("n", "i32");
  EXPECT_EQ(error_of(), "kernel 'f': outputs has 0 entries, expected 1; the parameters are (x: *fp32, n: i32)");
  outputs = {tensor()};
  EXPECT_NE(error_of().find("ints has 0 entries, expected 1"), std::string::npos);
  ints = {1};
  floats = {1.0};
  EXPECT_NE(error_of().find("floats has 1 entries, expected 0"), std::string::npos);
}

TEST_F(Launch, TensorsThatDoNotFitAreNamed) {
  add("x", "*fp32:16");
  outputs = {tensor(ElementType::F16)};
  EXPECT_NE(error_of().find("argument 'x' has dtype fp16, expected fp32"), std::string::npos);
  outputs = {tensor(ElementType::F32, 4)};
  EXPECT_NE(error_of().find("argument 'x' starts 4 bytes past a multiple of 16"), std::string::npos);
  outputs = {tensor()};
  outputs[0].device = {DeviceType::Hip, 1};
  EXPECT_NE(error_of().find("argument 'x' is on hip:1, expected hip:0"), std::string::npos);
  outputs[0].device = {DeviceType::Cpu, 0};
  EXPECT_NE(error_of().find("argument 'x' is on cpu, expected hip:0"), std::string::npos);
}

TEST_F(Launch, ScalarsThatDoNotFitAreNamed) {
  const std::pair<const char*, std::vector<int64_t>> edges[] = {
      {"i1", {0, 1}},           {"i8", {-128, 127}}, {"u8", {0, 255}},
      {"i16", {-32768, 32767}}, {"u16", {0, 65535}}, {"i32", {INT32_MIN, INT32_MAX}},
      {"u32", {0, UINT32_MAX}}};
  for (const auto& [type, range] : edges) {
    spec.params.clear();
    add("n", type);
    for (const auto& [value, good] :
         {std::pair(range[0], true), {range[1], true}, {range[0] - 1, false}, {range[1] + 1, false}}) {
      ints = {value};
      driver.launches.clear();
      EXPECT_EQ(error_of() == "accepted", good) << type << " " << value;
    }
  }
}

TEST_F(Launch, DivisibilityOfAnIntegerIsChecked) {
  add("n", "i32:16");
  ints = {24};
  EXPECT_NE(error_of().find("argument 'n' is 24, expected a multiple of 16"), std::string::npos);
  ints = {-32};
  run();
}

TEST_F(Launch, FloatsThatOverflowAreNamed) {
  add("h", "fp16");
  floats = {65520.0};
  EXPECT_NE(error_of().find("argument 'h' is 65520, expected a value that fp16 can hold"), std::string::npos);
  floats = {65519.0};
  run();
  floats = {std::numeric_limits<double>::infinity()};
  run();
}

TEST(DtypeFits, IntegersOfOneWidthAndOpaque) {
  EXPECT_TRUE(dtype_fits(ElementType::I8, ElementType::U8));
  EXPECT_TRUE(dtype_fits(ElementType::I1, ElementType::I8));
  EXPECT_TRUE(dtype_fits(ElementType::Opaque, ElementType::F64));
  EXPECT_FALSE(dtype_fits(ElementType::I16, ElementType::F16));
  EXPECT_FALSE(dtype_fits(ElementType::F16, ElementType::BF16));
  EXPECT_FALSE(dtype_fits(ElementType::F32, ElementType::Opaque));
}

}  // namespace
}  // namespace triton_runner
