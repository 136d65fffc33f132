// Dumps of PTX that are run: what is recorded is what the registers held.
#include <gtest/gtest.h>

#include "ir/dumping.h"
#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

std::string kernel(const std::string& statements, const std::string& directives = "") {
  return concat(ptx::kHeader, ".visible .entry k(.param .u64 .ptr .global .align 1 out)\n", directives,
                "{\n.reg .pred %p<8>; .reg .b16 %rs<8>; .reg .b32 %r<32>; .reg .b64 %rd<8>;\n"
                "ld.param.u64 %rd1, [out];\nmov.u32 %r1, %tid.x;\n",
                statements, "\nret;\n}\n");
}

struct Ran {
  Edit edit;
  DumpResult result;
  std::vector<uint32_t> out;
};

Ran run(const std::string& text, const std::vector<std::string>& names, const DumpLaunch& launch = {}) {
  Request request;
  request.params = 1;
  request.num_ctas = static_cast<int>(launch.num_ctas);
  request.chosen = named(list_ptx(text, "k"), names);
  Edit edit = dump_ptx(text, request);
  std::vector<uint32_t> out(1024);
  DumpResult result(edit, edit.text, launch, {reinterpret_cast<uint64_t>(out.data())},
                    {{out.data(), out.size() * 4, true, "out"}});
  return {std::move(edit), std::move(result), std::move(out)};
}

TEST(DumpPtx, WithoutAValueTheTextIsTheSame) {
  for (const auto& path : ptx::real_files()) {
    const std::string text = ptx::read_text(path);
    EXPECT_EQ(dump_ptx(text, {}).text, text) << path;
  }
}

TEST(DumpPtx, EveryValueOfRealKernelsCanBeAskedFor) {
  for (const auto& path : ptx::real_files()) {
    const std::string text = ptx::read_text(path);
    const ptx::Module module = ptx::parse(text);
    Request request;
    request.kernel = module.entries().front()->name;
    const std::vector<Slot> slots = list_ptx(text, request.kernel);
    request.chosen = all_values(slots);
    for (const Slot& slot : slots) {
      const bool may_be_late = slot.op.starts_with("wgmma.mma_async") || slot.op.starts_with("tcgen05.ld");
      EXPECT_TRUE(slot.refusal.empty() || may_be_late) << path << " " << slot.name << ": " << slot.refusal;
    }
    const Edit edit = dump_ptx(text, request);
    EXPECT_NO_THROW(ptx::parse(edit.text)) << path << "\n" << edit.text;
    EXPECT_EQ(edit.slots.size(), request.chosen.size());
    // Without the inserted text, what is left is the original.
    size_t at = 0;
    for (const char c : text) {
      at = edit.text.find(c, at);
      ASSERT_NE(at++, std::string::npos) << path;
    }
  }
}

TEST(DumpPtx, ARegisterOfEachKind) {
  const Ran ran = run(kernel("add.s32 %r2, %r1, 5;\nsetp.lt.s32 %p1, %r1, 3;\ncvt.u16.u32 %rs1, %r2;\n"
                             "mul.wide.s32 %rd2, %r2, -2;\ncvt.rn.f32.s32 %r3, %r1;\n"
                             "cvt.rn.f16x2.f32 %r4, %r3, %r3;\nmov.b32 {%rs2, %rs3}, %r4;"),
                      {"%r2", "%p1", "%rs1", "%rd2", "%r3", "%r4", "%rs3"});
  const std::vector<std::string> elements = {"i32", "i1", "i16", "i64", "fp32", "fp16", "i16"};
  for (size_t i = 0; i < elements.size(); ++i) EXPECT_EQ(ran.edit.slots[i].element, elements[i]);
  EXPECT_EQ(ran.edit.slots[5].shape, std::vector<int64_t>{2});
  EXPECT_EQ(ran.edit.slots[0].op, "add.s32");
  for (int32_t t = 0; t < 32; ++t) {
    EXPECT_EQ(ran.result.count(0, t), 1u);
    EXPECT_EQ(ran.result.value<int32_t>(0, t), t + 5);
    EXPECT_EQ(ran.result.value<uint8_t>(1, t), t < 3);
    EXPECT_EQ(ran.result.value<int16_t>(2, t), t + 5);
    EXPECT_EQ(ran.result.value<int64_t>(3, t), -2 * (t + 5));
    EXPECT_EQ(ran.result.value<float>(4, t), static_cast<float>(t));
    EXPECT_EQ(ran.result.value<uint16_t>(5, t, 0, 1), ran.result.value<uint16_t>(6, t));
  }
}

TEST(DumpPtx, APredicatedInstructionIsRecordedWhereItIsExecuted) {
  // The last one overwrites its own guard.
  const Ran ran = run(kernel("setp.lt.s32 %p1, %r1, 3;\n@%p1 mov.b32 %r2, 7;\n@!%p1 mov.b32 %r3, 8;\n"
                             "@%p1 setp.eq.s32 %p1, %r1, 1;"),
                      {"%r2", "%r3", "%p1#1"});
  for (int32_t t = 0; t < 32; ++t) {
    EXPECT_EQ(ran.result.count(0, t), t < 3 ? 1u : 0u);
    EXPECT_EQ(ran.result.count(1, t), t < 3 ? 0u : 1u);
    EXPECT_EQ(ran.result.count(2, t), t < 3 ? 1u : 0u);
    EXPECT_EQ(ran.result.value<uint32_t>(0, t), t < 3 ? 7u : 0u);
    EXPECT_EQ(ran.result.value<uint8_t>(2, t), t == 1);
  }
}

constexpr const char* kNestedLoops =
    "mov.b32 %r2, 0;\n"
    "OUTER:\n"
    "mov.b32 %r3, 0;\n"
    "INNER:\n"
    "mad.lo.s32 %r4, %r2, 10, %r3;\n"
    "add.s32 %r3, %r3, 1;\n"
    "setp.le.s32 %p1, %r3, %r2;\n"
    "@%p1 bra INNER;\n"
    "add.s32 %r2, %r2, 1;\n"
    "setp.lt.s32 %p2, %r2, 3;\n"
    "@%p2 bra OUTER;\n";

TEST(DumpPtx, NestedLoopsAreCounted) {
  // The inner loop runs once, twice, three times.
  DumpLaunch launch;
  launch.capacity = 8;
  const Ran ran = run(kernel(kNestedLoops), {"%r4", "%r3#0", "%r2#1"}, launch);
  EXPECT_EQ(ran.edit.slots[0].depth, 2u);
  EXPECT_EQ(ran.edit.slots[1].depth, 1u);
  for (const uint64_t t : {0, 31}) {
    ASSERT_EQ(ran.result.count(0, t), 6u);
    ASSERT_EQ(ran.result.count(1, t), 3u);
    uint64_t record = 0;
    for (int outer = 0; outer < 3; ++outer) {
      EXPECT_EQ(ran.result.iteration(1, t, outer, 0), outer);
      EXPECT_EQ(ran.result.value<int32_t>(2, t, outer), outer + 1);
      for (int inner = 0; inner <= outer; ++inner, ++record) {
        EXPECT_EQ(ran.result.iteration(0, t, record, 0), outer);
        EXPECT_EQ(ran.result.iteration(0, t, record, 1), inner);
        EXPECT_EQ(ran.result.value<int32_t>(0, t, record), outer * 10 + inner);
      }
    }
  }
}

TEST(DumpPtx, PastTheCapacityItOnlyCounts) {
  for (const uint64_t capacity : {0, 1, 5}) {
    DumpLaunch launch;
    launch.capacity = capacity;
    const Ran ran = run(kernel(kNestedLoops), {"%r4", "%r3#0"}, launch);  // another area follows the first
    EXPECT_EQ(ran.result.count(0, 5), 6u);
    EXPECT_EQ(ran.result.count(1, 0), 3u);
    for (uint64_t i = 0; i < capacity; ++i) EXPECT_EQ(ran.result.iteration(0, 5, i, 0), i < 1 ? 0 : i < 3 ? 1 : 2);
  }
}

TEST(DumpPtx, AnIrreducibleCycleHasNoIterationsButACount) {
  const Ran ran = run(kernel("mov.b32 %r2, 0;\nsetp.lt.s32 %p1, %r1, 16;\n@%p1 bra B;\n"
                             "A:\nadd.s32 %r2, %r2, 1;\nB:\nadd.s32 %r2, %r2, 10;\n"
                             "setp.lt.s32 %p2, %r2, 30;\n@%p2 bra A;"),
                      {"%r2#2"});
  EXPECT_EQ(ran.edit.slots[0].depth, 0u);
  EXPECT_EQ(ran.result.count(0, 0), 3u);
  EXPECT_EQ(ran.result.value<int32_t>(0, 0, 2), 32);
  EXPECT_EQ(ran.result.count(0, 20), 3u);
  EXPECT_EQ(ran.result.value<int32_t>(0, 20, 1), 22);
}

TEST(DumpPtx, ProgramsAndRows) {
  DumpLaunch launch;
  launch.grid = {2, 3, 2};
  launch.rows = {-1, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1};
  const Ran ran =
      run(kernel("mov.u32 %r2, %ctaid.x;\nmov.u32 %r3, %ctaid.z;\nmad.lo.s32 %r4, %r3, 100, %r2;"), {"%r4"}, launch);
  EXPECT_EQ(ran.result.value<int32_t>(0, 3, 0, 0, 0), 1);
  EXPECT_EQ(ran.result.value<int32_t>(0, 3, 0, 0, 1), 101);
  EXPECT_EQ(ran.result.count(0, 3, 1), 1u);
}

TEST(DumpPtx, AProgramWithoutARowTouchesNoArea) {
  // The executor raises where the count ahead of the first area is read.
  DumpLaunch launch;
  launch.grid = {3, 1, 1};
  launch.threads = 64;
  launch.capacity = 1000;
  launch.rows = {-1, 0, -1};
  const Ran ran = run(kernel(kNestedLoops), {"%r4", "%r3#0"}, launch);
  for (const uint64_t t : {0, 63}) {
    EXPECT_EQ(ran.result.count(0, t), 6u);
    EXPECT_EQ(ran.result.count(1, t), 3u);
    EXPECT_EQ(ran.result.value<int32_t>(0, t, 5), 22);
  }
}

TEST(DumpPtx, ThreadsOfAWarpLieSideBySideWhateverEachExecutes) {
  // Thread t goes around t % 4 + 1 times; a byte and a pair, so that no part is as wide as a count.
  DumpLaunch launch;
  launch.grid = {2, 1, 1};
  launch.threads = 64;
  launch.capacity = 3;
  const Ran ran = run(kernel("and.b32 %r2, %r1, 3;\nmov.b32 %r3, 0;\nLOOP:\nsetp.lt.s32 %p1, %r3, %r2;\n"
                             "mad.lo.s32 %r4, %r1, 10, %r3;\nadd.s32 %r3, %r3, 1;\n@%p1 bra LOOP;\n"),
                      {"%p1", "%r4"}, launch);
  for (uint64_t row = 0; row < 2; ++row) {
    for (uint64_t t = 0; t < 64; ++t) {
      const uint64_t times = t % 4 + 1;
      EXPECT_EQ(ran.result.count(0, t, row), times);
      EXPECT_EQ(ran.result.count(1, t, row), times);
      for (uint64_t i = 0; i < 3; ++i) {
        EXPECT_EQ(ran.result.iteration(1, t, i, 0, row), i < times ? static_cast<int64_t>(i) : 0);
        EXPECT_EQ(ran.result.value<uint8_t>(0, t, i, 0, row), i + 1 < times);
        EXPECT_EQ(ran.result.value<uint32_t>(1, t, i, 0, row), i < times ? t * 10 + i : 0);
      }
    }
  }
}

TEST(DumpPtx, TheCtasOfAClusterAreOneProgram) {
  DumpLaunch launch;
  launch.grid = {4, 1, 1};
  launch.num_ctas = 2;
  std::string text = kernel("mov.u32 %r2, %ctaid.x;\nmad.lo.s32 %r3, %r2, 100, %r1;", ".reqntid 32\n");
  const Ran ran = run(text, {"%r3"}, launch);
  EXPECT_NE(ran.edit.text.find("div.u32 %trd_x, %trd_x, 2;"), std::string::npos);
  for (uint64_t program = 0; program < 2; ++program) {
    for (uint64_t thread = 0; thread < 64; ++thread) {
      const uint64_t cta = 2 * program + thread / 32;
      EXPECT_EQ(ran.result.value<uint32_t>(0, thread, 0, 0, program), cta * 100 + thread % 32);
    }
  }
}

TEST(DumpPtx, BracesAndVectors) {
  const Ran ran = run(kernel("st.global.b32 [%rd1+64], %r1;\n"
                             "{ .reg .b32 %t; add.s32 %t, %r1, 1; { .reg .b32 %t; add.s32 %t, %r1, 2; } }\n"
                             "mad.wide.s32 %rd2, %r1, 8, %rd1;\nst.global.v2.b32 [%rd2+128], {%r1, 9};\n"
                             "ld.global.v2.b32 {%r4, %r5}, [%rd2+128];"),
                      {"%t#0", "%t#1", "%r4", "%r5"});
  for (int32_t t = 0; t < 32; ++t) {
    EXPECT_EQ(ran.result.value<int32_t>(0, t), t + 1);
    EXPECT_EQ(ran.result.value<int32_t>(1, t), t + 2);
    EXPECT_EQ(ran.result.value<int32_t>(2, t), t);
    EXPECT_EQ(ran.result.value<int32_t>(3, t), 9);
  }
}

TEST(DumpPtx, SourceLines) {
  std::string text =
      kernel(".loc 1 20 3\nmov.b32 %r2, 1;\n.loc 2 7 1, function_name $L__info, inlined_at 1 20 3\nmov.b32 %r3, 2;");
  text += ".file 1 \"/a/k.py\"\n.file 2 \"/b/lib.py\"\n";
  const std::vector<Slot> slots = list_ptx(text, "k");
  const Slot& outer = slots[named(slots, {"%r2"})[0]];
  const Slot& inner = slots[named(slots, {"%r3"})[0]];
  ASSERT_EQ(outer.sources.size(), 1u);
  EXPECT_EQ(outer.sources[0].file, "/a/k.py");
  ASSERT_EQ(inner.sources.size(), 2u);
  EXPECT_EQ(inner.sources[0].line, 7);
  EXPECT_EQ(inner.sources[1].line, 20);
}

TEST(DumpPtx, WhatIsInFlightIsTakenWhereTheWaitBringsIt) {
  const std::string text = kernel(
      "mov.b64 %rd2, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%r2, %r3, %r4, %r5}, %rd1, %rd2, 1, 1, 1, 0, 0;\n"
      "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;");
  const std::vector<Slot> slots = list_ptx(text, "k");
  const Slot& flying = slots[named(slots, {"%r2#0"})[0]];
  const Slot& brought = slots[named(slots, {"%r2#1"})[0]];
  EXPECT_NE(flying.refusal.find("in flight"), std::string::npos);
  EXPECT_EQ(brought.refusal, "");
  EXPECT_EQ(brought.op, "wgmma.wait_group.sync.aligned");
  EXPECT_EQ(brought.element, "fp32");
  Request request;
  request.params = 1;
  request.chosen = named(slots, {"%r2#1"});
  const std::string edited = dump_ptx(text, request).text;
  EXPECT_NE(edited.find("wait_group.sync.aligned 0;\n\tsetp.ge.s64 %trd_here"), std::string::npos) << edited;
  request.chosen = named(slots, {"%r2#0"});
  EXPECT_NE(
      ptx::error_of([&] { dump_ptx(text, request); }).find("UnsupportedError: kernel 'k': %r2#0 cannot be dumped"),
      std::string::npos);
}

TEST(DumpPtx, BadRequests) {
  const std::string text = kernel("mov.b32 %r2, 1;");
  Request request;
  request.params = 1;
  request.chosen = {99};
  EXPECT_NE(ptx::error_of([&] { dump_ptx(text, request); }).find("ArgumentError: the PTX of kernel 'k' has 3 values"),
            std::string::npos);
  request.chosen = {0};
  request.params = 2;
  EXPECT_NE(ptx::error_of([&] { dump_ptx(text, request); }).find("ArgumentError"), std::string::npos);
  request.params = 1;
  const std::string once = dump_ptx(text, request).text;
  EXPECT_NE(ptx::error_of([&] { dump_ptx(once, request); }).find("it is the result of a dump"), std::string::npos);
  request.kernel = "other";
  EXPECT_NE(ptx::error_of([&] { dump_ptx(text, request); }).find("no kernel 'other'"), std::string::npos);
}

}  // namespace
}  // namespace triton_runner::ir
