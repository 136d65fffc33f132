// mma.sync: which shapes exist, how fragments lie in registers, and the integer and f64 products. See mma.h.
//
// All shapes share one layout. With P elements to a register, register r of A holds row lane/4 + 8*(r % (m/8)) and
// columns 4P*(r / (m/8)) + P*(lane % 4) + 0..P-1; register r of B the same with rows and columns exchanged and n = 8.
// An accumulator row of two neighbouring columns lies in two registers, or in one as f16x2.
#include "executor/numerics/mma.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "executor/numerics/arith.h"
#include "executor/numerics/tensor_core.h"

namespace triton_runner::executor::numerics {
namespace {

constexpr int kMaxRows = 16, kColumns = 8, kMaxDepth = 64;

int bits_of(MmaType type) {
  switch (type) {
    case MmaType::kF64:
      return 64;
    case MmaType::kTF32:
    case MmaType::kF32:
    case MmaType::kS32:
      return 32;
    case MmaType::kF16:
    case MmaType::kBF16:
      return 16;
    case MmaType::kS4:
    case MmaType::kU4:
      return 4;
    default:
      return 8;
  }
}

bool is_integer(MmaType type) {
  return type == MmaType::kS8 || type == MmaType::kU8 || type == MmaType::kS4 || type == MmaType::kU4;
}
constexpr bool is_fp8(MmaType type) { return type == MmaType::kE4M3 || type == MmaType::kE5M2; }
bool is_signed(MmaType type) { return type == MmaType::kS8 || type == MmaType::kS4; }

struct Shape {
  int m, k;
  friend bool operator==(Shape, Shape) = default;
};

bool is_one_of(Shape shape, std::initializer_list<Shape> shapes) {
  return std::find(shapes.begin(), shapes.end(), shape) != shapes.end();
}

// Calls visit(register, lane, element in register, row, column) for each element of an A fragment of `rows` rows; a
// B fragment is that of its transpose.
template <typename Visit>
void for_each_element(int rows, int depth, int per_register, Visit visit) {
  const int row_groups = rows / 8;
  const int registers = row_groups * depth / (4 * per_register);
  for (int r = 0; r < registers; ++r) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const int row = lane / 4 + 8 * (r % row_groups);
      const int column = 4 * per_register * (r / row_groups) + per_register * (lane % 4);
      for (int i = 0; i < per_register; ++i) visit(r, lane, i, row, column + i);
    }
  }
}

// Calls visit(row, column, register, lane, half) for each accumulator element; `half` counts within an f16x2.
template <typename Visit>
void for_each_accumulator(int rows, bool packed, Visit visit) {
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      const int lane = 4 * (row % 8) + column / 2, group = row / 8, pair = column % 2;
      if (packed) {
        visit(row, column, group, lane, pair);
      } else {
        visit(row, column, 2 * group + pair, lane, 0);
      }
    }
  }
}

std::uint32_t extract(std::uint32_t word, int index, int bits) {
  return bits == 32 ? word : word >> (index * bits) & ((1u << bits) - 1);
}

// sm_90 has no fp8 unit behind mma.sync: the lower two elements of each register are widened to f16 and multiplied in a
// first f16 product, the upper two in a second one. Here the first half of an operand is what the first product takes.
int place_of_fp8(int k, int depth) { return k % 4 / 2 * (depth / 2) + k / 4 * 2 + k % 2; }

template <MmaType kType>
void load_as(DotOperand* operands, int rows, int depth, int bits, const std::uint32_t (*registers)[kLanes]) {
  for_each_element(rows, depth, 32 / bits, [&](int r, int lane, int i, int row, int column) {
    const int position = is_fp8(kType) ? place_of_fp8(column, depth) : column;
    set_element<kType>(operands[row], position, extract(registers[r][lane], i, bits));
  });
}

void load_float(DotOperand* operands, int rows, int depth, MmaType type, const std::uint32_t (*registers)[kLanes]) {
  switch (type) {
    case MmaType::kF16:
      return load_as<MmaType::kF16>(operands, rows, depth, 16, registers);
    case MmaType::kBF16:
      return load_as<MmaType::kBF16>(operands, rows, depth, 16, registers);
    case MmaType::kTF32:
      return load_as<MmaType::kTF32>(operands, rows, depth, 32, registers);
    case MmaType::kE4M3:
      return load_as<MmaType::kE4M3>(operands, rows, depth, 8, registers);
    default:
      return load_as<MmaType::kE5M2>(operands, rows, depth, 8, registers);
  }
}

std::uint32_t add_accumulator(std::uint32_t sum, std::uint32_t addend, bool is_half) {
  if (!is_half) return float_bits(add(float_from_bits(sum), float_from_bits(addend)));
  return add(low_half<Half>(sum), low_half<Half>(addend)).bits;
}

void mma_float(const MmaOp& op, std::uint32_t (*d)[kLanes], const std::uint32_t (*a)[kLanes],
               const std::uint32_t (*b)[kLanes], const std::uint32_t (*c)[kLanes], TensorCore core) {
  DotOperand rows[kMaxRows], columns[kColumns];
  load_float(rows, op.m, op.k, op.a, a);
  load_float(columns, kColumns, op.k, op.b, b);
  const bool fp8 = is_fp8(op.a);
  const int block = fp8 ? op.k / 2 : core.block_bits / bits_of(op.a);
  const bool packed = op.accumulator == MmaType::kF16;
  const auto dot = packed ? dot_f16 : dot_f32;
  for_each_accumulator(op.m, packed, [&](int row, int column, int r, int lane, int half) {
    const std::uint32_t addend = packed ? extract(c[r][lane], half, 16) : c[r][lane];
    const int fraction_bits = fp8 ? kTensorCoreSm90.fraction_bits : core.fraction_bits;
    std::uint32_t sum = dot(rows[row], columns[column], op.k, block, fraction_bits, fp8 ? 0 : addend);
    if (fp8) sum = add_accumulator(sum, addend, packed);
    if (half == 0) {
      d[r][lane] = sum;
    } else {
      d[r][lane] |= sum << 16;
    }
  });
}

std::int32_t extend(std::uint32_t value, MmaType type) {
  const int bits = bits_of(type);
  const bool negative = is_signed(type) && (value >> (bits - 1) & 1) != 0;
  return static_cast<std::int32_t>(value) - (negative ? 1 << bits : 0);
}

// Elements fit in 16 bits, whose products a vector unit adds in pairs.
using IntegerOperand = std::int16_t[kMaxDepth];

void load_integer(IntegerOperand* operands, int rows, int depth, MmaType type,
                  const std::uint32_t (*registers)[kLanes]) {
  const int bits = bits_of(type);
  for_each_element(rows, depth, 32 / bits, [&](int r, int lane, int i, int row, int column) {
    operands[row][column] = static_cast<std::int16_t>(extend(extract(registers[r][lane], i, bits), type));
  });
}

// At most 64 * 15 * 15 or 32 * 255 * 255 in magnitude: no overflow.
template <int kDepth>
std::int32_t dot_integer(const std::int16_t* a, const std::int16_t* b) {
  std::int32_t sum = 0;
  for (int k = 0; k < kDepth; ++k) sum += a[k] * b[k];
  return sum;
}

void mma_integer(const MmaOp& op, std::uint32_t (*d)[kLanes], const std::uint32_t (*a)[kLanes],
                 const std::uint32_t (*b)[kLanes], const std::uint32_t (*c)[kLanes]) {
  IntegerOperand rows[kMaxRows], columns[kColumns];
  load_integer(rows, op.m, op.k, op.a, a);
  load_integer(columns, kColumns, op.k, op.b, b);
  const auto dot = op.k == 16 ? dot_integer<16> : op.k == 32 ? dot_integer<32> : dot_integer<64>;
  for_each_accumulator(op.m, false, [&](int row, int column, int r, int lane, int) {
    std::int64_t sum = std::int64_t{static_cast<std::int32_t>(c[r][lane])} + dot(rows[row], columns[column]);
    using Limits = std::numeric_limits<std::int32_t>;
    if (op.saturate) sum = std::clamp<std::int64_t>(sum, Limits::min(), Limits::max());
    d[r][lane] = static_cast<std::uint32_t>(sum);
  });
}

}  // namespace

bool is_supported(const MmaOp& op) {
  if (op.n != kColumns) return false;
  const Shape shape{op.m, op.k};
  const bool same = op.a == op.b;
  const bool to_f32 = op.accumulator == MmaType::kF32 && !op.saturate;
  const bool to_f16 = op.accumulator == MmaType::kF16 && !op.saturate;
  if (op.a == MmaType::kF16) return same && (to_f32 || to_f16) && is_one_of(shape, {{16, 8}, {16, 16}});
  if (op.a == MmaType::kBF16) return same && to_f32 && is_one_of(shape, {{16, 8}, {16, 16}});
  if (op.a == MmaType::kTF32) return same && to_f32 && is_one_of(shape, {{16, 4}, {16, 8}});
  if (is_fp8(op.a)) return is_fp8(op.b) && (to_f32 || to_f16) && is_one_of(shape, {{16, 16}, {16, 32}});
  if (op.a == MmaType::kF64) {
    return same && op.accumulator == MmaType::kF64 && is_one_of(shape, {{8, 4}, {16, 4}, {16, 8}, {16, 16}});
  }
  if (!is_integer(op.a) || !is_integer(op.b) || bits_of(op.a) != bits_of(op.b)) return false;
  if (op.accumulator != MmaType::kS32) return false;
  return bits_of(op.a) == 8 ? is_one_of(shape, {{8, 16}, {16, 16}, {16, 32}})
                            : is_one_of(shape, {{8, 32}, {16, 32}, {16, 64}});
}

MmaRegisters register_counts(const MmaOp& op) {
  const int register_bits = op.a == MmaType::kF64 ? 64 : 32;
  const int lane_bits_a = op.m * op.k * bits_of(op.a) / kLanes;
  const int lane_bits_b = op.n * op.k * bits_of(op.b) / kLanes;
  const int lane_bits_c = op.m * op.n * bits_of(op.accumulator) / kLanes;
  return {lane_bits_a / register_bits, lane_bits_b / register_bits, lane_bits_c / register_bits};
}

void mma(const MmaOp& op, std::uint32_t (*d)[kLanes], const std::uint32_t (*a)[kLanes],
         const std::uint32_t (*b)[kLanes], const std::uint32_t (*c)[kLanes], TensorCore core) {
  if (is_integer(op.a)) {
    mma_integer(op, d, a, b, c);
  } else {
    mma_float(op, d, a, b, c, core);
  }
}

void mma_f64(const MmaOp& op, double (*d)[kLanes], const double (*a)[kLanes], const double (*b)[kLanes],
             const double (*c)[kLanes]) {
  constexpr int kDepth = 16;
  double rows[kMaxRows][kDepth], columns[kColumns][kDepth];
  for_each_element(op.m, op.k, 1, [&](int r, int lane, int, int row, int k) { rows[row][k] = a[r][lane]; });
  for_each_element(kColumns, op.k, 1,
                   [&](int r, int lane, int, int column, int k) { columns[column][k] = b[r][lane]; });
  for_each_accumulator(op.m, false, [&](int row, int column, int r, int lane, int) {
    double sum = c[r][lane];
    for (int k = 0; k < op.k; ++k) sum = std::fma(rows[row][k], columns[column][k], sum);
    d[r][lane] = sum;
  });
}

}  // namespace triton_runner::executor::numerics
