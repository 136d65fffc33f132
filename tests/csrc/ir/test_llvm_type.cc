#include "ir/llvm_type.h"

#include <gtest/gtest.h>

#include "ir/llvm_lexer.h"
#include "ir/llvm_type_reader.h"

namespace triton_runner::ir {
namespace {

using Kind = LlvmType::Kind;

LlvmType read(const std::string& text) {
  LlvmLexer lexer(text);
  std::vector<LlvmToken> tokens;
  for (LlvmToken token = lexer.next(); token.kind != LlvmTokenKind::End; token = lexer.next()) tokens.push_back(token);
  return LlvmTokens(tokens).read_type();
}

TEST(LlvmType, ReadsBackAsItIsSpelled) {
  for (const std::string text :
       {"i1", "i64", "half", "bfloat", "float", "double", "void", "ptr", "ptr addrspace(3)", "<2 x half>", "[4 x i8]",
        "{ i32, i1 }", "{ <2 x half>, [2 x { float, ptr addrspace(3) }] }", "<{ i8, i32 }>", "{}"}) {
    EXPECT_EQ(read(text).text, text);
  }
}

TEST(LlvmType, Parts) {
  EXPECT_EQ(read("i33").bits, 33u);
  EXPECT_EQ(read("ptr addrspace(1)").address_space, 1u);
  const LlvmType vector = read("<16 x float>");
  EXPECT_EQ(vector.kind, Kind::Vector);
  EXPECT_EQ(vector.count, 16u);
  EXPECT_EQ(vector.elements[0].text, "float");
  EXPECT_EQ(read("{ i8, i16 }").elements[1].bits, 16u);
}

TEST(LlvmType, WhatNoRegisterHoldsIsOther) {
  for (const std::string text :
       {"%struct", "label", "fp128", "<vscale x 4 x i32>", "[0 x i8]", "<4 x i32", "i", "ix"}) {
    EXPECT_EQ(read(text).kind, Kind::Other) << text;
  }
}

TEST(LlvmType, DeepNestingEnds) { EXPECT_NO_THROW(read(std::string(100000, '{'))); }

}  // namespace
}  // namespace triton_runner::ir
