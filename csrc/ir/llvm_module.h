// LLVM IR text as an edit for dump sees it: the functions, their blocks and instructions with result types, the edges
// between blocks, and the debug locations; each with its place in the text, which is not copied.
//
// It reads the printed form, one instruction a line (brackets may span lines). It is no verifier: what it does not need
// it passes over, and LLVM itself checks the edited text before it runs. Text that is not of that form is an
// ArtifactError with its line. Tested in tests/csrc/ir/test_llvm_reader.cc, fuzzed by tests/fuzz/llvm_reader.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ir/llvm_type.h"
#include "ir/loops.h"
#include "ir/protocol.h"

namespace triton_runner::ir {

struct LlvmParam {
  std::string name;  // "%0"
  LlvmType type;
  size_t begin = 0;  // offset in the text
};

struct LlvmInstruction {
  std::string result;  // "%12"; empty without one
  std::string opcode;  // "fadd", "call"
  std::string op;      // the opcode; of a call of an intrinsic its name, "llvm.maxnum.f32"; of inline assembly "asm"
  LlvmType type;       // of the result
  std::string_view assembly;            // the template of inline assembly, with its quotes
  std::vector<std::string> operands;    // names of the local values it uses
  bool uses_global = false;             // it names a variable or function: "@global_smem"
  std::vector<std::string> successors;  // labels, "%34", with repetitions
  std::string_view debug;               // "!7"; empty without one
  uint32_t line = 0;
  size_t begin = 0;
  size_t end = 0;

  bool is_phi() const { return opcode == "phi"; }
};

struct LlvmBlock {
  std::string label;  // "%34"
  uint32_t first = 0;
  uint32_t count = 0;
};

struct LlvmFunction {
  std::string name;
  bool is_kernel = false;  // ptx_kernel
  uint32_t line = 0;
  std::vector<LlvmParam> params;
  size_t params_end = 0;  // at the closing parenthesis
  std::vector<LlvmInstruction> instructions;
  std::vector<LlvmBlock> blocks;
  FlowGraph graph;
};

// A specialized node: !7 = !DILocation(line: 14, ...).
struct LlvmMetadata {
  std::string_view kind;  // "!DILocation"
  std::map<std::string_view, std::string_view> fields;
};

struct LlvmModule {
  std::vector<LlvmFunction> functions;  // with a body
  std::map<std::string_view, LlvmMetadata> metadata;

  // The function of this name; without one, the only kernel, or the only function. ArtifactError where there is none.
  const LlvmFunction& kernel(const std::string& name) const;
  // Python lines of a debug location, where inlined the innermost first.
  std::vector<SourceLine> source_lines(std::string_view debug) const;
};

// The text must outlive the result.
LlvmModule read_llvm(std::string_view text);

}  // namespace triton_runner::ir
