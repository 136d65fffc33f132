#include <gtest/gtest.h>

#include "ptx/opcodes.h"
#include "reading.h"

namespace triton_runner::ptx {
namespace {

TEST(CoveragePage, TheCommittedPageIsUpToDate) {
  EXPECT_EQ(read_text("docs/ptx-coverage.md"), coverage_page()) << "run `make docs` and commit docs/ptx-coverage.md";
}

}  // namespace
}  // namespace triton_runner::ptx
