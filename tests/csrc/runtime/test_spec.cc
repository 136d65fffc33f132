#include "runtime/spec.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace triton_runner {
namespace {

class TypeText : public testing::TestWithParam<const char*> {};

TEST_P(TypeText, SurvivesARoundTrip) {
  Param param;
  set_type(param, GetParam());
  EXPECT_EQ(type_string(param), GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, TypeText,
                         testing::Values("i1", "i8", "i16", "i32", "i64", "u1", "u8", "u16", "u32", "u64", "fp16",
                                         "bf16", "fp32", "fp64", "*i1", "*fp16", "*fp8e4nv", "*fp8e5", "*opaque",
                                         "constexpr", "nvTmaDesc", "tensordesc<fp16[64,32]>",
                                         "tensordesc<fp8e5[1,2,3,4,5]>"));

TEST(SetType, ReadsIrSpellingsConstPointersAndPointersToPointers) {
  Param param;
  set_type(param, "*f16");
  EXPECT_EQ(type_string(param), "*fp16");
  set_type(param, "*kfp32");
  EXPECT_EQ(type_string(param), "*fp32");
  EXPECT_EQ(param.access, Access::Read);
  set_type(param, "**fp32");
  EXPECT_EQ(type_string(param), "*i64");
  set_type(param, "tensordesc<bf16[64, 64],#shared>");
  EXPECT_EQ(type_string(param), "tensordesc<bf16[64,64]>");
}

class BadType : public testing::TestWithParam<const char*> {};

TEST_P(BadType, IsRefusedByName) {
  Param param;
  param.name = "x_ptr";
  try {
    set_type(param, GetParam());
    FAIL() << "accepted";
  } catch (const MetadataError& error) {
    EXPECT_NE(std::string(error.what()).find("'x_ptr'"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(GetParam()), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(All, BadType,
                         testing::Values("", "*", "float", "i128", "fp8e5", "opaque", "*complex64", "tensordesc<",
                                         "tensordesc<fp16>", "tensordesc<fp16[]>", "tensordesc<fp16[0]>",
                                         "tensordesc<fp16[1,2,3,4,5,6]>", "tensordesc<fp16[64;64]>"));

KernelSpec small_spec() {
  KernelSpec spec;
  spec.name = "f";
  spec.target.arch = "80";
  return spec;
}

TEST(MakeRecord, KeyIsOfSpecAndImages) {
  const std::string key = make_record(small_spec(), {{"ptx", "text"}}).key;
  EXPECT_EQ(key.size(), 64u);
  EXPECT_EQ(make_record(small_spec(), {{"ptx", "text"}}).key, key);
  EXPECT_NE(make_record(small_spec(), {{"ptx", "text2"}}).key, key);
  EXPECT_NE(make_record(small_spec(), {{"cubin", "text"}}).key, key);
  KernelSpec other = small_spec();
  other.shared = 16;
  EXPECT_NE(make_record(other, {{"ptx", "text"}}).key, key);
}

TEST(MakeRecord, RefusesNoOrEmptyImages) {
  EXPECT_THROW(make_record(small_spec(), {}), ArtifactError);
  EXPECT_THROW(make_record(small_spec(), {{"ptx", ""}}), ArtifactError);
}

TEST(Access, UnknownCountsAsWritten) {
  EXPECT_TRUE(writes(Access::Unknown));
  EXPECT_TRUE(writes(Access::ReadWrite));
  EXPECT_FALSE(writes(Access::Read));
  EXPECT_FALSE(writes(Access::None));
}

}  // namespace
}  // namespace triton_runner
