// The marks of triton_runner.language (triton_runner/dump/marks.py): a tt.print whose prefix begins with kMarkPrefix
// stands for a store of its operands at this place. Tested in tests/csrc/ir/test_mlir_marks.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/mlir_module.h"

namespace triton_runner::ir::mlir {

inline constexpr std::string_view kMarkPrefix = "triton_runner.dump:";
inline constexpr std::string_view kSlotPrefix = "triton_runner.slot:";

struct Marked {
  std::string name;     // the prefix; "#1" behind it for the second operand
  std::string operand;  // "%acc"
  std::string type;
};

bool is_mark(const Op& op);

// One for each operand. Nothing where the operation is no mark.
std::vector<Marked> marked_values(const Op& op);

std::vector<const Op*> find_marks(const Module& module);

}  // namespace triton_runner::ir::mlir
