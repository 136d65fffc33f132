#include "ir/mlir_locations.h"

#include "ir/reading_mlir.h"

namespace triton_runner::ir::mlir {
namespace {

const std::string kLocations =
    "module {\n}\n#loc = loc(\"k.py\":5:0)\n#loc1 = loc(unknown)\n#loc2 = loc(\"lib.py\":129:31)\n"
    "#loc3 = loc(\"acc\"(#loc))\n#loc4 = loc(callsite(#loc2 at #loc3))\n#loc5 = loc(fused[#loc3, #loc2])\n"
    "#loc6 = loc(#loc6)\n#loc7 = loc(\"x\\\"y\"(#loc2))\n";

TEST(MlirLocations, FollowsAliasesNamesAndCalls) {
  const ReadMlir read(kLocations);
  const Locations locations(*read.module);
  const Origin call = locations.resolve("#loc4");
  EXPECT_EQ(call.variable, "acc");
  ASSERT_EQ(call.sources.size(), 2u);
  EXPECT_EQ(call.sources[0].file, "lib.py");
  EXPECT_EQ(call.sources[0].line, 129);
  EXPECT_EQ(call.sources[1].file, "k.py");
  EXPECT_EQ(call.sources[1].line, 5);
  EXPECT_EQ(locations.resolve("#loc5").variable, "acc");
  EXPECT_EQ(locations.resolve("\"q\"(#loc2)").variable, "q");
  EXPECT_EQ(locations.resolve("#loc7").variable, "x\"y");
}

TEST(MlirLocations, WhatIsUnknownIsEmpty) {
  const ReadMlir read(kLocations);
  const Locations locations(*read.module);
  for (const std::string_view text : {"#loc1", "#loc6", "#loc99", "", "callsite(", "\"", "fused"}) {
    EXPECT_TRUE(locations.resolve(text).sources.empty()) << text;
  }
}

}  // namespace
}  // namespace triton_runner::ir::mlir
