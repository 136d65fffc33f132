// Reads one instruction of LLVM IR from its tokens. Tested in tests/csrc/ir/test_llvm_reader.cc.
#pragma once

#include <string_view>
#include <vector>

#include "ir/llvm_lexer.h"
#include "ir/llvm_module.h"

namespace triton_runner::ir {

// `text` is the whole text, for offsets and messages. The tokens are at least one.
LlvmInstruction read_llvm_instruction(std::string_view text, const std::vector<LlvmToken>& tokens);

// Whether control leaves the block here.
bool is_terminator(const LlvmInstruction& instruction);

}  // namespace triton_runner::ir
