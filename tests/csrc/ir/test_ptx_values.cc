#include "ir/ptx_values.h"

#include <gtest/gtest.h>

#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

std::vector<std::string> names_of(const std::string& statements) {
  const std::string text = ptx::kernel_text(statements);
  const ptx::Module module = ptx::parse(text);
  std::vector<std::string> names;
  for (const PtxValue& value : read_ptx_kernel(module, module.functions[0], text).values) names.push_back(value.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(PtxValues, EachPlaceThatWritesARegisterIsAValue) {
  EXPECT_EQ(names_of("mov.b32 %r1, 0;\n@%p1 ld.global.b32 %r1, [%rd1];\nadd.s32 %r2, %r1, 1;"),
            (Names{"%r1#0", "%r1#1", "%r2"}));
}

TEST(PtxValues, AllResultsOfAnInstruction) {
  EXPECT_EQ(names_of("ld.global.v2.b32 {%r1, _}, [%rd1];\nmov.b64 {%r2, %r3}, %rd2;\nsetp.lt.s32 %p1|%p2, %r1, 0;\n"
                     "shfl.sync.idx.b32 %r4|%p3, %r1, 0, 31, -1;\nst.global.b32 [%rd1], %r4;"),
            (Names{"%r1", "%r2", "%r3", "%p1", "%p2", "%r4", "%p3"}));
}

TEST(PtxValues, ResultsOfACall) {
  const std::string text =
      concat(ptx::kHeader, ".func (.reg .b32 %out) f(.reg .b32 %a) { add.s32 %out, %a, 1; ret; }\n",
             ".entry k() { .reg .b32 %r<4>; mov.b32 %r0, 1; call (%r1), f, (%r0); ret; }");
  const ptx::Module module = ptx::parse(text);
  const PtxKernel kernel = read_ptx_kernel(module, *module.find_entry("k"), text);
  ASSERT_EQ(kernel.values.size(), 2u);
  EXPECT_EQ(kernel.values[1].name, "%r1");
}

TEST(PtxValues, TheMnemonicIsSpelledAsInTheText) {
  for (const std::string word : {"ld.global.v4.b32", "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", "bar.sync"}) {
    const std::string operands = word[0] == 'l' ? " {%r1, %r2, %r3, %r4}, [%rd1];"
                                 : word[0] == 'm'
                                     ? " {%r1,%r2,%r3,%r4}, {%r4,%r5,%r6,%r7}, {%r8,%r9}, {%r1,%r2,%r3,%r4};"
                                     : " 0;";
    EXPECT_EQ(mnemonic(ptx::parse_instruction(word + operands)), word);
  }
}

}  // namespace
}  // namespace triton_runner::ir
