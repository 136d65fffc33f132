#include "ir/llvm_values.h"

#include <gtest/gtest.h>

#include "ir/reading_llvm.h"

namespace triton_runner::ir {
namespace {

std::vector<Slot> slots_of(const std::string& body) { return list_llvm(llvm_kernel(body + "  ret void\n"), ""); }

const Slot& find(const std::vector<Slot>& slots, const std::string& name) {
  for (const Slot& slot : slots) {
    if (slot.name == name) return slot;
  }
  throw ArgumentError(concat("no value ", name));
}

TEST(LlvmValues, ElementsAndShapes) {
  const auto slots = slots_of(
      "  %5 = icmp eq i32 %1, 0\n  %6 = bitcast i32 %1 to <2 x half>\n"
      "  %7 = zext i32 %1 to i48\n  %8 = load [3 x bfloat], ptr addrspace(1) %0\n"
      "  %9 = zext i32 %1 to i128\n");
  EXPECT_EQ(find(slots, "%0").element, "ptr");
  EXPECT_EQ(find(slots, "%0").op, "parameter");
  EXPECT_EQ(find(slots, "%5").element, "i1");
  EXPECT_EQ(find(slots, "%6").element, "fp16");
  EXPECT_EQ(find(slots, "%6").shape, std::vector<int64_t>{2});
  EXPECT_EQ(find(slots, "%6").layout, "<2 x half>");
  EXPECT_EQ(find(slots, "%7").element, "i64");
  EXPECT_EQ(find(slots, "%8").shape, std::vector<int64_t>{3});
  EXPECT_EQ(find(slots, "%9").refusal, "its type i128 has no place in a tensor");
  EXPECT_EQ(find(slots, "%5").line, 4u);
  EXPECT_TRUE(find(slots, "%5").per_thread);
}

TEST(LlvmValues, AStructIsItsFields) {
  const auto slots = slots_of("  %5 = call { i32, { float, <2 x i8> } } @f()\n");
  EXPECT_EQ(find(slots, "%5#0").element, "i32");
  EXPECT_EQ(find(slots, "%5#1#0").element, "fp32");
  EXPECT_EQ(find(slots, "%5#1#1").shape, std::vector<int64_t>{2});
  EXPECT_EQ(slots.size(), 4u + 3u);
}

TEST(LlvmValues, LoopsAreCounted) {
  const auto slots = slots_of(
      "  br label %5\n5:\n  %6 = phi i32 [ 0, %4 ], [ %7, %5 ]\n  %7 = add i32 %6, 1\n"
      "  br i1 true, label %5, label %8\n8:\n");
  EXPECT_EQ(find(slots, "%6").depth, 1u);
  EXPECT_EQ(find(slots, "%7").depth, 1u);
  EXPECT_EQ(find(slots, "%0").depth, 0u);
}

TEST(LlvmValues, WhatTheTensorCoresStillWriteIsRefused) {
  const auto slots = slots_of(
      "  %5 = call { float, float } asm sideeffect \"wgmma.mma_async.sync\", \"=f,=f\"()\n"
      "  %6 = extractvalue { float, float } %5, 0\n"
      "  %7 = call { float, float } asm sideeffect \"wgmma.wait_group.sync.aligned 1;\", \"=f,=f,0,1\"(float 0.0, "
      "float 0.0)\n"
      "  %8 = call { float, float } asm sideeffect \"wgmma.wait_group.sync.aligned 0;\", \"=f,=f,0,1\"(float 0.0, "
      "float 0.0)\n"
      "  %9 = extractvalue { float, float } %8, 0\n"
      "  %10 = call i32 @llvm.nvvm.tcgen05.ld.32x32b.x1(ptr addrspace(6) null, i1 false)\n"
      "  %11 = add i32 %10, 1\n  call void @llvm.nvvm.tcgen05.wait.ld()\n  %12 = bitcast i32 %10 to float\n");
  for (const std::string name : {"%5#0", "%5#1", "%6", "%7#0", "%10"}) EXPECT_NE(find(slots, name).refusal, "") << name;
  for (const std::string name : {"%8#1", "%9", "%12"}) EXPECT_EQ(find(slots, name).refusal, "") << name;
}

}  // namespace
}  // namespace triton_runner::ir
