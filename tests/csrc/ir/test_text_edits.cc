#include "ir/text_edits.h"

#include <gtest/gtest.h>

namespace triton_runner::ir {
namespace {

TEST(TextEdits, InsertsInTheOrderOfTheTextThenOfTheCalls) {
  TextEdits edits;
  edits.insert(3, "[3]");
  edits.insert(0, "[0a]");
  edits.insert(6, "[end]");
  edits.insert(0, "[0b]");
  EXPECT_EQ(edits.apply("abcdef"), "[0a][0b]abc[3]def[end]");
}

TEST(TextEdits, NothingChangesNothing) { EXPECT_EQ(TextEdits().apply("abc"), "abc"); }

TEST(TextEdits, APlaceBehindTheTextIsAFaultOfOurs) {
  TextEdits edits;
  edits.insert(4, "x");
  EXPECT_THROW(edits.apply("abc"), InternalError);
}

}  // namespace
}  // namespace triton_runner::ir
