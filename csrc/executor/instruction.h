// A decoded instruction: a handler and where its operands lie in a warp's register file.
//
// Everything that the text of an instruction fixes is decided when the program is built: modifiers pick the handler or
// are stored here as plain fields, immediates and special registers become registers. A handler only loops over lanes.
#pragma once

#include <cstdint>

#include "executor/numerics/formats.h"
#include "ptx/module.h"

namespace triton_runner::executor {

class Warp;
struct Instruction;
using Handler = void (*)(Warp&, const Instruction&);

// A register: byte offset of its column of 32 lanes in a warp's register file. A predicate is one LaneMask.
using Slot = uint32_t;
constexpr Slot kNoSlot = 0xFFFFFFFFu;

// How the results of setp and set are combined with their predicate operand.
enum class Combine : uint8_t {
  None,
  And,
  Or,
  Xor,
};

// What bar.red makes of the predicates of all threads.
enum class BarrierReduction : uint8_t {
  None,
  Popc,
  And,
  Or,
};

struct Modifiers {
  numerics::Rounding rounding = numerics::Rounding::kNearestEven;
  bool to_integer = false;
  bool ftz = false;
  bool sat = false;
  bool satfinite = false;
  bool relu = false;
  bool nan = false;
  bool xorsign_abs = false;
};

struct Instruction {
  Handler execute = nullptr;
  const Slot* operand = nullptr;  // into Program's pool; destinations first, in the order of the PTX text
  int64_t immediate = 0;          // address offset, branch target, lookup table, index into a side table
  Slot guard = kNoSlot;
  bool guard_negated = false;
  Combine combine = Combine::None;
  BarrierReduction reduction = BarrierReduction::None;
  Modifiers modifiers;

  // Of memory instructions.
  ptx::Space space = ptx::Space::Generic;
  uint8_t address_bytes = 8;  // width of the register that holds the address
  uint8_t element_bytes = 0;
  uint8_t element_count = 1;  // of .v2, .v4, .v8
  bool writes = false;
  bool polls = false;  // may wait for another CTA: volatile, acquire and relaxed loads, atomics

  Slot operator[](int position) const { return operand[position]; }
};

}  // namespace triton_runner::executor
