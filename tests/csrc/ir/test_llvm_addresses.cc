#include "ir/llvm_addresses.h"

#include <gtest/gtest.h>

#include "ir/reading_llvm.h"

namespace triton_runner::ir {
namespace {

std::string addresses(const std::string& body) {
  const std::string text = llvm_kernel("  " + body + "\n  ret void\n");
  const LlvmModule module = read_llvm(text);
  std::string names;
  for (const std::string& name : values_with_addresses(module.kernel("k"))) {
    if (name.size() > 2) names += concat(names.empty() ? "" : " ", name);  // not the parameters %0 to %3
  }
  return names;
}

TEST(LlvmAddresses, PointersAndWhatIsComputedFromThem) {
  EXPECT_EQ(addresses("%gep = getelementptr float, ptr addrspace(1) %0, i32 %1\n"
                      "  %int = ptrtoint ptr addrspace(1) %gep to i64\n  %sum = add i64 %int, 4\n"
                      "  %less = icmp ult i64 %sum, 9\n  %data = load float, ptr addrspace(1) %gep\n"
                      "  %twice = fadd float %data, %data"),
            "%gep %int %less %sum");
}

TEST(LlvmAddresses, VariablesAsConstants) {
  EXPECT_EQ(addresses("%bits = add i32 ptrtoint (ptr addrspace(3) @global_smem to i32), %1\n"
                      "  %data = load i32, ptr addrspace(3) @global_smem"),
            "%bits");
}

TEST(LlvmAddresses, InlineAssemblyAndIntrinsicsThatReadMemory) {
  EXPECT_EQ(addresses("%load = call i32 asm sideeffect \"@$2 ld.shared.b32 $0, [ $1 + 0 ];\", \"=r,r,b\"("
                      "ptr addrspace(3) null, i1 true)\n  %bits = ptrtoint ptr addrspace(1) %0 to i32\n"
                      "  %moved = call i32 asm \"mov.b32 $0, $1;\", \"=r,r\"(i32 %bits)\n"
                      "  %matrix = call { i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.b16.p3("
                      "ptr addrspace(3) null)\n"
                      "  %lane = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %bits, i32 1, i32 31)"),
            "%bits %lane %moved");
}

TEST(LlvmAddresses, ClocksAndTheNumberOfAnSm) {
  EXPECT_EQ(addresses("%clock = call i32 @llvm.nvvm.read.ptx.sreg.clock()\n"
                      "  %time = call i64 asm sideeffect \"mov.u64 $0, %globaltimer;\", \"=l\"()\n"
                      "  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()"),
            "%clock %time");
}

}  // namespace
}  // namespace triton_runner::ir
