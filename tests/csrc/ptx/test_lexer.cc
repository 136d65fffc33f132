#include "ptx/lexer.h"

#include <gtest/gtest.h>

#include "reading.h"

namespace triton_runner::ptx {
namespace {

std::vector<Token> tokens_of(std::string_view text) {
  Lexer lexer(text);
  std::vector<Token> tokens;
  do {
    tokens.push_back(lexer.next());
  } while (tokens.back().kind != TokenKind::End);
  return tokens;
}

std::string lexer_error(const std::string& text) {
  return error_of([&] { tokens_of(text); });
}

TEST(Lexer, WordsAndPunctuators) {
  const auto tokens = tokens_of("@%p1 st.shared::cta.b32 [%r1+4], _;");
  const std::vector<std::string_view> expected = {"@", "%p1", "st", "shared::cta", "b32", "[", "%r1",
                                                  "+", "4",   "]",  ",",           "_",   ";", ""};
  ASSERT_EQ(tokens.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(tokens[i].text, expected[i]);
  EXPECT_EQ(tokens[3].kind, TokenKind::DotWord);
  EXPECT_TRUE(tokens[3].touches);
  EXPECT_FALSE(tokens[5].touches);
}

TEST(Lexer, DotWordsMayStartWithADigit) {
  const auto tokens = tokens_of(".16x64b .1d .scale_vec::1X");
  EXPECT_EQ(tokens[0].text, "16x64b");
  EXPECT_EQ(tokens[1].text, "1d");
  EXPECT_EQ(tokens[2].text, "scale_vec::1X");
}

TEST(Lexer, Integers) {
  EXPECT_EQ(tokens_of("0x1F")[0].bits, 31u);
  EXPECT_EQ(tokens_of("0b101")[0].bits, 5u);
  EXPECT_EQ(tokens_of("017")[0].bits, 15u);
  EXPECT_EQ(tokens_of("42U")[0].bits, 42u);
  EXPECT_EQ(tokens_of("18446744073709551615")[0].bits, UINT64_MAX);
  EXPECT_EQ(lexer_error("18446744073709551616"),
            "ArtifactError: PTX line 1, '18446744073709551616': the integer does not fit into 64 bits");
  for (const char* bad : {"0x", "0xZ", "12abc", "089", "1e", "1.5x"}) {
    EXPECT_TRUE(lexer_error(bad).starts_with("ArtifactError")) << bad;
  }
}

TEST(Lexer, FloatsKeepTheirBits) {
  EXPECT_EQ(tokens_of("0f3F800000")[0].kind, TokenKind::Float32);
  EXPECT_EQ(tokens_of("0f3F800000")[0].bits, 0x3F800000u);
  EXPECT_EQ(tokens_of("0dBFF0000000000000")[0].bits, 0xBFF0000000000000u);
  EXPECT_EQ(tokens_of("1.5")[0].bits, 0x3FF8000000000000u);
  EXPECT_EQ(tokens_of("1e3")[0].kind, TokenKind::Float64);
  EXPECT_EQ(lexer_error("0f3F8"), "ArtifactError: PTX line 1, '0f3F8': expected 8 hexadecimal digits after 0f");
  EXPECT_TRUE(lexer_error("0d3FF00000000000000").starts_with("ArtifactError"));
}

TEST(Lexer, CommentsAreDroppedAndLinesCounted) {
  const auto tokens = tokens_of("a // x ; y\n/* b\n c */ d\r\ne");
  EXPECT_EQ(tokens[1].text, "d");
  EXPECT_EQ(tokens[1].line, 3u);
  EXPECT_EQ(tokens[2].line, 4u);
  EXPECT_EQ(lexer_error("a /* b"), "ArtifactError: PTX line 1, 'a /* b': the comment has no end; expected */");
}

TEST(Lexer, StringsStayOnOneLine) {
  EXPECT_EQ(tokens_of("\"a b\"")[0].text, "a b");
  EXPECT_TRUE(lexer_error("\"a\nb\"").starts_with("ArtifactError"));
}

TEST(Lexer, WhatIsNoTextIsNamed) {
  EXPECT_EQ(lexer_error("\x7f"
                        "ELF"),
            "ArtifactError: PTX line 1, '?ELF': unexpected character 0x7f; is this PTX text?");
  EXPECT_TRUE(lexer_error(std::string("a\0b", 3)).find("0x00") != std::string::npos);
}

TEST(Lexer, LongLinesAreCutInMessages) {
  const std::string error = lexer_error(std::string(1000, 'a') + " #");
  EXPECT_LT(error.size(), 300u);
  EXPECT_NE(error.find("..."), std::string::npos);
}

TEST(Lexer, SectionsAreTakenVerbatim) {
  Lexer lexer("{ .b8 1 // a } in a comment\n}");
  EXPECT_TRUE(lexer.next().is('{'));
  EXPECT_EQ(lexer.raw_until_brace(), " .b8 1 // a } in a comment\n");
  EXPECT_TRUE(lexer.next().is('}'));
}

}  // namespace
}  // namespace triton_runner::ptx
