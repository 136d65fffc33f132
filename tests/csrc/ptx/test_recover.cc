#include "ptx/recover.h"

#include <gtest/gtest.h>

#include "reading.h"

namespace triton_runner::ptx {
namespace {

std::string params_of(const KernelSpec& spec) {
  std::string out;
  for (const triton_runner::Param& param : spec.params) {
    const bool is_memory = param.kind == ParamKind::Pointer || param.kind == ParamKind::Descriptor;
    out += concat(out.empty() ? "" : " ", param.name, ":", type_string(param), is_memory ? "/" : "",
                  is_memory ? access_name(param.access) : "");
  }
  return out;
}

KernelSpec recover_text(const std::string& text, std::string_view metadata = "") {
  return recover(text, std::nullopt, std::nullopt, metadata);
}

std::string recover_error(const std::string& text, std::string_view metadata = "",
                          const std::optional<Signature>& signature = std::nullopt) {
  return error_of([&] { recover(text, std::nullopt, signature, metadata); });
}

std::string entry(std::string_view params, std::string_view directives = ".reqntid 128",
                  std::string_view body = "ret;") {
  return concat(kHeader, ".extern .shared .align 16 .b8 smem[];\n.visible .entry k(", params, ")\n", directives,
                "\n{ .reg .b64 %rd<4>; ", body, " }\n");
}

TEST(Recover, AKernelOfTriton) {
  const KernelSpec spec = recover_text(data_text("vector_add.sm_80.ptx"));
  EXPECT_EQ(spec.name, "vector_add_kernel");
  EXPECT_EQ(params_of(spec), "arg0:*opaque/read arg1:*opaque/read arg2:*opaque/write arg3:i32");
  EXPECT_EQ(spec.num_warps, 4);
  EXPECT_EQ(spec.num_ctas, 1);
  EXPECT_EQ(spec.shared, 0);
  EXPECT_EQ(target_name(spec.target), "sm_80");
  EXPECT_TRUE(spec.global_scratch.present && spec.profile_scratch.present) << "the last two parameters, never used";
}

TEST(Recover, TheSignatureReplacesTheTypes) {
  const Signature signature = {
      {"x", "*fp32:16"}, {"y", "*fp32:16"}, {"out", "*fp32"}, {"n", "i32"}, {"BLOCK", "constexpr"}};
  const KernelSpec spec = recover(data_text("vector_add.sm_80.ptx"), "vector_add_kernel", signature, "");
  EXPECT_EQ(params_of(spec), "x:*fp32/read y:*fp32/read out:*fp32/write n:i32 BLOCK:constexpr");
  EXPECT_TRUE(spec.params[0].divisible_by_16);
  EXPECT_TRUE(spec.profile_scratch.present) << "two parameters are left over";
}

TEST(Recover, ASignatureOfAnotherKernelIsRefused) {
  const std::string text = data_text("vector_add.sm_80.ptx");
  EXPECT_EQ(recover_error(text, "", Signature{{"x", "*fp32"}}),
            "MetadataError: kernel 'vector_add_kernel': the signature makes 1 parameters, and the PTX declares 6: give "
            "the signature of "
            "this kernel");
  EXPECT_EQ(recover_error(text, "", Signature{{"x", "*fp32"}, {"y", "*fp32"}, {"o", "*fp32"}, {"n", "i64"}}),
            "MetadataError: kernel 'vector_add_kernel': 'n' takes 8 bytes at offset 24 of the parameters, and the PTX "
            "declares 4 bytes "
            "at offset 24 ('vector_add_kernel_param_3'): give the signature of this kernel");
  EXPECT_NE(recover_error(text, R"({"triton_version":"3.2.0"})",
                          Signature{{"x", "*fp32"}, {"y", "*fp32"}, {"o", "*fp32"}, {"n", "i32"}})
                .find("with the 0 scratch slots of Triton 3.2.0"),
            std::string::npos);
}

TEST(Recover, AWrittenKernelKeepsItsNames) {
  const KernelSpec spec =
      recover_text(entry(".param .u64 .ptr x, .param .u8 flag, .param .s16 h, .param .f32 scale, .param .f64 d, .param "
                         ".b32 n, .param .u64 stride"));
  EXPECT_EQ(params_of(spec), "x:*opaque/none flag:i8 h:i16 scale:fp32 d:fp64 n:i32 stride:i64");
  EXPECT_FALSE(spec.global_scratch.present);
}

TEST(Recover, WithoutPtrTheCodeTellsPointersFromIntegers) {
  const char* params = ".param .u64 x, .param .u64 n";
  EXPECT_EQ(
      params_of(recover_text(entry(params, ".maxntid 64", "ld.param.u64 %rd0, [x]; st.global.b32 [%rd0], 0; ret;"))),
      "x:*opaque/write n:i64");
  EXPECT_EQ(
      recover_error(entry(params, ".maxntid 64", "st.global.b32 [%rd0], 0; ret;")),
      "MetadataError: kernel 'k', parameter 0: 64 bits without .ptr, so PTX does not tell a pointer from an i64; pass "
      "signature={'x': '*fp16', 'n': 'i32', ...}, or put the kernel's JSON beside the PTX");
}

TEST(Recover, WhatPtxDoesNotTellIsNamed) {
  EXPECT_EQ(recover_error(entry(".param .align 2 .b8 h[2]")),
            "MetadataError: kernel 'k', parameter 0: 2 bytes, and PTX does not tell fp16 from bf16; pass "
            "signature={'x': '*fp16', 'n': "
            "'i32', ...}, or put the kernel's JSON beside the PTX");
  EXPECT_EQ(recover_error(entry(".param .u32 n", "")),
            "MetadataError: kernel 'k': field 'num_warps' is missing, and the PTX has no .reqntid; pass "
            "metadata={'num_warps': ...}");
  EXPECT_EQ(recover_error(entry(".param .u32 n", ".reqntid 32", "mov.b64 %rd0, smem; ret;")),
            "MetadataError: kernel 'k': field 'shared' is missing: the kernel uses dynamic shared memory, whose size "
            "PTX does not tell; "
            "put the kernel's JSON beside the PTX, or pass metadata={'shared': BYTES}");
  EXPECT_EQ(recover_text(entry(".param .u32 n")).shared, 0) << "declared, never used";
  EXPECT_NE(recover_error(entry(".param .u32 n", ".reqntid 48")).find("UnsupportedError"), std::string::npos);
  EXPECT_NE(recover_error(entry(".param .u32 n", ".reqntid 32, 4")).find("UnsupportedError"), std::string::npos);
  EXPECT_NE(recover_error(entry(".param .align 8 .b8 s[24]")).find("24 bytes by value"), std::string::npos);
}

TEST(Recover, MetadataFillsTheGaps) {
  const std::string text = data_text("tma_copy.sm_90.ptx");
  EXPECT_NE(recover_error(text, R"({"shared":4104})").find("field 'triton_version' is missing"), std::string::npos);
  EXPECT_NE(
      recover_error(text, R"({"shared":4104,"triton_version":"3.6.0"})").find("field 'global_scratch_size' is missing"),
      std::string::npos);
  const KernelSpec spec = recover_text(
      text, R"({"shared":4104,"triton_version":"3.6.0","global_scratch_size":256,"global_scratch_align":128})");
  EXPECT_EQ(spec.shared, 4104);
  EXPECT_EQ(spec.global_scratch.size, 256);
  EXPECT_EQ(spec.global_scratch.align, 128);
  EXPECT_EQ(spec.triton_version, "3.6.0");
  EXPECT_EQ(target_name(spec.target), "sm_90a");
}

TEST(Recover, TheVersionSaysHowManySlotsThereAre) {
  const char* params =
      ".param .u64 .ptr .global .align 1 k_param_0, .param .u64 .ptr .global .align 1 k_param_1, "
      ".param .u64 .ptr .global .align 1 k_param_2";
  auto visible = [&](const char* metadata) { return recover_text(entry(params), metadata).params.size(); };
  EXPECT_EQ(visible(R"({"triton_version":"3.2.0"})"), 3u);
  EXPECT_EQ(visible(R"({"triton_version":"3.4.0"})"), 2u);
  EXPECT_EQ(visible(R"({"triton_version":"3.5.1"})"), 1u);
  EXPECT_EQ(visible(""), 1u);
  EXPECT_NE(recover_error(entry(params), R"({"triton_version":"nightly"})").find("MetadataError"), std::string::npos);
}

TEST(Recover, MetadataOfAnotherKernelIsRefused) {
  const std::string text = data_text("vector_add.sm_80.ptx");
  const std::string advice = "give the JSON that was written beside this artifact";
  for (const char* metadata :
       {R"({"num_warps":8})", R"({"target":{"backend":"cuda","arch":90,"warp_size":32}})", R"({"name":"softmax"})"}) {
    const std::string error = recover_error(text, metadata);
    EXPECT_TRUE(error.starts_with("MetadataError")) << error;
  }
  EXPECT_NE(recover_error(text, R"({"num_warps":8})")
                .find(concat("num_warps is 8 in the metadata and 4 in the PTX: ", advice)),
            std::string::npos);
}

TEST(Recover, TensorMaps) {
  const std::string text = data_text("tma_host_matmul.sm_90.ptx");
  const KernelSpec raw = recover_text(text, R"({"shared":24600})");
  EXPECT_TRUE(
      params_of(raw).starts_with("arg0:nvTmaDesc/read arg1:i32 arg2:i32 arg3:i64 arg4:i64 arg5:nvTmaDesc/read"));
  const KernelSpec described = recover_text(text, R"({"shared":24600,"tensordesc_meta":[
      {"swizzle":2,"elem_size":2,"elem_type":6,"block_size":[64,32],"fp4_padded":false},
      {"swizzle":3,"elem_size":2,"elem_type":6,"block_size":[32,64],"fp4_padded":false},
      {"swizzle":3,"elem_size":2,"elem_type":6,"block_size":[64,64],"fp4_padded":false}]})");
  EXPECT_EQ(params_of(described),
            "arg0:tensordesc<opaque[64,32]>/read arg1:tensordesc<opaque[32,64]>/read "
            "arg2:tensordesc<opaque[64,64]>/write arg3:i32 "
            "arg4:i32 arg5:i32");
}

TEST(Recover, ClustersAndPreparedLaunches) {
  EXPECT_EQ(recover_text(entry(".param .u32 n", ".reqntid 64 .reqnctapercluster 2")).num_ctas, 2);
}

TEST(Recover, AccessIsFilledIntoAGivenRecord) {
  KernelSpec spec = recover_text(data_text("vector_add.sm_80.ptx"));
  for (triton_runner::Param& param : spec.params) param.access = Access::Unknown;
  EXPECT_EQ(params_of(with_access(spec, data_text("vector_add.sm_80.ptx"))),
            "arg0:*opaque/read arg1:*opaque/read arg2:*opaque/write arg3:i32");
  spec.name = "other";
  EXPECT_TRUE(error_of([&] { with_access(spec, data_text("vector_add.sm_80.ptx")); }).starts_with("ArtifactError"));
  spec.name = "vector_add_kernel";
  spec.params.pop_back();
  EXPECT_TRUE(error_of([&] { with_access(spec, data_text("vector_add.sm_80.ptx")); }).starts_with("MetadataError"));
}

}  // namespace
}  // namespace triton_runner::ptx
