// The numerics of an mma or wgmma instruction, small enough for Instruction::immediate.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "executor/instruction.h"
#include "executor/numerics/mma.h"
#include "ptx/words.h"

namespace triton_runner::executor {

struct PackedOp {
  uint8_t m, n;
  uint16_t k;
  numerics::MmaType a, b, accumulator;
  bool saturate;
};
static_assert(sizeof(PackedOp) == sizeof(int64_t));

inline int64_t pack_op(const numerics::MmaOp& op) {
  return std::bit_cast<int64_t>(PackedOp{static_cast<uint8_t>(op.m), static_cast<uint8_t>(op.n),
                                         static_cast<uint16_t>(op.k), op.a, op.b, op.accumulator, op.saturate});
}

inline numerics::MmaOp op_of(const Instruction& in) {
  const PackedOp op = std::bit_cast<PackedOp>(in.immediate);
  return {op.m, op.n, op.k, op.a, op.b, op.accumulator, op.saturate};
}

inline std::optional<numerics::MmaType> mma_type(ptx::Type type) {
  using numerics::MmaType;
  using ptx::Type;
  switch (type) {
    case Type::F16:
      return MmaType::kF16;
    case Type::BF16:
      return MmaType::kBF16;
    case Type::TF32:
      return MmaType::kTF32;
    case Type::E4M3:
      return MmaType::kE4M3;
    case Type::E5M2:
      return MmaType::kE5M2;
    case Type::F64:
      return MmaType::kF64;
    case Type::S8:
      return MmaType::kS8;
    case Type::U8:
      return MmaType::kU8;
    case Type::S4:
      return MmaType::kS4;
    case Type::U4:
      return MmaType::kU4;
    case Type::F32:
      return MmaType::kF32;
    case Type::S32:
      return MmaType::kS32;
    default:
      return std::nullopt;
  }
}

}  // namespace triton_runner::executor
