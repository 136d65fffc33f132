// What a program keeps of its module.
#include "executor/builder.h"

#include "executor/snippet.h"
#include "ptx/parser.h"
#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

std::shared_ptr<const Program> build(const Snippet& snippet) {
  return build_program(ptx::parse(snippet.text()), "snippet");
}

TEST(Builder, TheEntryMustExist) {
  EXPECT_THROW(build_program(ptx::parse(Snippet("ret;").text()), "other"), ArtifactError);
}

TEST(Builder, EqualConstantsShareAColumn) {
  const auto one = build(Snippet("add.u32 %r5, %r5, 77; ret;"));
  const auto two = build(Snippet("add.u32 %r5, %r5, 77; add.s32 %r6, %r6, 77; ret;"));
  EXPECT_EQ(one->registers.image.size(), two->registers.image.size());
}

TEST(Builder, MemoryIsLaidOut) {
  const auto program =
      build(Snippet(".shared .align 16 .b8 a[20]; .local .align 8 .b8 b[24]; ret;").directives(".reqntid 64, 2"));
  EXPECT_EQ(program->static_shared_bytes, 32u);
  EXPECT_EQ(program->local_bytes, 32u);
  EXPECT_EQ(program->param_bytes, 8u);
  EXPECT_EQ(program->required_block, (ptx::Extent{64, 2, 1}));
}

TEST(Builder, WhatNoGpuHasIsRefused) {
  EXPECT_THROW(build(Snippet(".shared .b8 a[300000]; ret;")), ResourceError);
  EXPECT_THROW(build(Snippet(".local .b8 a[600000]; ret;")), ResourceError);
  EXPECT_THROW(build(Snippet(".reg .b128 %many<200000>; ret;")), ResourceError);
  EXPECT_THROW(build(Snippet("ret;").module(".global .b8 huge[2000000000];")), ResourceError);
}

TEST(Builder, EveryInstructionKnowsItsStatement) {
  const auto program = build(Snippet("add.u32 %r5, %r6, %r7; ret;"));
  ASSERT_EQ(program->statements.size(), program->code.size());
  const Statement& statement = program->statements[program->code.size() - 3];
  EXPECT_TRUE(contains(statement.text, {"add.u32 %r5, %r6, %r7"}));
  EXPECT_GT(statement.line, 0u);
}

TEST(Builder, InlinedSourcesAreNamedFromTheInside) {
  const auto program = build(Snippet(R"(
    .loc 1 30 2
    .loc 2 7 1, function_name INNER, inlined_at 1 30 2
    add.u32 %r5, %r6, %r7;
    ret;)")
                                 .module(".file 1 \"kernel.py\"\n.file 2 \"lib.py\"\n"));
  EXPECT_EQ(program->statements[program->code.size() - 3].source, "lib.py:7, inlined at kernel.py:30");
}

}  // namespace
}  // namespace triton_runner::executor
