// The opcode table as text (opcode_table.cc), before opcodes.cc compiles it into forms. Only opcodes.cc and its tests
// read this.
#pragma once

#include <span>
#include <string_view>

#include "ptx/opcodes.h"

namespace triton_runner::ptx {

struct Row {
  Opcode opcode;
  Coverage coverage;
  std::string_view suffixes;
  std::string_view operands;
};

// A choice of words with a name: $name in a row stands for them.
struct Group {
  std::string_view name;
  std::string_view words;
};

std::span<const Row> rows();
std::span<const Group> groups();

}  // namespace triton_runner::ptx
