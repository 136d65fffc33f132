// mma.sync.aligned for one warp: fragments are gathered from per-lane registers, multiplied, and scattered back.
//
// Float products are exact; a block of them and the accumulator are aligned to the largest exponent, truncated to a
// fixed number of fraction bits, summed exactly, and truncated (f32) or rounded (f16) once. Block length and fraction
// bits differ between generations: see TensorCore. f64 is a chain of fused multiply-adds, integers are exact.
// Tested in tests/csrc/executor/numerics/test_mma.cc and by the golden vectors.
#pragma once

#include <cstdint>

namespace triton_runner::executor::numerics {

inline constexpr int kLanes = 32;

enum class MmaType : std::uint8_t {
  kF16,
  kBF16,
  kTF32,
  kE4M3,
  kE5M2,
  kF64,
  kS8,
  kU8,
  kS4,
  kU4,
  kF32,
  kS32
};

struct MmaOp {
  int m, n, k;
  MmaType a, b;         // element types of A (row major) and B (column major)
  MmaType accumulator;  // type of C and D: f16, f32, s32 or f64
  bool saturate;        // .satfinite of the integer forms
};

// How a generation sums: `block_bits` of operand width enter one aligned sum, e.g. 256 = 16 f16 or 8 tf32 products.
// fp8 does not depend on it: what runs it on sm_90 is the f16 unit, on halves of the depth, and C is added afterwards.
struct TensorCore {
  int block_bits;
  int fraction_bits;
};
inline constexpr TensorCore kTensorCoreSm80{128, 24};
inline constexpr TensorCore kTensorCoreSm90{256, 25};

// True for the shapes and types that mma() computes; the executor asks before a launch starts.
bool is_supported(const MmaOp& op);

// How many 32-bit registers (64-bit ones for f64) each lane holds of each operand.
struct MmaRegisters {
  int a, b, c;  // D is as large as C
};
MmaRegisters register_counts(const MmaOp& op);

// Operands as register[lane]. For f64 use mma_f64. D may not alias the inputs.
void mma(const MmaOp& op, std::uint32_t (*d)[kLanes], const std::uint32_t (*a)[kLanes],
         const std::uint32_t (*b)[kLanes], const std::uint32_t (*c)[kLanes], TensorCore core = kTensorCoreSm90);

void mma_f64(const MmaOp& op, double (*d)[kLanes], const double (*a)[kLanes], const double (*b)[kLanes],
             const double (*c)[kLanes]);

}  // namespace triton_runner::executor::numerics
