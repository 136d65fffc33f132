#include "ptx/scope.h"

#include <gtest/gtest.h>

namespace triton_runner::ptx {
namespace {

Symbol reg(uint32_t index) { return {Symbol::Kind::Register, SymbolKind::Variable, index}; }

TEST(Scope, FamiliesOfRegisters) {
  ScopeStack scopes;
  scopes.open();
  EXPECT_TRUE(scopes.declare_family("%r", {10, 5}));
  EXPECT_FALSE(scopes.declare_family("%r", {20, 5}));
  EXPECT_EQ(scopes.find("%r0")->index, 10u);
  EXPECT_EQ(scopes.find("%r4")->index, 14u);
  EXPECT_FALSE(scopes.find("%r5"));
  EXPECT_FALSE(scopes.find("%r"));
  EXPECT_FALSE(scopes.find("%r04")) << "another spelling is another name";
  EXPECT_FALSE(scopes.find("%r99999999999"));
}

TEST(Scope, InnerNamesHideOuterOnes) {
  ScopeStack scopes;
  scopes.open();
  EXPECT_TRUE(scopes.declare("t", reg(1)));
  EXPECT_FALSE(scopes.declare("t", reg(2)));
  scopes.open();
  EXPECT_EQ(scopes.find("t")->index, 1u);
  EXPECT_TRUE(scopes.declare("t", reg(3)));
  EXPECT_EQ(scopes.find("t")->index, 3u);
  EXPECT_TRUE(scopes.close([](const LabelUse&, uint32_t) {}).empty());
  EXPECT_EQ(scopes.find("t")->index, 1u);
}

TEST(Scope, LabelsBelongToTheirScopeAndMayComeLater) {
  ScopeStack scopes;
  std::vector<std::pair<uint32_t, uint32_t>> resolved;
  auto note = [&](const LabelUse& use, uint32_t label) { resolved.emplace_back(use.instruction, label); };
  scopes.open();
  EXPECT_TRUE(scopes.declare_label("loop", 0));
  scopes.open();
  scopes.use_label({"loop", 1, 100, kNone, 0});
  scopes.use_label({"done", 1, 101, kNone, 0});
  scopes.use_label({"nowhere", 7, 102, kNone, 0});
  EXPECT_TRUE(scopes.declare_label("loop", 1));
  scopes.close(note);
  EXPECT_TRUE(scopes.declare_label("done", 2));
  EXPECT_FALSE(scopes.declare_label("done", 3));
  const auto left = scopes.close(note);
  EXPECT_EQ(resolved, (std::vector<std::pair<uint32_t, uint32_t>>{{100, 1}, {101, 2}}));
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].name, "nowhere");
  EXPECT_EQ(left[0].line, 7u);
}

}  // namespace
}  // namespace triton_runner::ptx
