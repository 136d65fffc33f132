#include "ir/ptx_addresses.h"

#include <gtest/gtest.h>

#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

std::string addresses(const std::string& statements) {
  const ptx::Module module = ptx::parse(ptx::kernel_text(statements));
  const ptx::Function& kernel = module.functions[0];
  const std::vector<bool> found = registers_with_addresses(kernel);
  std::string names;
  for (uint32_t reg = 0; reg < found.size(); ++reg) {
    if (found[reg]) names += concat(names.empty() ? "" : " ", kernel.register_name(reg));
  }
  return names;
}

TEST(PtxAddresses, PointersAndWhatIsAddedToThem) {
  EXPECT_EQ(addresses("ld.param.b64 %rd1, [a];\nld.param.b32 %r1, [n];\ncvta.to.global.u64 %rd2, %rd1;\n"
                      "mul.wide.s32 %rd3, %r1, 4;\nadd.s64 %rd4, %rd2, %rd3;\nld.global.b64 %rd5, [%rd4];\n"
                      "add.s64 %rd6, %rd5, 1;"),
            "%rd1 %rd2 %rd4");
}

TEST(PtxAddresses, VariablesInSharedMemory) {
  EXPECT_EQ(addresses("mov.b32 %r1, buffer;\nmov.u32 %r2, %tid.x;\nxor.b32 %r3, %r1, %r2;\nshr.u32 %r4, %r3, 4;\n"
                      "ld.shared.b32 %r5, [%r3];\nsetp.lt.u32 %p1, %r4, 9;\nselp.b32 %r6, %r2, %r5, %p2;"),
            "%p1 %r1 %r3 %r4");
}

TEST(PtxAddresses, ClocksAndTheNumberOfAnSm) {
  EXPECT_EQ(addresses("mov.u32 %r1, %clock;\nmov.u32 %r2, %smid;\nmov.u32 %r3, %ctaid.x;\nactivemask.b32 %r4;"),
            "%r1 %r2 %r4");
}

TEST(PtxAddresses, AgainstTheOrderOfTheText) {
  EXPECT_EQ(addresses("L:\nmov.b64 %rd3, %rd2;\nmov.b64 %rd2, %rd1;\nld.param.b64 %rd1, [b];\n@%p1 bra L;"),
            "%rd1 %rd2 %rd3");
}

TEST(PtxAddresses, TheProductOfMatricesInSharedMemoryIsData) {
  EXPECT_EQ(addresses("mov.b64 %rd1, buffer;\nwgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%r1, %r2, %r3, %r4}, "
                      "%rd1, %rd1, 1, 1, 1, 0, 0;"),
            "%rd1");
}

}  // namespace
}  // namespace triton_runner::ir
