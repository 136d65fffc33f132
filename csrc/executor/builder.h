// Builds a Program: lays out registers, shared, local and module memory, expands called functions in place, and decodes
// every instruction through the table of decode_table.h. Used on one thread and thrown away. Tested in
// tests/csrc/executor/test_builder.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "executor/decoder.h"
#include "executor/program.h"
#include "ptx/module.h"

namespace triton_runner::executor {

// One expansion of a function: the entry itself, or a .func at the place of a call. Recursion is not expanded, but
// refused.
struct Frame {
  const ptx::Function& function;
  const Frame* caller;
  std::vector<Slot> registers;    // by register index
  std::vector<uint64_t> locals;   // address of each local variable in its space
  std::vector<uint64_t> params;   // of an entry in the parameter buffer, of a .func in local memory
  std::vector<uint64_t> results;  // in local memory
  std::vector<uint32_t> starts;   // position in Program::code of each instruction, and of the end
};

struct SymbolAddress {
  uint64_t address;
  ptx::Space space;
};

class ProgramBuilder {
 public:
  explicit ProgramBuilder(const ptx::Module& module) : module_(module), program_(std::make_shared<Program>()) {}
  std::shared_ptr<const Program> build(std::string_view entry);

  // For the decoder.
  const ptx::Module& module() const { return module_; }
  const Program& program() const { return *program_; }
  Slot constant(uint64_t bits, ptx::Type type);
  Slot special(ptx::Special special);
  Slot scratch(ptx::Type type) { return allocate_register(type); }
  Slot sink();
  SymbolAddress address_of(const Frame& frame, ptx::SymbolKind kind, uint32_t index) const;
  Instruction& emit(const Frame& frame, const ptx::Instruction& in, Handler handler, std::span<const Slot> operands);
  void branch_to_label(const Frame& frame, uint32_t label);  // of the last emitted instruction
  void branch_to_end(const Frame& frame);
  uint32_t add_branch_table(const Frame& frame, const ptx::BranchTable& table);
  void expand_call(const Frame& caller, const ptx::Instruction& in, const ptx::Function& callee);

 private:
  struct Fixup {
    const Frame* frame;
    uint32_t position;     // in code, or of the branch table
    uint32_t instruction;  // in frame->starts
    int32_t table_entry;   // -1 for a branch
  };

  void check_limit(std::string_view what, uint64_t bytes, uint64_t most) const;
  void lay_out_variables();
  void place_shared(const ptx::Variable& variable, uint64_t& address);
  void lay_out_dynamic_shared();
  void make_module_variable(const ptx::Variable& variable, uint64_t& address);
  void apply_relocations();
  Slot allocate_register(ptx::Type type);
  uint64_t allocate_local(uint64_t bytes, uint64_t alignment);
  Frame enter(const ptx::Function& function, const Frame* caller);
  void expand(Frame& frame);
  void apply_fixups(const Frame& frame);
  Statement statement_of(const Frame& frame, const ptx::Instruction& in) const;

  const ptx::Module& module_;
  std::shared_ptr<Program> program_;
  std::vector<uint32_t> operand_starts_;                     // of each instruction in Program::operands
  std::map<std::pair<uint64_t, uint32_t>, Slot> constants_;  // by bits and width
  std::map<ptx::Special, Slot> specials_;
  Slot sink_ = kNoSlot;
  std::vector<uint64_t> variable_addresses_;                // of Module::variables
  std::map<const ptx::Variable*, uint64_t> shared_locals_;  // .shared variables inside functions
  std::vector<Fixup> fixups_;
};

}  // namespace triton_runner::executor
