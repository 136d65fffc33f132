// The words of a specialization's key: written by specialization.cc, read by describe.cc.
#pragma once

#include <cstdint>

namespace triton_runner::python {

// The lowest byte of the word that begins each leaf.
enum class Leaf : uint64_t {
  None,
  Bool,
  Int,  // byte 1: IntWidth, byte 2: Mark
  One,  // an integer that is 1, and so a constant
  Float,
  Tensor,      // byte 1: at::ScalarType, byte 2: Mark, byte 3: is const, and kSmallMemory
  Tuple,       // from byte 1 on: length; a type of its own stands among the objects
  NamedTuple,  // the same, and the type is a namedtuple
  Descriptor,  // byte 1: at::ScalarType, byte 2: rank, byte 3: has a layout, which stands among the objects; then
               // words for the block
  Constant,    // the words of its value follow (constant.h)
  Wrapped,     // the same, in a tl.constexpr
  Annotated,   // the annotation says it all
};

enum class IntWidth : uint64_t {
  I32,
  I64,
  U64
};

// What Triton says of divisibility: nothing, "" or "D".
enum class Mark : uint64_t {
  Absent,
  No,
  Divisible
};

// The memory behind a tensor is so small that offsets of 32 bits reach all of it, which Triton tells AMD's compiler.
inline constexpr uint64_t kSmallMemory = 2;

constexpr uint64_t leaf(Leaf kind, uint64_t byte1 = 0, uint64_t byte2 = 0, uint64_t byte3 = 0) {
  return static_cast<uint64_t>(kind) | byte1 << 8 | byte2 << 16 | byte3 << 24;
}
constexpr Leaf leaf_kind(uint64_t word) { return static_cast<Leaf>(word & 0xFF); }
constexpr uint64_t leaf_byte(uint64_t word, int index) { return word >> (8 * index) & 0xFF; }
constexpr uint64_t leaf_count(uint64_t word) { return word >> 8; }

}  // namespace triton_runner::python
