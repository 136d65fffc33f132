#include "runtime/error.h"

#include <gtest/gtest.h>

namespace triton_runner {
namespace {

TEST(Error, KindIsThePythonClass) {
  try {
    raise<MetadataError>("field '", "shared", "' is ", 3);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_STREQ(error.kind(), "MetadataError");
    EXPECT_STREQ(error.what(), "field 'shared' is 3");
  }
}

TEST(Error, ChecksThrowTheirKindOnlyWhereFalse) {
  EXPECT_NO_THROW(TR_CHECK(true, ArgumentError, "never"));
  EXPECT_THROW(TR_CHECK(false, ArgumentError, "always"), ArgumentError);
  EXPECT_THROW(TR_ASSERT(1 == 2), InternalError);
}

}  // namespace
}  // namespace triton_runner
