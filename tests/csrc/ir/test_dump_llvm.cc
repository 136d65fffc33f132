// Dumps of LLVM IR as text; tests/python/test_dump_llir.py compiles and runs them.
#include <gtest/gtest.h>

#include "ir/dumping.h"
#include "ir/reading_llvm.h"

namespace triton_runner::ir {
namespace {

std::string dumped(const std::string& text, const std::vector<std::string>& names) {
  Request request;
  request.params = 2;
  request.chosen = named(list_llvm(text, ""), names);
  return dump_llvm(text, request).text;
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(DumpLlvm, WithoutAValueTheTextIsTheSame) {
  for (const auto& path : llvm_files()) {
    const std::string text = ptx::read_text(path);
    EXPECT_EQ(dump_llvm(text, {}).text, text) << path;
  }
}

TEST(DumpLlvm, EveryValueOfRealKernelsCanBeAskedFor) {
  for (const auto& path : llvm_files()) {
    const std::string text = ptx::read_text(path);
    const std::vector<Slot> slots = list_llvm(text, "");
    Request request;
    request.chosen = all_values(slots);
    const Edit edit = dump_llvm(text, request);
    EXPECT_EQ(count_of(edit.text, "call void asm sideeffect \"{\\0A\\09.reg .b64 %trd_area"), request.chosen.size());
    const LlvmModule again = read_llvm(edit.text);  // the form is kept
    EXPECT_EQ(again.kernel("").blocks.size(), read_llvm(text).kernel("").blocks.size()) << path;
  }
}

TEST(DumpLlvm, TheParameterComesBeforeTheHiddenOnes) {
  const std::string text = dumped(llvm_kernel("  %5 = add i32 %1, 1\n  ret void\n"), {"%5"});
  EXPECT_NE(text.find("i32 %1, ptr addrspace(1) align 16 %triton_runner_dump, ptr addrspace(1) readnone"),
            std::string::npos);
  EXPECT_NE(text.find("  %5 = add i32 %1, 1\n  call void asm sideeffect \"{"), std::string::npos) << text;
  EXPECT_NE(text.find("\", \"l,l,l,l,r\"(i64 %trd.base, i64 %trd.ahead, i64 %trd.thread, i64 %trd.threads, i32 %5)\n  "
                      "ret void\n"),
            std::string::npos)
      << text;
}

TEST(DumpLlvm, EachTypeIsStoredAsIntegers) {
  const std::string text =
      dumped(llvm_kernel("  %5 = icmp eq i32 %1, 0\n  %6 = bitcast i32 %1 to <2 x half>\n"
                         "  %7 = load <3 x i8>, ptr addrspace(1) %0\n  %8 = load <4 x float>, ptr addrspace(1) %0\n"
                         "  %9 = insertvalue { i32, ptr addrspace(3) } poison, i32 %1, 0\n  %10 = load [2 x double], "
                         "ptr addrspace(1) %0\n"
                         "  ret void\n"),
             {"%5", "%6", "%7", "%8", "%9#1", "%10"});
  for (const std::string part :
       {" = zext i1 %5 to i16\n", " = bitcast <2 x half> %6 to i32\n", " = extractelement <3 x i8> %7, i32 2\n",
        " = bitcast <4 x float> %8 to <4 x i32>\n", " = extractvalue { i32, ptr addrspace(3) } %9, 1\n",
        " = ptrtoint ptr addrspace(3) ", " = extractvalue [2 x double] %10, 1\n", "\"l,l,l,l,h,h,h\"",
        "\"l,l,l,l,r,r,r,r\"", "\"l,l,l,l,l,l\"", "st.global.b8 [%trd_value+2], $6"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(DumpLlvm, IterationsAreCountedInTheHeader) {
  const std::string text = dumped(
      llvm_kernel(
          "  br label %5\n\n5:\n  %6 = phi i32 [ 0, %4 ], [ %7, %5 ], [ %7, %5 ]\n  %7 = add i32 %6, 1, !dbg !3\n"
          "  switch i32 %7, label %5 [\n    i32 1, label %5\n    i32 9, label %8\n  ]\n\n8:\n  ret void\n"),
      {"%7", "%6"});
  EXPECT_NE(text.find("  %trd.loop0 = phi i64 [ 0, %4 ], [ %trd.loop0.next, %5 ], [ %trd.loop0.next, %5 ]\n  %6 = phi"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("[ %7, %5 ]\n  %trd.loop0.next = add i64 %trd.loop0, 1\n  call void asm"), std::string::npos);
  EXPECT_EQ(count_of(text, "%trd.loop0 = phi"), 1u);
  EXPECT_NE(text.find("i64 %trd.loop0, i32 %7), !dbg !3\n"), std::string::npos) << text;
}

TEST(DumpLlvm, BadRequests) {
  const std::string text = llvm_kernel("  %5 = zext i32 %1 to i128\n  ret void\n");
  Request request;
  request.chosen = {77};
  EXPECT_NE(
      ptx::error_of([&] { dump_llvm(text, request); }).find("ArgumentError: the LLVM IR of kernel 'k' has 5 values"),
      std::string::npos);
  request.chosen = {4};
  EXPECT_EQ(ptx::error_of([&] { dump_llvm(text, request); }),
            "UnsupportedError: kernel 'k': %5 cannot be dumped: its type i128 has no place in a tensor");
  request.chosen = {0};
  request.params = 5;
  EXPECT_NE(ptx::error_of([&] { dump_llvm(text, request); }).find("ArgumentError: kernel 'k' has 4 parameters"),
            std::string::npos);
  request.params = 2;
  const std::string once = dump_llvm(text, request).text;
  EXPECT_NE(ptx::error_of([&] { dump_llvm(once, request); }).find("it is the result of a dump"), std::string::npos);
}

}  // namespace
}  // namespace triton_runner::ir
