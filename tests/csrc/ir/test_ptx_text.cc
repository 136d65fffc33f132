#include "ir/ptx_text.h"

#include <gtest/gtest.h>

#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

std::vector<std::string> instructions_of(const std::string& text, const std::string& kernel) {
  const ptx::Module module = ptx::parse(text);
  std::vector<std::string> found;
  for (const auto& [begin, end, scope] : locate_kernel(text, *module.find_entry(kernel)).instructions) {
    found.push_back(text.substr(begin, end - begin));
  }
  return found;
}

TEST(PtxText, InstructionsOfRealKernelsAreFound) {
  for (const auto& path : ptx::real_files()) {
    const std::string text = ptx::read_text(path);
    const ptx::Module module = ptx::parse(text);
    for (const ptx::Function* kernel : module.entries()) {
      const auto found = instructions_of(text, kernel->name);
      ASSERT_EQ(found.size(), kernel->instructions.size()) << path;
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].back(), ';');
        const std::string opcode(ptx::opcode_text(kernel->instructions[i].opcode));
        EXPECT_NE(found[i].find(opcode), std::string::npos) << path << ": " << found[i] << " is no " << opcode;
      }
    }
  }
}

TEST(PtxText, EverythingElseInABodyIsSteppedOver) {
  const std::string text = concat(ptx::kHeader, R"(
.extern .func f;
.section .debug_info { .b8 1 // .entry k
}
.visible .entry k;
.visible .entry other() { ret; }
.visible .entry k(.param .b32 a, .param .align 8 .b8 b[16]) .reqntid 32 .pragma "x;{";
{ .reg .b32 %r<4>, t; .reg .pred %p;
;; .loc 1 2 3, function_name $L__info+4, inlined_at 1 2 3
.pragma "used_bytes_mask";
L: { .local .align 4 .b8 depot[8] ; @!%p bra L; /* ; */ mov.b32 t, 1; }
ts: .branchtargets L, M;
.loc 1 2 3
M: brx.idx t, ts; // ;
ret ; })");
  EXPECT_EQ(instructions_of(text, "k"),
            (std::vector<std::string>{"@!%p bra L;", "mov.b32 t, 1;", "brx.idx t, ts;", "ret ;"}));
  const ptx::Module module = ptx::parse(text);
  const PtxKernelText found = locate_kernel(text, *module.find_entry("k"));
  ASSERT_EQ(found.params.size(), 2u);
  EXPECT_EQ(text.substr(found.params[1], 14), ".param .align ");
  EXPECT_EQ(text[found.params_end], ')');
  EXPECT_EQ(text[found.body - 1], '{');
  EXPECT_EQ(found.instructions[1].scope, found.instructions[0].scope);
  EXPECT_NE(found.instructions[1].scope, found.instructions[2].scope);
  EXPECT_EQ(found.instructions[2].scope, 0u);
}

TEST(PtxText, AKernelWithoutParameters) {
  const std::string text = concat(ptx::kHeader, ".entry k { ret; }");
  const PtxKernelText found = locate_kernel(text, ptx::parse(text).functions[0]);
  EXPECT_FALSE(found.has_params);
  EXPECT_EQ(text.substr(found.name_end - 1, 3), "k {");
}

}  // namespace
}  // namespace triton_runner::ir
