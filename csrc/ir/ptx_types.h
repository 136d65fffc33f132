// What the bits in the registers of a PTX function are: PTX itself types the operations, and since LLVM 20 most of its
// registers are .b32. A result of a typed operation has that operation's type. A result of one that only moves bits
// (mov, ld, selp, shfl) has the float type with which its value is used elsewhere, followed through such moves, where
// all uses agree; everything else is an integer. Tested in tests/csrc/ir/test_ptx_types.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ptx/module.h"

namespace triton_runner::ir {

// "fp16" and 2 lanes is a register of 32 bits that holds two fp16.
struct RegisterType {
  std::string element;
  uint32_t lanes = 1;
  bool operator==(const RegisterType&) const = default;
};

class PtxTypes {
 public:
  explicit PtxTypes(const ptx::Function& function);
  // Of what `instruction` writes to `reg`.
  RegisterType of(const ptx::Instruction& instruction, uint32_t reg) const;

 private:
  enum class Use : uint8_t {
    None,
    Float,
    Mixed
  };
  struct Class {
    Use use = Use::None;
    ptx::Type type = ptx::Type::None;
  };
  uint32_t root(uint32_t reg) const;
  void join(const ptx::Instruction& instruction);
  void note(const ptx::Instruction& instruction);
  void note_use(const ptx::Operand& operand, ptx::Type type);

  const ptx::Function& function_;
  mutable std::vector<uint32_t> parents_;  // union-find over registers that hold the same bits
  std::vector<Class> classes_;             // by root
};

}  // namespace triton_runner::ir
