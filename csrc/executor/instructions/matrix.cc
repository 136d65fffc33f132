// Matrices spread over the lanes of a warp: ldmatrix stmatrix movmatrix mma. What lies in which lane is numerics/.
//
// All lanes of the warp must take part. Tested in tests/csrc/executor/test_matrix.cc.
#include <array>
#include <cstring>
#include <optional>

#include "executor/decode_table.h"
#include "executor/instructions/mma_op.h"
#include "executor/lanewise.h"
#include "executor/memory.h"
#include "executor/numerics/matrix_lanes.h"
#include "executor/numerics/mma.h"

namespace triton_runner::executor {
namespace {

using numerics::Matrix8x8;
using numerics::MmaType;
using ptx::Mod;
using ptx::Space;
using ptx::Type;

constexpr int kRows = 8;

// The lanes whose addresses are the rows of the first matrices.
LaneMask row_lanes(int matrices) { return lanes_below(kRows * matrices); }

// Operands: n destinations, the address.
template <bool Transposed>
void ldmatrix(Warp& warp, const Instruction& in) {
  if (!warp.converged(kAllLanes)) return;
  Pointers rows;
  Access access = access_of(in, in[in.element_count]);
  access.bytes = access.alignment = sizeof(Matrix8x8::element[0]);
  locate(warp, access, row_lanes(in.element_count) & warp.executing(), rows);
  for (int i = 0; i < in.element_count; ++i) {
    Matrix8x8 matrix;
    for (int row = 0; row < kRows; ++row)
      std::memcpy(matrix.element[row], rows[kRows * i + row], sizeof(matrix.element[row]));
    uint32_t fragment[kLanes];
    numerics::scatter_to_lanes(matrix, Transposed, fragment);
    write_lanes<uint32_t>(warp, in[i], [&](int lane) { return fragment[lane]; });
  }
}

// Operands: n sources, the address.
template <bool Transposed>
void stmatrix(Warp& warp, const Instruction& in) {
  if (!warp.converged(kAllLanes)) return;
  Pointers rows;
  Access access = access_of(in, in[in.element_count]);
  access.bytes = access.alignment = sizeof(Matrix8x8::element[0]);
  locate(warp, access, row_lanes(in.element_count) & warp.executing(), rows);
  for (int i = 0; i < in.element_count; ++i) {
    uint32_t fragment[kLanes];
    std::memcpy(fragment, warp.lanes<uint32_t>(in[i]), sizeof(fragment));
    const Matrix8x8 matrix = numerics::gather_from_lanes(fragment, Transposed);
    for (int row = 0; row < kRows; ++row)
      std::memcpy(rows[kRows * i + row], matrix.element[row], sizeof(matrix.element[row]));
  }
}

void movmatrix(Warp& warp, const Instruction& in) {
  if (!warp.converged(kAllLanes)) return;
  uint32_t from[kLanes], to[kLanes];
  std::memcpy(from, warp.lanes<uint32_t>(in[1]), sizeof(from));
  numerics::transpose_across_lanes(from, to);
  write_lanes<uint32_t>(warp, in[0], [&](int lane) { return to[lane]; });
}

constexpr int kMostRegisters = 8;  // of one operand of one lane, over all shapes

// Operands: D, A, B, C, as many registers of each as register_counts says.
template <typename T, auto Multiply>
void mma(Warp& warp, const Instruction& in) {
  if (!warp.converged(kAllLanes)) return;
  const numerics::MmaOp op = op_of(in);
  const numerics::MmaRegisters counts = numerics::register_counts(op);
  T a[kMostRegisters][kLanes], b[kMostRegisters][kLanes], c[kMostRegisters][kLanes], d[kMostRegisters][kLanes];
  int next = counts.c;
  const auto gather = [&](T(*registers)[kLanes], int count) {
    for (int i = 0; i < count; ++i) std::memcpy(registers[i], warp.lanes<T>(in[next++]), sizeof(registers[i]));
  };
  gather(a, counts.a);
  gather(b, counts.b);
  gather(c, counts.c);
  Multiply(op, d, a, b, c);
  for (int i = 0; i < counts.c; ++i) {
    write_lanes<T>(warp, in[i], [&](int lane) { return d[i][lane]; });
  }
}

using Registers = uint32_t (*)[kLanes];
using ConstRegisters = const uint32_t (*)[kLanes];
void multiply(const numerics::MmaOp& op, Registers d, ConstRegisters a, ConstRegisters b, ConstRegisters c) {
  numerics::mma(op, d, a, b, c);
}

// The address and count of ldmatrix and stmatrix of 8x8 matrices.
struct MatrixAccess {
  Address address;
  size_t count;
  bool transposed;
};
MatrixAccess take_matrix_access(Decoder& d, const ptx::Operand& address) {
  constexpr std::array counts = {Mod::X1, Mod::X2, Mod::X4};
  d.take(Mod::Sync);
  d.take(Mod::Aligned);
  const Mod count = d.take_one_of(counts);
  const ptx::Shape shape = d.shape();
  if (d.type() != Type::B16 || shape.m != 8 || shape.n != 8) d.unsupported("a matrix that is not 8x8 of 16 bits");
  const bool transposed = d.take(Mod::Trans);
  d.space();
  return {d.address(address, Space::Shared),
          count == Mod::X4   ? size_t{4}
          : count == Mod::X2 ? size_t{2}
                             : size_t{1},
          transposed};
}
void fill(Instruction& in, const MatrixAccess& access, bool writes) {
  in.immediate = access.address.offset;
  in.space = access.address.space;
  in.address_bytes = access.address.bytes;
  in.element_count = static_cast<uint8_t>(access.count);
  in.writes = writes;
}

}  // namespace

void decode_ldmatrix(Decoder& d) {
  const MatrixAccess access = take_matrix_access(d, d.operand(1));
  std::vector<Slot> slots = d.destinations(0, Type::B32);
  if (slots.size() != access.count) d.unsupported(slots.size(), " registers for ", access.count, " matrices");
  slots.push_back(access.address.slot);
  fill(d.emit(access.transposed ? ldmatrix<true> : ldmatrix<false>, slots), access, false);
}

void decode_stmatrix(Decoder& d) {
  const MatrixAccess access = take_matrix_access(d, d.operand(0));
  std::vector<Slot> slots = d.sources(1, Type::B32);
  if (slots.size() != access.count) d.unsupported(slots.size(), " registers for ", access.count, " matrices");
  slots.push_back(access.address.slot);
  fill(d.emit(access.transposed ? stmatrix<true> : stmatrix<false>, slots), access, true);
}

void decode_movmatrix(Decoder& d) {
  d.ignore_suffixes();
  d.emit(movmatrix, {d.destination(0, Type::B32), d.source(1, Type::B32)});
}

void decode_mma(Decoder& d) {
  constexpr std::array plain = {Mod::Sync, Mod::Aligned, Mod::Row, Mod::Col, Mod::KindF8f6f4};
  for (const Mod modifier : plain) d.take(modifier);
  const ptx::Shape shape = d.shape();
  const bool saturate = d.take(Mod::Satfinite);
  const Type result = d.type(0);
  const std::optional<MmaType> a = mma_type(d.type(1)), b = mma_type(d.type(2)), accumulator = mma_type(d.type(3));
  if (result == Type::F64) d.take(Mod::Rn);
  if (!a || !b || !accumulator || mma_type(result) != accumulator) d.unsupported("these types");
  const numerics::MmaOp op{shape.m, shape.n, shape.k, *a, *b, *accumulator, saturate};
  if (!numerics::is_supported(op)) d.unsupported("this shape with these types");

  const bool is_f64 = result == Type::F64;
  std::vector<Slot> slots = d.destinations(0, is_f64 ? Type::F64 : Type::B32);
  for (size_t i = 1; i < 4; ++i) {
    for (const Slot slot : d.sources(i, is_f64 ? Type::F64 : Type::B32)) slots.push_back(slot);
  }
  const numerics::MmaRegisters counts = numerics::register_counts(op);
  const int expected = 2 * counts.c + counts.a + counts.b;
  if (static_cast<int>(slots.size()) != expected)
    d.unsupported("fragments of ", slots.size(), " registers instead of ", expected);
  d.emit(is_f64 ? mma<double, numerics::mma_f64> : mma<uint32_t, multiply>, slots).immediate = pack_op(op);
}

}  // namespace triton_runner::executor
