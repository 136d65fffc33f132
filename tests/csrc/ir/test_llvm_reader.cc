// Functions, blocks, types of results and debug locations, out of text.
#include <gtest/gtest.h>

#include "ir/reading_llvm.h"

namespace triton_runner::ir {
namespace {

// "opcode: type" of each instruction.
std::vector<std::string> types_of(const std::string& body) {
  const std::string text = llvm_kernel(body + "  ret void\n");
  const LlvmModule module = read_llvm(text);
  std::vector<std::string> found;
  for (const LlvmInstruction& instruction : module.kernel("").instructions) {
    if (!instruction.result.empty()) found.push_back(concat(instruction.op, ": ", instruction.type.text));
  }
  return found;
}

using Names = std::vector<std::string>;

TEST(LlvmReader, TypesOfResults) {
  EXPECT_EQ(types_of("  %5 = or disjoint i32 %1, 128, !dbg !7\n"
                     "  %6 = icmp samesign ult i32 %5, 4\n"
                     "  %7 = fcmp fast olt <2 x float> <float 1.0, float 2.0>, zeroinitializer\n"
                     "  %8 = zext nneg i32 %5 to i64\n"
                     "  %9 = getelementptr inbounds nuw float, ptr addrspace(1) %0, i64 %8\n"
                     "  %10 = load volatile <4 x half>, ptr addrspace(1) %9, align 8\n"
                     "  %11 = extractelement <4 x half> %10, i64 1\n"
                     "  %12 = shufflevector <4 x half> %10, <4 x half> poison, <2 x i32> <i32 0, i32 1>\n"
                     "  %13 = insertvalue { i32, float } undef, i32 %5, 0\n"
                     "  %14 = extractvalue { i32, float } %13, 1, !dbg !7\n"
                     "  %15 = select i1 %6, ptr addrspace(3) @s, ptr addrspace(3) null\n"
                     "  %16 = bitcast <2 x half> %12 to <1 x i32>\n"
                     "  %17 = atomicrmw add ptr addrspace(1) %9, i32 1 acq_rel, align 4\n"
                     "  %18 = cmpxchg ptr addrspace(1) %9, i32 0, i32 1 acq_rel monotonic\n"
                     "  %19 = alloca [4 x i32], align 4\n"
                     "  %20 = fneg nnan float %14\n"
                     "  %21 = freeze i1 %6\n"
                     "  %22 = insertelement <2 x i1> poison, i1 %21, i32 0\n"
                     "  %23 = ptrtoint ptr addrspace(3) @s to i32\n"),
            (Names{"or: i32", "icmp: i1", "fcmp: <2 x i1>", "zext: i64", "getelementptr: ptr addrspace(1)",
                   "load: <4 x half>", "extractelement: half", "shufflevector: <2 x half>",
                   "insertvalue: { i32, float }", "extractvalue: float", "select: ptr addrspace(3)",
                   "bitcast: <1 x i32>", "atomicrmw: i32", "cmpxchg: { i32, i1 }", "alloca: ptr", "fneg: float",
                   "freeze: i1", "insertelement: <2 x i1>", "ptrtoint: i32"}));
}

TEST(LlvmReader, Calls) {
  EXPECT_EQ(types_of("  %5 = tail call noundef range(i32 0, 1024) i32 @llvm.nvvm.read.ptx.sreg.tid.x(), !dbg !7\n"
                     "  %6 = call fastcc float @helper(float 1.0) #3\n"
                     "  %7 = call i32 (ptr, ...) @vprintf(ptr null)\n"
                     "  %8 = tail call { i32, i32 } asm sideeffect \"mov.u32 $0, $1; { x }\", \"=r,=r,r\"(i32 %5) #5\n"
                     "  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n"),
            (Names{"llvm.nvvm.read.ptx.sreg.tid.x: i32", "call: float", "call: i32", "asm: { i32, i32 }"}));
}

TEST(LlvmReader, BlocksAndEdges) {
  const std::string text = llvm_kernel(
      "  br i1 true, label %.lr.ph, label %5\n\n"
      ".lr.ph:                                      ; preds = %4\n"
      "  switch i32 %1, label %5 [\n    i32 0, label %\"a b\"\n    i32 1, label %5\n  ]\n\n"
      "\"a b\":\n  br label %.lr.ph\n\n"
      "5:\n  unreachable\n");
  const LlvmModule module = read_llvm(text);
  const LlvmFunction& kernel = module.kernel("k");
  ASSERT_EQ(kernel.blocks.size(), 4u);
  EXPECT_EQ(kernel.blocks[0].label, "%4");
  EXPECT_EQ(kernel.blocks[1].label, "%.lr.ph");
  EXPECT_EQ(kernel.blocks[2].label, "%\"a b\"");
  EXPECT_EQ(kernel.graph, (FlowGraph{{1, 3}, {3, 2, 3}, {1}, {}}));
}

TEST(LlvmReader, TheEntryIsNumberedBehindTheParameters) {
  const auto label = [](const std::string& params) {
    const std::string text = concat("define void @f(", params, ") {\n  ret void\n}\n");
    return read_llvm(text).kernel("").blocks[0].label;
  };
  EXPECT_EQ(label(""), "%0");
  EXPECT_EQ(label("i32, ptr byval([128 x i8]) align 64"), "%2");
  EXPECT_EQ(label("i32 %a, i32 %0"), "%1");
  EXPECT_EQ(label("i32 noundef range(i32 0, 4) %x"), "%0");
}

TEST(LlvmReader, ParametersAndTheirPlaces) {
  const std::string text = llvm_kernel("  ret void\n");
  const LlvmModule module = read_llvm(text);
  const LlvmFunction& kernel = module.kernel("");
  ASSERT_EQ(kernel.params.size(), 4u);
  EXPECT_EQ(kernel.params[1].name, "%1");
  EXPECT_EQ(kernel.params[1].type.text, "i32");
  EXPECT_EQ(text.substr(kernel.params[2].begin, 26), "ptr addrspace(1) readnone ");
  EXPECT_EQ(text.substr(kernel.params_end, 4), ") #0");
}

TEST(LlvmReader, SourceLinesFollowTheInlining) {
  const std::string text = concat(llvm_kernel("  ret void, !dbg !9\n"), R"(
!1 = !DIFile(filename: "k.py", directory: "/a")
!2 = !DIFile(filename: "/b/lib.py", directory: "/a")
!4 = distinct !DISubprogram(name: "k", scope: !1, file: !1, line: 3)
!5 = distinct !DILexicalBlockFile(scope: !4, file: !2, discriminator: 0)
!9 = !DILocation(line: 263, column: 15, scope: !5, inlinedAt: !10)
!10 = distinct !DILocation(line: 18, column: 73, scope: !4)
!11 = !DILocation(line: 1, scope: !4, inlinedAt: !11)
!12 = !DILocation(line: 1, scope: !99)
)");
  const LlvmModule module = read_llvm(text);
  const auto lines = module.source_lines(module.kernel("").instructions[0].debug);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].file, "/b/lib.py");
  EXPECT_EQ(lines[0].line, 263);
  EXPECT_EQ(lines[1].file, "/a/k.py");
  EXPECT_EQ(lines[1].line, 18);
  EXPECT_EQ(module.source_lines("!11").size(), 64u) << "a ring ends";
  EXPECT_TRUE(module.source_lines("!12").empty());
  EXPECT_TRUE(module.source_lines("").empty());
}

TEST(LlvmReader, WhichKernel) {
  const std::string two = concat(llvm_kernel("  ret void\n"), "define void @helper() {\n  ret void\n}\n");
  EXPECT_EQ(read_llvm(two).kernel("").name, "k");
  EXPECT_EQ(read_llvm(two).kernel("helper").name, "helper");
  EXPECT_EQ(ptx::error_of([&] { read_llvm(two).kernel("x"); }),
            "ArtifactError: the LLVM IR has no kernel 'x'; it has: k");
  EXPECT_NE(llvm_error("declare void @f()\n").find("defines no kernel"), std::string::npos);
  EXPECT_NE(llvm_error(concat(two, "define ptx_kernel void @l() {\n  ret void\n}\n")).find("2 kernels (k, l)"),
            std::string::npos);
}

TEST(LlvmReader, WhatIsRefused) {
  const auto expect = [](const std::string& body, const std::string& message) {
    EXPECT_NE(llvm_error(llvm_kernel(body)).find(message), std::string::npos) << llvm_error(llvm_kernel(body));
  };
  expect("  br label %9\n", "LLVM IR line 4, 'br label %9': there is no block %9");
  expect("  %5 = add i32 %1, 1\n", "a block does not end with a branch or a return");
  expect("  %5 = add i32 %1, 1\nnext:\n  ret void\n", "the block before this label does not end");
  expect("  ret void\na:\nb:\n  ret void\n", "the block before this label does not end");
  expect("  br label %a\na:\n  ret void\na:\n  ret void\n", "there are two blocks %a");
  expect("  %5 = = x\n", "expected an instruction");
  EXPECT_EQ(llvm_error(""), "ArtifactError: the LLVM IR text is empty");
  EXPECT_NE(llvm_error("define void @k(i32 %0").find("the parameters have no end"), std::string::npos);
  EXPECT_NE(llvm_error("define void @k() #0").find("no body"), std::string::npos);
  EXPECT_NE(llvm_error("define void @k() {\n  ret void\n").find("cut off"), std::string::npos);
  EXPECT_NE(llvm_error("define void @k() {\n  call void @f(i32 1").find("a bracket is not closed"), std::string::npos);
  EXPECT_NE(llvm_error("define void").find("expected the name"), std::string::npos);
}

TEST(LlvmReader, RealKernelsAreReadToTheLastValue) {
  EXPECT_GE(llvm_files().size(), 4u);
  for (const auto& path : llvm_files()) {
    const std::string text = ptx::read_text(path);
    const LlvmModule module = read_llvm(text);
    for (const LlvmInstruction& instruction : module.kernel("").instructions) {
      EXPECT_TRUE(instruction.result.empty() || instruction.type.kind != LlvmType::Kind::Other)
          << path << " line " << instruction.line;
      EXPECT_EQ(text[instruction.end] == '\n' || text[instruction.end] == ' ', true);
    }
  }
}

}  // namespace
}  // namespace triton_runner::ir
