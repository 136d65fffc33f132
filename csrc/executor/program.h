// A decoded entry: what builder.cc makes of the AST and what the warps run.
//
// Immutable once built, except for the bytes of the module's .global variables, which kernels share as they do on a
// GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "executor/instruction.h"
#include "ptx/module.h"
#include "runtime/driver.h"

namespace triton_runner::executor {

// Where an instruction stands in the text, for messages.
struct Statement {
  uint32_t line = 0;
  std::string text;
  std::string source;  // "kernel.py:12", with the places that it is inlined at; empty without .loc
};

// A special register that is read as an operand: its column is filled when a CTA starts.
struct SpecialColumn {
  ptx::Special special{};
  Slot slot = kNoSlot;
};

// A variable of the module, with bytes of its own.
struct ModuleVariable {
  std::string name;
  std::unique_ptr<std::byte[]> storage;  // over-allocated; `base` is aligned
  std::byte* base = nullptr;
  uint64_t bytes = 0;
  bool writable = true;
};

struct RegisterFile {
  std::vector<std::byte> image;  // what a warp starts with: zeros, and the columns of constants
  std::vector<SpecialColumn> specials;
};

// What a program may ask for: no kernel that runs on a GPU needs more. A PTX file that does is refused, not served.
constexpr uint64_t kMostRegisterBytes = uint64_t{64} << 20;  // of a warp
constexpr uint64_t kMostSharedBytes = 256 << 10;             // of a CTA, static and dynamic
constexpr uint64_t kMostLocalBytes = 512 << 10;              // of a thread
constexpr uint64_t kMostVariableBytes = uint64_t{1} << 30;   // of one variable of the module

class Program {
 public:
  std::string name;
  std::vector<Instruction> code;      // ends with an exit
  std::vector<Statement> statements;  // of each instruction
  std::vector<Slot> operands;
  RegisterFile registers;
  std::vector<ModuleVariable> variables;
  uint64_t param_bytes = 0;
  uint64_t static_shared_bytes = 0;  // dynamic shared memory starts here
  uint64_t local_bytes = 0;          // of each thread
  std::optional<ptx::Extent> required_block;
  std::string across_ctas;  // the first instruction that reaches other CTAs of its cluster; empty without one
  std::vector<std::vector<uint32_t>> branch_tables;
};

}  // namespace triton_runner::executor
