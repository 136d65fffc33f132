#include "ptx/operand.h"

#include <gtest/gtest.h>

#include "reading.h"

namespace triton_runner::ptx {
namespace {

TEST(Operand, Immediates) {
  const Instruction integers = parse_instruction("add.s64 %rd0, -9223371899415822336, 0x10;");
  EXPECT_EQ(integers.operands[1].kind, OperandKind::Integer);
  EXPECT_EQ(integers.operands[1].offset(), -9223371899415822336);
  EXPECT_EQ(integers.operands[2].bits, 16u);
  const Instruction floats = parse_instruction("fma.rn.f32 %r0, 0f3F800000, -0f3F800000, 1.5;");
  EXPECT_EQ(floats.operands[1].kind, OperandKind::Float);
  EXPECT_EQ(floats.operands[1].float_type, Type::F32);
  EXPECT_EQ(floats.operands[2].bits, 0xBF800000u);
  EXPECT_EQ(floats.operands[3].float_type, Type::F64);
  EXPECT_EQ(floats.operands[3].bits, 0x3FF8000000000000u);
}

TEST(Operand, SpecialRegisters) {
  EXPECT_EQ(parse_instruction("mov.u32 %r0, %tid.x;").operands[1].special, Special::TidX);
  EXPECT_EQ(parse_instruction("mov.u32 %r0, %cluster_ctarank;").operands[1].special, Special::ClusterCtarank);
  EXPECT_EQ(parse_instruction("mov.u32 %r0, WARP_SZ;").operands[1].special, Special::WARP_SZ);
  EXPECT_EQ(
      statement_error("mov.u32 %r0, %tid.q;"),
      "ArtifactError: PTX line 10, 'mov.u32 %r0, %tid.q;': '%tid.q' is neither declared before this line nor a special "
      "register that we know");
}

TEST(Operand, Addresses) {
  const Instruction load = parse_instruction("ld.global.b32 %r0, [ %rd1 + 16 ];");
  const Operand& address = load.operands[1];
  EXPECT_EQ(address.kind, OperandKind::Address);
  EXPECT_EQ(address.base, AddressBase::Register);
  EXPECT_EQ(address.offset(), 16);
  EXPECT_EQ(parse_instruction("ld.global.b32 %r0, [%rd1+-16];").operands[1].offset(), -16);
  EXPECT_EQ(parse_instruction("ld.global.b32 %r0, [%rd1-16];").operands[1].offset(), -16);
  EXPECT_EQ(parse_instruction("ld.global.b32 %r0, [256];").operands[1].base, AddressBase::Absolute);
  const Operand param = parse_instruction("ld.param.b64 %rd0, [b+4];").operands[1];
  EXPECT_EQ(param.base, AddressBase::Symbol);
  EXPECT_EQ(param.symbol, SymbolKind::Parameter);
  EXPECT_EQ(param.index, 1u);
  const Operand shared = parse_instruction("ld.shared.b32 %r0, [buffer];").operands[1];
  EXPECT_EQ(shared.symbol, SymbolKind::Local);
}

TEST(Operand, TensorCoordinates) {
  const Instruction load = parse_instruction(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r0], [%rd0, {%r1, 7}], [%r2];");
  ASSERT_EQ(load.operands[1].elements.size(), 2u);
  EXPECT_EQ(load.operands[1].elements[1].bits, 7u);
  EXPECT_TRUE(load.operands[0].elements.empty());
}

TEST(Operand, VectorsPairsAndDiscards) {
  const Instruction unpack = parse_instruction("mov.b64 {%r1, _}, %rd0;");
  EXPECT_EQ(unpack.operands[0].kind, OperandKind::Vector);
  EXPECT_EQ(unpack.operands[0].elements[1].kind, OperandKind::Discard);
  const Instruction shuffle = parse_instruction("shfl.sync.bfly.b32 %r0|%p1, %r1, 16, 31, -1;");
  EXPECT_EQ(shuffle.operands[0].kind, OperandKind::Pair);
  const Instruction elect = parse_instruction("elect.sync _|%p0, -1;");
  EXPECT_EQ(elect.operands[0].elements[0].kind, OperandKind::Discard);
  EXPECT_TRUE(parse_instruction("selp.b32 %r0, 1, 2, !%p3;").operands[3].negated);
}

TEST(Operand, SymbolsAreAddresses) {
  const Instruction move = parse_instruction("mov.u64 %rd0, buffer+8;");
  EXPECT_EQ(move.operands[1].kind, OperandKind::Symbol);
  EXPECT_EQ(move.operands[1].offset(), 8);
}

TEST(Operand, MistakesAreNamed) {
  EXPECT_EQ(statement_error("ld.global.b32 %r0, [nothing];"),
            "ArtifactError: PTX line 10, 'ld.global.b32 %r0, [nothing];': 'nothing' is no register, variable or "
            "parameter declared "
            "before this line");
  EXPECT_NE(statement_error("ld.global.b32 %r0, [%p0];").find("'%p0' is a predicate; expected an address"),
            std::string::npos);
  EXPECT_NE(statement_error("add.s32 %r0, !3, 4;").find("ArtifactError"), std::string::npos);
  EXPECT_NE(statement_error("add.s32 %r64, 3, 4;").find("'%r64' is neither declared"), std::string::npos);
  EXPECT_NE(statement_error("mov.b64 {}, %rd0;").find("ArtifactError"), std::string::npos);
  EXPECT_NE(statement_error("mov.b64 {{%r0}, %r1}, %rd0;").find("ArtifactError"), std::string::npos);
}

}  // namespace
}  // namespace triton_runner::ptx
