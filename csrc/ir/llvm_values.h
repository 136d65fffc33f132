// What can be dumped of an LLVM IR kernel: its parameters and every result, in program order; of a struct each field,
// %5#0, %5#1, nested ones %5#1#0. Tested in tests/csrc/ir/test_llvm_values.cc.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "ir/llvm_module.h"
#include "ir/loops.h"

namespace triton_runner::ir {

constexpr uint32_t kNoInstruction = 0xFFFFFFFFu;

struct LlvmValue {
  std::string base;                       // "%5", the SSA value
  std::vector<uint32_t> path;             // of the field in it
  LlvmType whole;                         // of the SSA value
  LlvmType type;                          // a scalar, or a vector or an array of scalars
  uint32_t instruction = kNoInstruction;  // that gives it; kNoInstruction for a parameter
  uint32_t before = 0;                    // the record goes ahead of this instruction
  std::vector<uint32_t> loops;            // around it, outermost first
  bool repeats = false;
  std::string refusal;
};

struct LlvmKernel {
  const LlvmModule& module;
  const LlvmFunction& function;
  LoopForest loops;
  std::set<std::string> addresses;  // names (llvm_addresses.h)
  std::vector<LlvmValue> values;
};

// `module` must outlive the result.
LlvmKernel read_llvm_kernel(const LlvmModule& module, const LlvmFunction& function);

// Of a value, for the protocol.
Slot describe(const LlvmKernel& kernel, const LlvmValue& value);

// The first instruction of a block that is no phi.
uint32_t behind_phis(const LlvmFunction& function, const LlvmBlock& block);

}  // namespace triton_runner::ir
