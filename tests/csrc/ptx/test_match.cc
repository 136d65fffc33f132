#include "ptx/match.h"

#include <gtest/gtest.h>

#include "reading.h"

namespace triton_runner::ptx {
namespace {

std::string mnemonic_error(const char* text) {
  return error_of([&] { resolve_mnemonic(text); });
}

TEST(Match, TheLongestOpcodeWins) {
  EXPECT_EQ(resolve_mnemonic("cp.async.ca.shared.global").opcode, Opcode::CpAsync);
  EXPECT_EQ(resolve_mnemonic("cp.async.wait_all").opcode, Opcode::CpAsyncWaitAll);
  EXPECT_EQ(resolve_mnemonic("cp.async.bulk.global.shared::cta.bulk_group").opcode, Opcode::CpAsyncBulk);
  EXPECT_EQ(resolve_mnemonic("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group").opcode,
            Opcode::CpAsyncBulkTensor);
  EXPECT_EQ(resolve_mnemonic("cp.reduce.async.bulk.tensor.1d.global.shared::cta.add.bulk_group").opcode,
            Opcode::CpReduceAsyncBulkTensor);
  EXPECT_EQ(resolve_mnemonic("fence.proxy.async").opcode, Opcode::FenceProxy);
  EXPECT_EQ(resolve_mnemonic("fence.acq_rel.gpu").opcode, Opcode::Fence);
}

TEST(Match, SuffixesKeepTheirOrderAndTypesFindTheirPlaces) {
  const Mnemonic mnemonic = resolve_mnemonic("cvt.rn.f16x2.f32");
  EXPECT_EQ(mnemonic.suffixes, (std::vector<Suffix>{Mod::Rn, Type::F16x2, Type::F32}));
  const Mnemonic mma = resolve_mnemonic("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
  EXPECT_EQ(mma.shape, (Shape{16, 8, 16}));
}

TEST(Match, ModifiersComeInAnyOrder) {
  EXPECT_EQ(mnemonic_error("atom.global.gpu.acq_rel.add.f32"), "accepted");
  EXPECT_EQ(mnemonic_error("atom.acq_rel.gpu.global.add.f32"), "accepted");
  EXPECT_EQ(mnemonic_error("cp.async.bulk.tensor.2d.tile::scatter4.global.shared::cta.bulk_group"), "accepted");
}

TEST(Match, ShapesOfWarpGroups) {
  EXPECT_EQ(mnemonic_error("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16"), "accepted");
  EXPECT_EQ(mnemonic_error("wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16"), "accepted");
  for (const char* shape : {"m64n264k16", "m64n12k16", "m32n64k16", "m64n64k64"}) {
    const std::string text = concat("wgmma.mma_async.sync.aligned.", shape, ".f32.f16.f16");
    EXPECT_TRUE(mnemonic_error(text.c_str()).starts_with("UnsupportedError")) << text;
  }
}

TEST(Match, WhatIsNotInTheTableIsNamed) {
  EXPECT_EQ(mnemonic_error("tex.2d.v4.f32.f32"),
            "UnsupportedError: unknown opcode 'tex.2d.v4.f32.f32'; expected one of those in docs/ptx-coverage.md");
  EXPECT_EQ(mnemonic_error("exit.now"),
            "UnsupportedError: unknown modifier '.now' in 'exit.now'; expected after exit: no modifier");
  EXPECT_EQ(
      mnemonic_error("activemask.b64"),
      "UnsupportedError: the modifiers of 'activemask.b64' are no combination that this reader knows; expected after "
      "activemask: .b32");
  EXPECT_TRUE(mnemonic_error("fma.f32").starts_with("UnsupportedError")) << "rounding is required";
  EXPECT_TRUE(mnemonic_error("add.sat.sat.s32").starts_with("UnsupportedError")) << "a word twice";
  EXPECT_TRUE(mnemonic_error("mma.sync.aligned.mMnNkK.row.col.f32.f16.f16.f32").starts_with("UnsupportedError"));
  EXPECT_TRUE(mnemonic_error("add..s32").starts_with("UnsupportedError"));
}

TEST(Match, OperandsOfAVectorHaveItsWidth) {
  EXPECT_EQ(statement_error("ld.global.v2.b32 {%r0, %r1}, [%rd0];"), "accepted");
  EXPECT_EQ(statement_error("ld.global.b32 {%r0}, [%rd0];"), "accepted") << "as Triton writes it";
  EXPECT_EQ(statement_error("ld.global.v2.b32 {%r0, %r1, %r2}, [%rd0];"),
            "UnsupportedError: PTX line 10, 'ld.global.v2.b32 {%r0, %r1, %r2}, [%rd0];': ld takes D, [r], a?; found 2 "
            "operands "
            "({vector}, [address]); docs/ptx-coverage.md explains the letters");
}

TEST(Match, OptionalOperandsInTheMiddle) {
  const char* mma = "tcgen05.mma.cta_group::1.kind::f16 [%r0], %rd0, %rd1, %r1, ";
  EXPECT_EQ(statement_error(concat(mma, "%p0;")), "accepted");
  EXPECT_EQ(statement_error(concat(mma, "{%r0, %r1, %r2, %r3}, %p0;")), "accepted");
  EXPECT_EQ(statement_error(concat(mma, "{%r0, %r1, %r2, %r3}, %p0, 5;")), "accepted");
  EXPECT_TRUE(statement_error(concat(mma, "{%r0, %r1, %r2, %r3};")).starts_with("UnsupportedError"));
}

TEST(Match, TheFormIsTheRowThatFits) {
  const Instruction load = parse_instruction(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r0], [%rd0, {%r1, %r2}], [%r3];");
  const Instruction store =
      parse_instruction("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd0, {%r1, %r2}], [%r3];");
  EXPECT_EQ(load.form, forms_of(Opcode::CpAsyncBulkTensor).first);
  EXPECT_EQ(store.form, load.form + 1);
  EXPECT_EQ(operand_rules(store)[0].role, Role::TensorAddress);
  EXPECT_TRUE(operand_rules(store)[0].writes);
}

}  // namespace
}  // namespace triton_runner::ptx
