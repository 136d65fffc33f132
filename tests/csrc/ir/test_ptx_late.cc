#include "ir/ptx_late.h"

#include <gtest/gtest.h>

#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

constexpr const char* kMma =
    "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%r1, %r2, %r3, %r4}, %rd1, %rd2, 1, 1, 1, 0, 0;\n";
constexpr const char* kCommit = "wgmma.commit_group.sync.aligned;\n";

// The opcode of each wait that brings something, with the numbers of the registers.
std::vector<std::string> arrivals(const std::string& statements) {
  const std::string text = ptx::kernel_text(statements);
  const ptx::Module module = ptx::parse(text);
  const ptx::Function& kernel = module.functions[0];
  std::vector<std::string> found;
  for (const auto& [wait, registers] : late_arrivals(kernel, find_blocks(kernel), locate_kernel(text, kernel))) {
    std::string line = concat(kernel.instructions[wait].line.number - ptx::kFirstLine, ":");
    for (const uint32_t reg : registers) line += " " + kernel.register_name(reg);
    found.push_back(std::move(line));
  }
  return found;
}

using Lines = std::vector<std::string>;

TEST(PtxLate, AWaitBringsWhatWasStarted) {
  EXPECT_EQ(arrivals(concat(kMma, kCommit, "wgmma.wait_group.sync.aligned 0;")), Lines{"2: %r1 %r2 %r3 %r4"});
}

TEST(PtxLate, OnlyOnce) {
  EXPECT_EQ(arrivals(concat(kMma, "wgmma.wait_group.sync.aligned 0;\nwgmma.wait_group.sync.aligned 0;")),
            Lines{"1: %r1 %r2 %r3 %r4"});
}

TEST(PtxLate, AWaitThatLeavesGroupsBringsNothing) {
  EXPECT_EQ(arrivals(concat(kMma, "wgmma.wait_group.sync.aligned 1;")), Lines{});
  EXPECT_EQ(arrivals("wgmma.wait_group.sync.aligned 0;"), Lines{});
}

TEST(PtxLate, ThroughALoopToTheWaitBehindIt) {
  EXPECT_EQ(arrivals(concat("L:\n", kMma, "wgmma.wait_group.sync.aligned 1;\n@%p1 bra L;\n",
                            "wgmma.wait_group.sync.aligned 0;")),
            Lines{"4: %r1 %r2 %r3 %r4"});
  // Around the loop to the wait at its start.
  EXPECT_EQ(arrivals(concat("L:\nwgmma.wait_group.sync.aligned 0;\n", kMma, "@%p1 bra L;")),
            Lines{"1: %r1 %r2 %r3 %r4"});
}

TEST(PtxLate, EachWaitBringsItsOwnKind) {
  const std::string load = "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r9}, [%r0];\n";
  EXPECT_EQ(arrivals(concat(kMma, load, "tcgen05.wait::ld.sync.aligned;\nwgmma.wait_group.sync.aligned 0;")),
            (Lines{"2: %r9", "3: %r1 %r2 %r3 %r4"}));
}

TEST(PtxLate, ANameThatTheWaitDoesNotKnowIsLeftOut) {
  EXPECT_EQ(arrivals("{ .reg .b32 %t; tcgen05.ld.sync.aligned.32x32b.x1.b32 {%t}, [%r0]; }\n"
                     "tcgen05.wait::ld.sync.aligned;"),
            Lines{});
}

}  // namespace
}  // namespace triton_runner::ir
