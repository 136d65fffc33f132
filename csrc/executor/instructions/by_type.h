// Picks a handler template by the type suffix of an instruction.
#pragma once

#include <cstdint>

#include "executor/instruction.h"
#include "ptx/words.h"

namespace triton_runner::executor {

// Calls pick.operator()<T>() with the C++ type of a 16, 32 or 64-bit integer or bit type; null for every other type.
template <typename Pick>
Handler by_integer_type(ptx::Type type, Pick pick) {
  using ptx::Type;
  switch (type) {
    case Type::B16:
    case Type::U16:
      return pick.template operator()<uint16_t>();
    case Type::S16:
      return pick.template operator()<int16_t>();
    case Type::B32:
    case Type::U32:
      return pick.template operator()<uint32_t>();
    case Type::S32:
      return pick.template operator()<int32_t>();
    case Type::B64:
    case Type::U64:
      return pick.template operator()<uint64_t>();
    case Type::S64:
      return pick.template operator()<int64_t>();
    default:
      return nullptr;
  }
}

// The same with the sign ignored.
template <typename Pick>
Handler by_width(ptx::Type type, Pick pick) {
  switch (ptx::type_bits(type)) {
    case 8:
    case 16:
      return pick.template operator()<uint16_t>();
    case 32:
      return pick.template operator()<uint32_t>();
    case 64:
      return pick.template operator()<uint64_t>();
    default:
      return nullptr;
  }
}

inline bool is_float(ptx::Type type) {
  using ptx::Type;
  switch (type) {
    case Type::F16:
    case Type::F16x2:
    case Type::BF16:
    case Type::BF16x2:
    case Type::F32:
    case Type::F32x2:
    case Type::F64:
      return true;
    default:
      return false;
  }
}

}  // namespace triton_runner::executor
