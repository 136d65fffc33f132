#include "runtime/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/error.h"

namespace triton_runner {
namespace {

std::string message_of(std::string_view text) {
  try {
    Json::parse(text);
  } catch (const MetadataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Json, KeepsOrderTypesAndEveryBitOfAnInteger) {
  const std::string text = R"({"b":[1,-9223372036854775808,true,null],"a":{"x":1.5,"y":"z"}})";
  EXPECT_EQ(Json::parse(text).dump(), text);
}

TEST(Json, ReadsWhatPythonWritesForNonFiniteNumbers) {
  const Json value = Json::parse("[NaN, Infinity, -Infinity]");
  const auto& items = *value.get<Json::Array>();
  EXPECT_TRUE(std::isnan(*items[0].get<double>()));
  EXPECT_EQ(*items[2].get<double>(), -HUGE_VAL);
  EXPECT_EQ(value.dump(), "[NaN,Infinity,-Infinity]");
}

TEST(Json, ReadsEscapesAndSurrogatePairs) {
  EXPECT_EQ(*Json::parse(R"("a\n\"\u00e9\ud83d\ude00")").get<std::string>(), "a\n\"\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(Json(std::string("\x01\"")).dump(), "\"\\u0001\\\"\"");
}

TEST(Json, AWholeDoubleStaysADouble) { EXPECT_EQ(Json::parse(Json(2.0).dump()).get<double>() != nullptr, true); }

TEST(Json, AnIntegerTooWideForInt64IsANumber) { EXPECT_NE(Json::parse("18446744073709551616").get<double>(), nullptr); }

TEST(Json, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(message_of("{\n \"a\": }"), "malformed JSON at line 2, column 7: found '}', expected a value");
  EXPECT_EQ(message_of("[1 2]"), "malformed JSON at line 1, column 4: found '2', expected ',' or ']'");
  EXPECT_EQ(message_of("{\"a\":1,\"a\":2}"),
            "malformed JSON at line 1, column 11: found ':', expected each key once, but 'a' is there twice");
  EXPECT_EQ(message_of("[1"), "malformed JSON at line 1, column 3: found the end of the text, expected ',' or ']'");
}

class JsonRejects : public testing::TestWithParam<const char*> {};

TEST_P(JsonRejects, MalformedText) { EXPECT_NE(message_of(GetParam()), "accepted"); }

INSTANTIATE_TEST_SUITE_P(Texts, JsonRejects,
                         testing::Values("", "01", "1.", ".5", "+1", "1e", "tru", "nan", "\"a", "\"\\x\"",
                                         "\"\\ud800\"", "\"\\u12\"", "{1:2}", "{\"a\" 1}", "[1,]", "{\"a\":1,}", "1 2",
                                         "\"\n\"", "1e999"));

TEST(Json, RefusesNestingThatWouldExhaustTheStack) { EXPECT_NE(message_of(std::string(100000, '[')), "accepted"); }

}  // namespace
}  // namespace triton_runner
