// Which lane holds what of an 8x8 matrix of 16-bit elements: ldmatrix, stmatrix and movmatrix.
//
// Lane l holds elements (l/4, 2*(l%4)) and (l/4, 2*(l%4)+1) in the low and high half of its register. The caller does
// the memory accesses, since only it knows address spaces and faults: row r of matrix i is at the address that lane
// 8*i + r gives. Tested in tests/csrc/executor/numerics/test_matrix_lanes.cc.
#pragma once

#include <cstdint>

namespace triton_runner::executor::numerics {

struct Matrix8x8 {
  std::uint16_t element[8][8];
};

// ldmatrix[.trans], one matrix: rows as read from memory, to one register of each of 32 lanes.
void scatter_to_lanes(const Matrix8x8& matrix, bool transposed, std::uint32_t (&registers)[32]);

// stmatrix[.trans], one matrix: the inverse.
Matrix8x8 gather_from_lanes(const std::uint32_t (&registers)[32], bool transposed);

// movmatrix.sync.aligned.m8n8.trans.b16
void transpose_across_lanes(const std::uint32_t (&source)[32], std::uint32_t (&destination)[32]);

}  // namespace triton_runner::executor::numerics
