#include <gtest/gtest.h>

#include "ir/protocol.h"
#include "ir/ptx_text.h"
#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

// What is added: "mov.b32 %r1, 0;mov.pred %p1, 0;".
std::string defined(const std::string& statements) {
  const std::string text = ptx::kernel_text(statements);
  const std::string edited = define_registers(text, "k");
  EXPECT_EQ(define_registers(edited, "k"), edited) << "what is defined stays as it is";
  const ptx::Module module = ptx::parse(text);
  const size_t at = locate_kernel(text, module.functions[0]).instructions[0].begin;
  std::string added = edited.substr(at, edited.size() - text.size());
  std::erase_if(added, [](char c) { return c == '\n' || c == '\t'; });
  return added;
}

TEST(DefinePtx, WhatIsWrittenBeforeItIsReadNeedsNothing) {
  EXPECT_EQ(defined("mov.b32 %r1, 5;\nadd.s32 %r2, %r1, 1;\nst.global.b32 [%rd1], %r2;"), "mov.b64 %rd1, 0;");
  EXPECT_EQ(defined("ld.param.b64 %rd1, [a];\nst.global.b64 [%rd1], %rd1;"), "");
}

TEST(DefinePtx, AGuardedWriteMayNotHappen) {
  EXPECT_EQ(defined("ld.param.b64 %rd1, [a];\nsetp.eq.b64 %p1, %rd1, 0;\n@%p1 ld.global.b32 %r1, [%rd1];\n"
                    "st.global.b32 [%rd1], %r1;"),
            "mov.b32 %r1, 0;");
  EXPECT_EQ(defined("ld.param.b64 %rd1, [a];\nsetp.eq.b64 %p1, %rd1, 0;\nmov.b32 %r1, 7;\n"
                    "@%p1 ld.global.b32 %r1, [%rd1];\nst.global.b32 [%rd1], %r1;"),
            "");
}

TEST(DefinePtx, ABranchMayPassTheWriteBy) {
  const std::string head = "ld.param.b64 %rd1, [a];\nsetp.eq.b64 %p1, %rd1, 0;\n@%p1 bra L;\n";
  EXPECT_EQ(defined(head + "mov.b32 %r1, 1;\nL:\nst.global.b32 [%rd1], %r1;"), "mov.b32 %r1, 0;");
  EXPECT_EQ(defined(head + "mov.b32 %r1, 1;\nst.global.b32 [%rd1], %r1;\nL:\n"), "");
}

TEST(DefinePtx, WhatOnlyTheNextIterationReads) {
  EXPECT_EQ(defined("ld.param.b64 %rd1, [a];\nL:\nst.global.b16 [%rd1], %rs1;\nmov.b16 %rs1, 1;\n"
                    "setp.eq.b64 %p1, %rd1, 0;\n@%p1 bra L;"),
            "mov.b16 %rs1, 0;");
}

TEST(DefinePtx, EveryWidthAndPredicates) {
  EXPECT_EQ(defined("selp.b32 %r1, 1, %r2, %p3;\nst.global.b32 [%rd4], %r1;"),
            "mov.pred %p3, 0;mov.b32 %r2, 0;mov.b64 %rd4, 0;");
}

TEST(DefinePtx, NamesOfInnerScopesAreNotKnownAtTheStart) {
  EXPECT_EQ(defined("ld.param.b64 %rd1, [a];\n{ .reg .b32 %t; st.global.b32 [%rd1], %t; }"), "");
}

TEST(DefinePtx, AStartThatIsPartOfALoopIsLeftAlone) {
  EXPECT_EQ(defined("L:\nadd.s32 %r1, %r1, 1;\nsetp.lt.s32 %p1, %r1, 9;\n@%p1 bra L;"), "");
}

TEST(DefinePtx, BehindTheDeclarationsOfAKernelWithItsDump) {
  const std::string text = ptx::kernel_text(
      "ld.param.b64 %rd1, [a];\nsetp.eq.b64 %p1, %rd1, 0;\n@%p1 ld.global.b32 %r1, [%rd1];\nst.global.b32 [%rd1], "
      "%r1;");
  const std::vector<Slot> slots = list_ptx(text, "k");
  Request request;
  request.params = 3;
  for (size_t i = 0; i < slots.size(); ++i) request.chosen.push_back(i);
  const std::string edited = define_registers(dump_ptx(text, request).text, "k");
  const size_t declared = edited.find(".reg .b32 %r<64>");
  EXPECT_LT(declared, edited.find("mov.b32 %r1, 0;"));
  EXPECT_LT(edited.find("mov.b32 %r1, 0;"), edited.find("ld.param.b64 %rd1, [a];"));
  EXPECT_EQ(define_registers(edited, "k"), edited);
}

TEST(DefinePtx, WhatTheFirstInstructionsTouchedIsLeftAlone) {
  const std::string text = concat(ptx::kHeader, ".entry k() {\n.reg .pred %p; .reg .b32 %a;\n@%p mov.b32 %a, 1;\n",
                                  ".reg .b32 %b;\nadd.s32 %b, %a, %b;\nret;\n}\n");
  const std::string edited = define_registers(text, "k");
  EXPECT_EQ(edited.find("mov.b32 %a, 0;"), std::string::npos);
  EXPECT_NE(edited.find("mov.b32 %b, 0;"), std::string::npos);
}

TEST(DefinePtx, RealKernelsStayReadable) {
  for (const auto& path : ptx::real_files()) {
    const std::string text = ptx::read_text(path);
    const std::string name = ptx::parse(text).entries().front()->name;
    const std::string edited = define_registers(text, name);
    EXPECT_NO_THROW(ptx::parse(edited)) << path;
    EXPECT_EQ(define_registers(edited, name), edited) << path;
  }
}

}  // namespace
}  // namespace triton_runner::ir
