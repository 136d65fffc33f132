#include "executor/numerics/matrix_lanes.h"

#include <gtest/gtest.h>

namespace triton_runner::executor::numerics {
namespace {

Matrix8x8 numbered() {
  Matrix8x8 matrix;
  for (int row = 0; row < 8; ++row) {
    for (int column = 0; column < 8; ++column) {
      matrix.element[row][column] = static_cast<std::uint16_t>(0x100 * row + column);
    }
  }
  return matrix;
}

TEST(MatrixLanes, LaneHoldsTwoNeighboursOfItsRow) {
  std::uint32_t registers[32];
  scatter_to_lanes(numbered(), false, registers);
  EXPECT_EQ(registers[0], 0x00010000u);
  EXPECT_EQ(registers[5], 0x01030102u);
  EXPECT_EQ(registers[31], 0x07070706u);
}

TEST(MatrixLanes, TransposedLaneHoldsTwoNeighboursOfItsColumn) {
  std::uint32_t registers[32];
  scatter_to_lanes(numbered(), true, registers);
  EXPECT_EQ(registers[5], 0x03010201u);
}

TEST(MatrixLanes, GatherIsTheInverse) {
  const Matrix8x8 matrix = numbered();
  for (const bool transposed : {false, true}) {
    std::uint32_t registers[32];
    scatter_to_lanes(matrix, transposed, registers);
    const Matrix8x8 back = gather_from_lanes(registers, transposed);
    for (int i = 0; i < 64; ++i) EXPECT_EQ(back.element[i / 8][i % 8], matrix.element[i / 8][i % 8]);
  }
}

TEST(MatrixLanes, MovmatrixTransposes) {
  std::uint32_t registers[32], moved[32], expected[32];
  scatter_to_lanes(numbered(), false, registers);
  scatter_to_lanes(numbered(), true, expected);
  transpose_across_lanes(registers, moved);
  for (int lane = 0; lane < 32; ++lane) EXPECT_EQ(moved[lane], expected[lane]);
}

}  // namespace
}  // namespace triton_runner::executor::numerics
