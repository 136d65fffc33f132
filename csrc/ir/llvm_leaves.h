// A value of LLVM IR as integers that inline assembly can store: what each goes through, and where it lies in a record.
// Tested in tests/csrc/ir/test_dump_llvm.cc.
#pragma once

#include <string>
#include <vector>

#include "ir/llvm_type.h"
#include "ir/ptx_record.h"

namespace triton_runner::ir {

struct LlvmLeaf {
  std::string type;     // "i32", of the operand
  std::string operand;  // "%trd.4"
  char constraint = 'r';
  PtxStore store;  // without its value
};

// Names for the temporaries of one edit.
class LlvmNames {
 public:
  std::string next() { return concat_name(count_++); }

 private:
  static std::string concat_name(unsigned number) { return "%trd." + std::to_string(number); }
  unsigned count_ = 0;
};

// Appends the instructions that make them to `code`, each a line that starts with two blanks.
std::vector<LlvmLeaf> make_leaves(const std::string& value, const LlvmType& type, LlvmNames& names, std::string& code);

}  // namespace triton_runner::ir
