// Lane mappings of ldmatrix, stmatrix and movmatrix. See matrix_lanes.h.
#include "executor/numerics/matrix_lanes.h"

namespace triton_runner::executor::numerics {

void scatter_to_lanes(const Matrix8x8& matrix, bool transposed, std::uint32_t (&registers)[32]) {
  for (int lane = 0; lane < 32; ++lane) {
    const int row = lane / 4, column = 2 * (lane % 4);
    const std::uint32_t low = transposed ? matrix.element[column][row] : matrix.element[row][column];
    const std::uint32_t high = transposed ? matrix.element[column + 1][row] : matrix.element[row][column + 1];
    registers[lane] = low | high << 16;
  }
}

Matrix8x8 gather_from_lanes(const std::uint32_t (&registers)[32], bool transposed) {
  Matrix8x8 matrix;
  for (int lane = 0; lane < 32; ++lane) {
    const int row = lane / 4, column = 2 * (lane % 4);
    for (int i = 0; i < 2; ++i) {
      const auto element = static_cast<std::uint16_t>(registers[lane] >> (16 * i));
      (transposed ? matrix.element[column + i][row] : matrix.element[row][column + i]) = element;
    }
  }
  return matrix;
}

void transpose_across_lanes(const std::uint32_t (&source)[32], std::uint32_t (&destination)[32]) {
  scatter_to_lanes(gather_from_lanes(source, false), true, destination);
}

}  // namespace triton_runner::executor::numerics
