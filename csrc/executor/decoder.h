// Decoding: from the AST of one instruction to what a warp executes. The families of instructions are written against
// this class.
//
// A decoder must take every suffix of its instruction: what nobody took is a modifier that the executor does not know,
// and stops the build with an UnsupportedError. Operands become slots: registers have theirs, immediates, addresses of
// symbols and special registers get a column that is filled when a CTA starts. Tested in
// tests/csrc/executor/test_decoder.cc.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <vector>

#include "executor/instruction.h"
#include "executor/memory.h"
#include "executor/program.h"
#include "ptx/module.h"
#include "runtime/error.h"

namespace triton_runner::executor {

class ProgramBuilder;
struct Frame;

// Base and offset of an address operand.
struct Address {
  Slot slot = kNoSlot;
  int64_t offset = 0;
  ptx::Space space = ptx::Space::Generic;
  uint8_t bytes = 8;  // width of the slot's lanes
};

ptx::Type bits_type(uint32_t bits);  // .b16 for what is narrower

class Decoder {
 public:
  Decoder(ProgramBuilder& builder, const Frame& frame, const ptx::Instruction& in)
      : builder_(builder), frame_(frame), in_(in), taken_(in.suffixes.size(), false) {}

  // Suffixes. Each of these marks what it found as understood.
  ptx::Opcode opcode() const { return in_.opcode; }
  bool take(ptx::Mod modifier);
  bool has(ptx::Mod modifier) const { return in_.has(modifier); }
  ptx::Mod take_one_of(std::span<const ptx::Mod> modifiers);  // Mod::Count where none is there
  ptx::Type type(size_t position = 0);                        // Type::None past the last
  ptx::Space space();
  ptx::Shape shape();
  void ignore_cache_hints();                                      // they change speed, not results
  void ignore_suffixes() { taken_.assign(taken_.size(), true); }  // of an instruction that none of them changes
  void take_rounding(Modifiers& modifiers);
  void check_all_taken() const;

  // Operands.
  size_t operand_count() const { return in_.operands.size(); }
  const ptx::Operand& operand(size_t position) const { return in_.operands.at(position); }
  bool is_discard(size_t position) const { return operand(position).kind == ptx::OperandKind::Discard; }
  // A register that a handler writes must have columns of the type that it writes: this is what keeps it inside of
  // them.
  Slot destination(size_t position, ptx::Type type) { return destination(operand(position), type); }
  Slot destination(const ptx::Operand& operand, ptx::Type type);
  Slot source(size_t position, ptx::Type type) { return source(operand(position), type); }
  Slot source(const ptx::Operand& operand, ptx::Type type);
  Slot predicate(const ptx::Operand& operand);                      // with its negation carried out
  std::vector<Slot> destinations(size_t position, ptx::Type type);  // of {a, b}, or of one register
  std::vector<Slot> sources(size_t position, ptx::Type type);
  std::vector<Slot> sources_of(const ptx::Operand& operand, ptx::Type type);
  Address address(const ptx::Operand& operand, ptx::Space space);
  uint32_t register_bits(const ptx::Operand& operand) const;  // 0 for what is no register
  uint64_t immediate(size_t position) const;
  Slot constant(uint64_t bits, ptx::Type type);
  Slot scratch(ptx::Type type);  // a register of the executor's own
  Slot sink();                   // takes any result and is never read

  // Appends an instruction under the guard of this one. Valid until the next call.
  Instruction& emit(Handler handler, std::initializer_list<Slot> operands) {
    return emit(handler, std::span<const Slot>(operands.begin(), operands.size()));
  }
  Instruction& emit(Handler handler, std::span<const Slot> operands);
  // Destination first, then every other operand as a source of `type`.
  Instruction& emit_plain(Handler handler, ptx::Type type) { return emit_plain(handler, type, type); }
  Instruction& emit_plain(Handler handler, ptx::Type result, ptx::Type type);
  void emit_branch(Handler handler, std::initializer_list<Slot> operands, uint32_t label);
  void emit_branch_table(Handler handler, Slot index, uint32_t table);
  void emit_branch_to_end(Handler handler);  // of the function that is expanded
  bool in_entry() const;                     // and not in a function that it calls
  const ptx::Function& callee() const;
  const ptx::Module& module() const;  // that the instruction is of
  void expand_call();

  template <typename... Parts>
  [[noreturn]] void unsupported(const Parts&... parts) const {
    raise_unsupported(concat(parts...));
  }

 private:
  [[noreturn]] void raise_unsupported(const std::string& reason) const;
  void take_suffix(size_t position) { taken_[position] = true; }

  ProgramBuilder& builder_;
  const Frame& frame_;
  const ptx::Instruction& in_;
  std::vector<bool> taken_;
};

}  // namespace triton_runner::executor
