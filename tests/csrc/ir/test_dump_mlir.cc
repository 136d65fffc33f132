// The text of the edits; that MLIR accepts it, and what it stores, is tested in tests/python/test_dump*.py.
#include <gtest/gtest.h>

#include <algorithm>

#include "ir/protocol.h"
#include "ir/reading_mlir.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

const std::string kText =
    mlir::kernel_of("    %x = tt.load %p : !tt.ptr<f32> loc(#loc)\n    %v = arith.addf %x, %x : f32 loc(#loc)\n");

Request asking_for(std::string_view text, std::string_view name) {
  const auto slots = list_mlir(text, "k");
  const auto found = std::ranges::find(slots, name, &Slot::name);
  EXPECT_NE(found, slots.end());
  Request request;
  request.chosen = {static_cast<size_t>(found - slots.begin())};
  return request;
}

// What is left of the edited text without what was put in must be the text that was given.
void expect_only_additions(const std::string& edited, const std::string& given) {
  size_t at = 0;
  for (const char c : edited) at += at < given.size() && c == given[at];
  EXPECT_EQ(at, given.size());
}

TEST(DumpMlir, WithoutAValueTheTextIsTheSame) {
  for (const char* level : {"ttir", "ttgir"}) {
    EXPECT_EQ(dump_values(level, kText, {}).text, kText);
    EXPECT_TRUE(dump_values(level, kText, {}).slots.empty());
  }
}

TEST(DumpMlir, StoresBehindTheDefinition) {
  const Edit edit = dump_mlir(kText, asking_for(kText, "%v"));
  expect_only_additions(edit.text, kText);
  ASSERT_EQ(edit.slots.size(), 1u);
  EXPECT_EQ(edit.slots[0].name, "%v");
  EXPECT_NE(edit.text.find("%n: i32, %triton_runner_dump: !tt.ptr<i8> {tt.divisibility = 16 : i32})"),
            std::string::npos);
  const size_t value = edit.text.find("%v = arith.addf");
  EXPECT_NE(edit.text.find(", %v, ", value), std::string::npos) << edit.text;
  EXPECT_LT(edit.text.find("tt.get_program_id z"), value);
}

TEST(DumpMlir, MarksAndThenStores) {
  const Edit marked = mark_mlir(kText, asking_for(kText, "%v"));
  expect_only_additions(marked.text, kText);
  EXPECT_NE(marked.text.find("tt.print \"triton_runner.slot:0\" {hex = false, isSigned = array<i32: 0, 0>} : %v, "
                             "%dump_zero : f32, i64\n"),
            std::string::npos);
  EXPECT_EQ(marked.text.find("triton_runner_dump"), std::string::npos);
  const std::string stored = dump_marked(marked.text, "k", marked.slots);
  EXPECT_NE(stored.find("// tt.print"), std::string::npos);
  EXPECT_NE(stored.find("%triton_runner_dump: !tt.ptr<i8>"), std::string::npos);
}

TEST(DumpMlir, AMarkOfAConvertedValueStoresTheValue) {
  const std::string text = mlir::kernel_of(
      "    %y = ttg.convert_layout %x : tensor<8xf32, #a> -> tensor<8xf32, #b>\n"
      "    tt.print \"triton_runner.slot:0\" {hex = false} : %y, %n : tensor<8xf32, #b>, i64\n");
  Slot slot;
  slot.element = "fp32";
  slot.shape = {8};
  const std::string stored = dump_marked(text, "k", {slot});
  EXPECT_NE(stored.find(", %x, %dump_"), std::string::npos) << stored;
  EXPECT_NE(stored.find("tensor<8x!tt.ptr<f32>, #a>"), std::string::npos);
}

TEST(DumpMlir, MarksThatAreNotOursAreRefused) {
  const std::string text = mlir::kernel_of("    tt.print \"triton_runner.slot:3\" {hex = false} : %p, %n : f32, i64\n");
  EXPECT_THROW(dump_marked(text, "k", {}), ArtifactError);
  const std::string bare = mlir::kernel_of("    tt.print \"triton_runner.slot:0\" {hex = false} : %p : f32\n");
  EXPECT_THROW(dump_marked(bare, "k", {Slot{}}), ArtifactError);
}

TEST(DumpMlir, AnAccumulatorInFlightIsWaitedFor) {
  const std::string text = mlir::kernel_of(
      "    %d = ttng.warp_group_dot %a, %b, %c {isAsync = true} : A * B -> tensor<8xf32, #mma>\n"
      "    %w = ttng.warp_group_dot_wait %d {pendings = 0 : i32} : tensor<8xf32, #mma>\n");
  const std::string edited = dump_mlir(text, asking_for(text, "%d")).text;
  EXPECT_NE(edited.find("%d__in_flight = ttng.warp_group_dot %a"), std::string::npos);
  EXPECT_NE(edited.find("%d = ttng.warp_group_dot_wait %d__in_flight {pendings = 0 : i32} : tensor<8xf32, #mma>\n"),
            std::string::npos);
}

TEST(DumpMlir, NamesThatTheTextHasAreLeftAlone) {
  const std::string text = mlir::kernel_of("    %dump_1 = arith.addi %n, %n : i32\n");
  EXPECT_NE(dump_mlir(text, asking_for(text, "%dump_1")).text.find("%dump__1 = "), std::string::npos);
}

TEST(DumpMlir, AValueThatIsNotThere) {
  Request request;
  request.chosen = {99};
  EXPECT_THROW(dump_mlir(kText, request), ArgumentError);
  EXPECT_THROW(dump_values("cubin", kText, request), UnsupportedError);
  EXPECT_THROW(list_values("cubin", kText, ""), UnsupportedError);
}

TEST(Protocol, SizesOfRecords) {
  Slot slot;
  slot.element = "bf16";
  slot.shape = {3, 4};
  EXPECT_EQ(record_bytes(slot), 32u);
  slot.depth = 3;
  EXPECT_EQ(header_bytes(slot), 32u);
  EXPECT_EQ(record_bytes(slot), 64u);
  EXPECT_EQ(count_bytes(slot), 16u);
  slot.shape = {5, 13};  // 130 bytes: two lines of memory
  EXPECT_EQ(count_bytes(slot), 128u);
  EXPECT_EQ(header_bytes(slot), 128u);
  EXPECT_EQ(record_bytes(slot), 384u);
  slot.per_thread = true;
  EXPECT_EQ(count_bytes(slot), 8u);
  EXPECT_EQ(record_bytes(slot), 24u + 130u);
  EXPECT_EQ(element_bytes("ptr"), 8u);
  EXPECT_EQ(element_bytes("i1"), 1u);
  EXPECT_EQ(element_bytes("nothing"), 0u);
}

}  // namespace
}  // namespace triton_runner::ir
