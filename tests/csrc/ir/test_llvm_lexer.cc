#include "ir/llvm_lexer.h"

#include <gtest/gtest.h>

#include "ptx/reading.h"

namespace triton_runner::ir {
namespace {

using Kind = LlvmTokenKind;

std::vector<std::pair<Kind, std::string>> tokens_of(const std::string& text) {
  LlvmLexer lexer(text);
  std::vector<std::pair<Kind, std::string>> found;
  for (LlvmToken token = lexer.next(); token.kind != Kind::End; token = lexer.next()) {
    found.emplace_back(token.kind, token.text);
  }
  return found;
}

TEST(LlvmLexer, EveryKind) {
  using Tokens = std::vector<std::pair<Kind, std::string>>;
  EXPECT_EQ(tokens_of("%12 = call <2 x half> @f(i32 -3), !dbg !7 ; a comment, \"not a string"),
            (Tokens{{Kind::Local, "%12"},
                    {Kind::Punctuator, "="},
                    {Kind::Word, "call"},
                    {Kind::Punctuator, "<"},
                    {Kind::Word, "2"},
                    {Kind::Word, "x"},
                    {Kind::Word, "half"},
                    {Kind::Punctuator, ">"},
                    {Kind::Global, "@f"},
                    {Kind::Punctuator, "("},
                    {Kind::Word, "i32"},
                    {Kind::Word, "-3"},
                    {Kind::Punctuator, ")"},
                    {Kind::Punctuator, ","},
                    {Kind::Metadata, "!dbg"},
                    {Kind::Metadata, "!7"}}));
  EXPECT_EQ(tokens_of(R"(%"a b" @"c" c"x\00" #3 !{!"n"})"), (Tokens{{Kind::Local, R"(%"a b")"},
                                                                    {Kind::Global, R"(@"c")"},
                                                                    {Kind::String, R"(c"x\00")"},
                                                                    {Kind::Attributes, "#3"},
                                                                    {Kind::Punctuator, "!"},
                                                                    {Kind::Punctuator, "{"},
                                                                    {Kind::Metadata, R"(!"n")"},
                                                                    {Kind::Punctuator, "}"}}));
}

TEST(LlvmLexer, ALabelKeepsItsColonAtTheStartOfALineOnly) {
  EXPECT_EQ(tokens_of("34:\n.lr.ph:\n\"x y\":\n!0 = !DIFile(line: 3)")[2].second, "\"x y\":");
  EXPECT_EQ(tokens_of("34:")[0].second, "34:");
  EXPECT_EQ(tokens_of("f(line: 3)")[2].second, "line");
}

TEST(LlvmLexer, LinesAreCounted) {
  LlvmLexer lexer("a\n\n  b c");
  EXPECT_TRUE(lexer.next().starts_line);
  const LlvmToken b = lexer.next();
  EXPECT_EQ(b.line, 3u);
  EXPECT_TRUE(b.starts_line);
  EXPECT_FALSE(lexer.next().starts_line);
}

TEST(LlvmLexer, AStringWithoutAnEnd) {
  EXPECT_EQ(ptx::error_of([] { tokens_of("a\n  call asm \"x"); }),
            "ArtifactError: LLVM IR line 2, 'call asm \"x': the string has no end: is the file cut off?");
}

}  // namespace
}  // namespace triton_runner::ir
