#include "runtime/layout.h"

#include <gtest/gtest.h>

#include "runtime/error.h"
#include "runtime/sidecar.h"

namespace triton_runner {
namespace {

KernelSpec spec_of(const std::vector<std::string>& types, const char* version = "3.6.0") {
  KernelSpec spec;
  spec.name = "f";
  spec.target.arch = "90";
  spec.triton_version = version;
  for (size_t i = 0; i < types.size(); ++i) spec.params.push_back(param_from_signature(concat("p", i), types[i]));
  return spec;
}

std::vector<std::pair<uint32_t, uint32_t>> places(const Layout& layout) {
  std::vector<std::pair<uint32_t, uint32_t>> out;
  for (const Field& field : layout.fields) out.emplace_back(field.offset, field.size);
  return out;
}

using Places = std::vector<std::pair<uint32_t, uint32_t>>;

TEST(Layout, NaturalAlignmentInOrder) {
  const Layout layout = make_layout(spec_of({"i8", "*fp32", "i16", "i1", "fp64", "fp16", "i32"}));
  EXPECT_EQ(places(layout), (Places{{0, 1}, {8, 8}, {16, 2}, {18, 1}, {24, 8}, {32, 2}, {36, 4}}));
  EXPECT_EQ(layout.bytes, 40u);
  EXPECT_EQ(layout.ints, 4u);
  EXPECT_EQ(layout.floats, 2u);
}

TEST(Layout, ConstantsTakeNothing) {
  const Layout layout = make_layout(spec_of({"constexpr", "i32:1", "i32"}));
  EXPECT_EQ(places(layout), (Places{{0, 4}}));
  EXPECT_EQ(layout.fields[0].param, 2u);
}

TEST(Layout, ReadPointersAreInputsAndAllOthersOutputs) {
  KernelSpec spec = spec_of({"*fp32", "*fp32", "*fp32"});
  spec.params[0].access = Access::Read;
  spec.params[1].access = Access::Write;
  const Layout layout = make_layout(spec);
  EXPECT_EQ(layout.inputs, 1u);
  EXPECT_EQ(layout.outputs, 2u);
  EXPECT_FALSE(layout.fields[0].output);
  EXPECT_EQ(layout.fields[2].source, 1u);
}

TEST(Layout, ScratchSlotsComeLast) {
  KernelSpec spec = spec_of({"i32"});
  spec.global_scratch.present = true;
  spec.profile_scratch.present = true;
  const Layout layout = make_layout(spec);
  EXPECT_EQ(places(layout), (Places{{0, 4}, {8, 8}, {16, 8}}));
  EXPECT_EQ(layout.fields[1].kind, FieldKind::GlobalScratch);
  EXPECT_EQ(layout.fields[2].kind, FieldKind::ProfileScratch);
}

TEST(Layout, DescriptorWithAMap) {
  KernelSpec spec = spec_of({"i32", "tensordesc<fp16[64,32]>"});
  spec.params[1].tensor_map = TensorMapMeta{3, 2, 6, {64, 32}, false};
  const Layout layout = make_layout(spec);
  EXPECT_EQ(places(layout), (Places{{0, 4}, {64, 128}, {192, 4}, {196, 4}, {200, 8}, {208, 8}}));
  EXPECT_EQ(layout.fields[2].source, 1u);  // shape comes after the scalar
  EXPECT_EQ(layout.fields[4].source, 3u);  // then strides
  EXPECT_EQ(layout.ints, 6u);              // and the padding flag, which this form does not pass
}

TEST(Layout, DescriptorWithoutAMapIsDecomposed) {
  const Layout layout = make_layout(spec_of({"tensordesc<fp16[64]>"}));
  EXPECT_EQ(places(layout), (Places{{0, 8}, {8, 8}, {16, 8}, {24, 1}, {28, 4}, {32, 8}}));
  EXPECT_EQ(layout.fields[3].source, 2u);
}

TEST(Layout, TheFlagsOfADecomposedDescriptorFollowTheVersion) {
  const auto places_in = [](const char* version) {
    return places(make_layout(spec_of({"tensordesc<fp16[64]>"}, version)));
  };
  EXPECT_EQ(places_in("3.4.0"), (Places{{0, 8}, {8, 8}, {16, 8}, {24, 4}, {32, 8}}));
  EXPECT_EQ(places_in("3.5.1"), (Places{{0, 8}, {8, 8}, {16, 8}, {24, 1}, {28, 4}, {32, 8}}));
  EXPECT_EQ(places_in("3.7.0"), (Places{{0, 8}, {8, 8}, {16, 8}, {24, 1}, {25, 1}, {28, 4}, {32, 8}}));
  EXPECT_EQ(make_layout(spec_of({"tensordesc<fp16[64]>"}, "3.7.0")).fields[4].kind, FieldKind::Unset);
}

TEST(Layout, RawMapTakesATensorOf128Bytes) {
  const Layout layout = make_layout(spec_of({"i32", "nvTmaDesc"}));
  EXPECT_EQ(places(layout), (Places{{0, 4}, {64, 128}}));
  EXPECT_EQ(layout.fields[1].kind, FieldKind::RawTensorMap);
}

TEST(Layout, HalfScalarsAreTwoBytesAsTheBinaryDeclaresThem) {
  EXPECT_EQ(make_layout(spec_of({"fp16", "bf16"}, "3.3.1")).bytes, 4u);
  EXPECT_EQ(make_layout(spec_of({"fp16", "bf16"}, "3.4.0")).bytes, 4u);
}

}  // namespace
}  // namespace triton_runner
