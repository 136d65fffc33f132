#include "executor/numerics/mma.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "executor/numerics/formats.h"
#include "executor/numerics/tensor_core.h"

namespace triton_runner::executor::numerics {
namespace {

constexpr MmaOp kHalf16{16, 8, 16, MmaType::kF16, MmaType::kF16, MmaType::kF32, false};

// Fragment positions as the PTX ISA's formulas give them for m16n8k16 with 16-bit elements.
std::pair<int, int> a_position(int lane, int i) {
  const int row = lane / 4 + (i < 2 || (i >= 4 && i < 6) ? 0 : 8);
  return {row, lane % 4 * 2 + (i & 1) + (i >= 4 ? 8 : 0)};
}
std::pair<int, int> b_position(int lane, int i) { return {lane % 4 * 2 + (i & 1) + (i >= 2 ? 8 : 0), lane / 4}; }
std::pair<int, int> c_position(int lane, int i) { return {lane / 4 + (i < 2 ? 0 : 8), lane % 4 * 2 + (i & 1)}; }

TEST(Mma, SmallIntegersAreExactInTheLayoutOfThePtxIsa) {
  std::mt19937 random(2);
  int a[16][16], b[16][8], c[16][8];
  const auto small = [&] { return static_cast<int>(random() % 17) - 8; };
  for (auto& row : a)
    for (int& x : row) x = small();
  for (auto& row : b)
    for (int& x : row) x = small();
  for (auto& row : c)
    for (int& x : row) x = small();
  std::uint32_t ra[4][32] = {}, rb[2][32] = {}, rc[4][32] = {}, rd[4][32];
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 8; ++i) {
      const auto [row, column] = a_position(lane, i);
      ra[i / 2][lane] |= static_cast<std::uint32_t>(half_from(a[row][column]).bits) << (16 * (i % 2));
    }
    for (int i = 0; i < 4; ++i) {
      const auto [row, column] = b_position(lane, i);
      rb[i / 2][lane] |= static_cast<std::uint32_t>(half_from(b[row][column]).bits) << (16 * (i % 2));
    }
    for (int i = 0; i < 4; ++i) {
      const auto [row, column] = c_position(lane, i);
      rc[i][lane] = float_bits(static_cast<float>(c[row][column]));
    }
  }
  for (const TensorCore core : {kTensorCoreSm80, kTensorCoreSm90}) {
    mma(kHalf16, rd, ra, rb, rc, core);
    for (int lane = 0; lane < 32; ++lane) {
      for (int i = 0; i < 4; ++i) {
        const auto [row, column] = c_position(lane, i);
        int want = c[row][column];
        for (int k = 0; k < 16; ++k) want += a[row][k] * b[k][column];
        EXPECT_EQ(float_from_bits(rd[i][lane]), static_cast<float>(want));
      }
    }
  }
}

// One row of A times one column of B, all other elements zero.
float dot16(const std::vector<float>& a, const std::vector<float>& b, float c, TensorCore core) {
  DotOperand row{}, column{};
  for (int i = 0; i < 16; ++i) {
    set_element<MmaType::kF16>(row, i, half_from(i < static_cast<int>(a.size()) ? a[i] : 0).bits);
    set_element<MmaType::kF16>(column, i, half_from(i < static_cast<int>(b.size()) ? b[i] : 0).bits);
  }
  return float_from_bits(dot_f32(row, column, 16, core.block_bits / 16, core.fraction_bits, float_bits(c)));
}

TEST(TensorCore, TermsBelowTheFractionBitsAreTruncated) {
  // 2^-24 survives alignment to one with 24 fraction bits, but not the final truncation to f32.
  EXPECT_EQ(dot16({1, 0x1p-12f}, {1, 0x1p-12f}, 0, kTensorCoreSm90), 1.0f);
  // Two of them add up to one unit of f32, if they survive alignment: 2^-25 needs the 25th bit of sm_90.
  EXPECT_EQ(dot16({1, 0x1p-12f, 0x1p-12f}, {1, 0x1p-12f, 0x1p-12f}, 0, kTensorCoreSm80), 1 + 0x1p-23f);
  const std::vector<float> ones{1, 0x1p-12f, 0x1p-12f, 0x1p-12f, 0x1p-12f},
      halves{1, 0x1p-13f, 0x1p-13f, 0x1p-13f, 0x1p-13f};
  EXPECT_EQ(dot16(ones, halves, 0, kTensorCoreSm80), 1.0f);
  EXPECT_EQ(dot16(ones, halves, 0, kTensorCoreSm90), 1 + 0x1p-23f);
}

TEST(TensorCore, TruncatesTowardZeroOnBothSides) {
  EXPECT_EQ(dot16({0x1p-12f}, {0x1.8p-12f}, 1, kTensorCoreSm90), 1.0f);
  EXPECT_EQ(dot16({-0x1p-12f}, {0x1.8p-12f}, -1, kTensorCoreSm90), -1.0f);
}

TEST(TensorCore, BlocksAreSummedOneAfterTheOther) {
  // In one block of 16, +2^15 and -2^15 cancel exactly beside 2^-10; in blocks of 8, the small term is lost first.
  std::vector<float> a(16, 0), b(16, 1);
  a[0] = 0x1p15f, a[1] = 0x1p-11f, a[8] = -0x1p15f;
  EXPECT_EQ(dot16(a, b, 0, {256, 25}), 0.0f);
  a[1] = 0x1p-10f;
  EXPECT_EQ(dot16(a, b, 0, {256, 25}), 0x1p-10f);
  EXPECT_EQ(dot16(a, b, 0, {128, 24}), 0.0f);
}

TEST(TensorCore, DenormalsInfinitiesAndNan) {
  EXPECT_EQ(dot16({0x1p-24f}, {0x1p-24f}, 0, kTensorCoreSm90), 0x1p-48f);
  EXPECT_EQ(dot16({0}, {0}, 0x1p-140f, kTensorCoreSm90), 0x1p-140f);
  EXPECT_EQ(dot16({INFINITY}, {1}, 5, kTensorCoreSm90), INFINITY);
  EXPECT_EQ(float_bits(dot16({INFINITY}, {0}, 5, kTensorCoreSm90)), kCanonicalNanF32);
  EXPECT_EQ(float_bits(dot16({INFINITY, INFINITY}, {1, -1}, 0, kTensorCoreSm90)), kCanonicalNanF32);
  EXPECT_EQ(float_bits(dot16({1}, {1}, std::nanf(""), kTensorCoreSm90)), kCanonicalNanF32);
  EXPECT_EQ(dot16({60000}, {60000}, std::numeric_limits<float>::max(), kTensorCoreSm90),
            std::numeric_limits<float>::max());
  EXPECT_EQ(dot16({0}, {0}, 0.0f, kTensorCoreSm90), 0.0f);
}

TEST(TensorCore, HalfAccumulatorsRoundToNearestEven) {
  DotOperand row{}, column{};
  for (int i = 0; i < 16; ++i) {
    set_element<MmaType::kF16>(row, i, half_from(i == 0 ? 1 : 0).bits);
    set_element<MmaType::kF16>(column, i, half_from(0x1p-11).bits);
  }
  EXPECT_EQ(dot_f16(row, column, 16, 16, 25, 0x3c00), 0x3c00u);  // 1 + 2^-11: tie, to even
  EXPECT_EQ(dot_f16(row, column, 16, 16, 25, 0x3c01), 0x3c02u);
}

// The elements of a register belong to two products, and C is added to their sum, rounded to nearest.
TEST(Mma, Fp8IsTwoHalfProductsAndAnAddition) {
  const MmaOp op{16, 8, 32, MmaType::kE4M3, MmaType::kE4M3, MmaType::kF32, false};
  std::uint32_t a[4][32] = {}, b[2][32] = {}, c[4][32] = {}, d[4][32];
  a[0][0] = b[0][0] = 0x01u << 16;      // k = 2: 2^-9, in the second product
  a[0][1] = b[0][1] = b[0][2] = 0x78u;  // k = 4: 256
  a[0][2] = 0xf8u;                      // k = 8: -256; beside these two, 2^-18 would be truncated to nothing
  c[0][0] = float_bits(1.0f);
  mma(op, d, a, b, c);
  EXPECT_EQ(float_from_bits(d[0][0]), 1.0f + 0x1p-18f);
  c[0][0] = float_bits(0x1.8p6f);  // 2^-18 is half a unit of it: to even, where a tensor core would truncate
  mma(op, d, a, b, c);
  EXPECT_EQ(float_from_bits(d[0][0]), 0x1.8p6f);
  c[0][0] = float_bits(0x1.800002p6f);
  mma(op, d, a, b, c);
  EXPECT_EQ(float_from_bits(d[0][0]), 0x1.800004p6f);
}

std::uint32_t bytes(int a, int b, int c, int d) {
  const auto byte = [](int x) { return static_cast<std::uint32_t>(x) & 0xff; };
  return byte(a) | byte(b) << 8 | byte(c) << 16 | byte(d) << 24;
}

TEST(Mma, IntegersWrapOrSaturate) {
  MmaOp op{16, 8, 32, MmaType::kU8, MmaType::kS8, MmaType::kS32, false};
  std::uint32_t a[4][32], b[2][32], c[4][32], d[4][32];
  for (auto& row : a)
    for (auto& x : row) x = bytes(255, 255, 255, 255);
  for (auto& row : b)
    for (auto& x : row) x = bytes(-128, -128, -128, -128);
  for (auto& row : c)
    for (auto& x : row) x = 0x80000000u;
  mma(op, d, a, b, c);
  const std::int64_t exact = std::int64_t{std::numeric_limits<std::int32_t>::min()} - 32 * 255 * 128;
  EXPECT_EQ(d[0][0], static_cast<std::uint32_t>(exact));
  op.saturate = true;
  mma(op, d, a, b, c);
  EXPECT_EQ(d[3][31], 0x80000000u);
}

TEST(Mma, FourBitIntegersExtendBySignedness) {
  const MmaOp op{8, 8, 32, MmaType::kS4, MmaType::kU4, MmaType::kS32, false};
  std::uint32_t a[1][32], b[1][32], c[2][32] = {}, d[2][32];
  for (auto& x : a[0]) x = 0xffffffffu;  // -1
  for (auto& x : b[0]) x = 0xffffffffu;  // 15
  mma(op, d, a, b, c);
  EXPECT_EQ(static_cast<std::int32_t>(d[1][7]), -15 * 32);
}

TEST(Mma, DoublesAreAChainOfFusedMultiplyAdds) {
  const MmaOp op{8, 8, 4, MmaType::kF64, MmaType::kF64, MmaType::kF64, false};
  double a[1][32], b[1][32], c[2][32], d[2][32];
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  for (int lane = 0; lane < 32; ++lane) a[0][lane] = normal(random), b[0][lane] = normal(random);
  for (auto& row : c)
    for (double& x : row) x = normal(random);
  mma_f64(op, d, a, b, c);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 2; ++i) {
      const int row = lane / 4, column = 2 * (lane % 4) + i;
      double want = c[i][lane];
      for (int k = 0; k < 4; ++k) want = std::fma(a[0][4 * row + k], b[0][4 * column + k], want);
      EXPECT_EQ(d[i][lane], want);
    }
  }
}

TEST(Mma, KnowsWhatItSupportsAndHowManyRegistersThatTakes) {
  EXPECT_TRUE(is_supported(kHalf16));
  EXPECT_EQ(register_counts(kHalf16).a, 4);
  EXPECT_EQ(register_counts(kHalf16).b, 2);
  EXPECT_EQ(register_counts(kHalf16).c, 4);
  const MmaOp half_sum{16, 8, 16, MmaType::kF16, MmaType::kF16, MmaType::kF16, false};
  EXPECT_EQ(register_counts(half_sum).c, 2);
  const MmaOp doubles{16, 8, 8, MmaType::kF64, MmaType::kF64, MmaType::kF64, false};
  EXPECT_EQ(register_counts(doubles).a, 4);
  EXPECT_EQ(register_counts(doubles).b, 2);
  EXPECT_EQ(register_counts(doubles).c, 4);
  EXPECT_FALSE(is_supported({8, 8, 4, MmaType::kF16, MmaType::kF16, MmaType::kF32, false}));     // Volta's layout
  EXPECT_FALSE(is_supported({16, 8, 16, MmaType::kF16, MmaType::kBF16, MmaType::kF32, false}));  // mixed operands
  EXPECT_FALSE(is_supported({16, 8, 16, MmaType::kBF16, MmaType::kBF16, MmaType::kF16, false}));
  EXPECT_FALSE(is_supported({16, 8, 16, MmaType::kF16, MmaType::kF16, MmaType::kF32, true}));
}

}  // namespace
}  // namespace triton_runner::executor::numerics
