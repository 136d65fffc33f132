#include "runtime/sidecar.h"

#include <gtest/gtest.h>

#include "runtime/error.h"
#include "runtime/record_json.h"

namespace triton_runner {
namespace {

// What Triton writes beside a cubin, cut to what a launcher reads.
std::string metadata(std::string_view extra = "") {
  return concat(
      R"({"name":"mm","num_warps":4,"num_ctas":1,"shared":8192,"launch_cooperative_grid":false,"launch_pdl":true,)",
      R"("global_scratch_size":64,"global_scratch_align":128,"profile_scratch_size":0,"profile_scratch_align":1,)",
      R"("target":{"backend":"cuda","arch":80,"warp_size":32},"tensordesc_meta":[],"triton_version":"3.6.0")", extra,
      "}");
}

std::string replace(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string types(const KernelSpec& spec) {
  std::string out;
  for (const Param& param : spec.params) {
    out += concat(param.name, ":", type_string(param), param.divisible_by_16 ? ":16" : "",
                  param.kind == ParamKind::Constant ? "=" : "", param.constant, " ");
  }
  return out;
}

const Signature kSignature = {{"a", "*fp16:16"}, {"n", "i32"}, {"stride", "i32:1"}};

std::string message_of(const std::string& text, const std::optional<Signature>& signature = kSignature) {
  try {
    read_sidecar(text, std::nullopt, signature);
  } catch (const MetadataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Sidecar, ReadsTritonsOwnWithASignature) {
  const KernelSpec spec = read_sidecar(metadata(), "mm", kSignature);
  EXPECT_EQ(types(spec), "a:*fp16:16 n:i32 stride:constexpr=1 ");
  EXPECT_EQ(spec.shared, 8192);
  EXPECT_TRUE(spec.pdl);
  EXPECT_EQ(spec.global_scratch.size, 64);
  EXPECT_TRUE(spec.profile_scratch.present);
  EXPECT_EQ(target_name(spec.target), "sm_80");
}

TEST(Sidecar, HiddenParametersFollowTheVersion) {
  auto tail = [](const char* version) {
    const KernelSpec spec = read_sidecar(replace(metadata(), "3.6.0", version), std::nullopt, kSignature);
    return std::pair(spec.global_scratch.present, spec.profile_scratch.present);
  };
  EXPECT_EQ(tail("3.2.0"), std::pair(false, false));
  EXPECT_EQ(tail("3.3.1"), std::pair(true, false));
  EXPECT_EQ(tail("3.4.0"), std::pair(true, false));
  EXPECT_EQ(tail("3.5.1"), std::pair(true, true));
  EXPECT_EQ(tail("3.10.0"), std::pair(true, true));
}

TEST(Sidecar, KernelSignatureInEachForm) {
  for (const char* entry : {R"([["a","*fp16","D"],["n","i32",null],["B","constexpr",64]])",
                            R"({"a":["*fp16","D"],"n":"i32","B":["constexpr",64]})"}) {
    const KernelSpec spec = read_sidecar(metadata(concat(",\"kernel_signature\":", entry)), std::nullopt, std::nullopt);
    EXPECT_EQ(types(spec), "a:*fp16:16 n:i32 B:constexpr=64 ") << entry;
  }
  const KernelSpec unnamed =
      read_sidecar(metadata(R"(,"kernel_signature":[["*fp16","D"],["i32",""],"fp32"])"), std::nullopt, std::nullopt);
  EXPECT_EQ(types(unnamed), "arg0:*fp16:16 arg1:i32 arg2:fp32 ");
}

TEST(Sidecar, OursGoesBeforeEverythingElse) {
  KernelSpec spec = read_sidecar(metadata(), "mm", kSignature);
  spec.shared = 1;
  const KernelSpec found =
      read_sidecar(metadata(concat(",\"triton_runner\":", spec_to_json(spec))), "mm", std::nullopt);
  EXPECT_EQ(spec_to_json(found), spec_to_json(spec));
}

TEST(Sidecar, TargetFromANamedtupleOrAnOlderString) {
  const std::string list =
      replace(metadata(), R"({"backend":"cuda","arch":80,"warp_size":32})", R"(["cuda","sm90a",32])");
  EXPECT_EQ(target_name(read_sidecar(list, std::nullopt, kSignature).target), "sm_90a");
}

TEST(Sidecar, DescriptorsTakeTheirMapsInOrder) {
  const std::string text = replace(
      metadata(), "\"tensordesc_meta\":[]",
      R"("tensordesc_meta":[null,{"swizzle":3,"elem_size":2,"elem_type":6,"block_size":[64,64],"fp4_padded":false}])");
  const KernelSpec spec = read_sidecar(
      text, std::nullopt, Signature{{"x", "tensordesc<fp16[64,64]>"}, {"n", "i32"}, {"y", "tensordesc<fp16[64,64]>"}});
  EXPECT_FALSE(spec.params[0].tensor_map);
  EXPECT_EQ(spec.params[2].tensor_map->swizzle, 3);
  EXPECT_NE(message_of(text).find("one entry for each tensor descriptor"), std::string::npos);
}

TEST(Sidecar, NamesWhatIsMissing) {
  EXPECT_NE(message_of(metadata(), std::nullopt).find("pass signature="), std::string::npos);
  for (const char* field : {"name", "num_warps", "shared", "target"}) {
    const std::string message = message_of(replace(metadata(), concat("\"", field, "\":"), "\"other\":"));
    EXPECT_NE(message.find(concat("field '", field, "' is missing")), std::string::npos) << message;
  }
}

TEST(Sidecar, OfAnotherKernelNamesBoth) {
  try {
    read_sidecar(metadata(), "softmax", kSignature);
    FAIL() << "accepted";
  } catch (const MetadataError& error) {
    EXPECT_NE(std::string(error.what()).find("kernel 'mm', expected kernel 'softmax'"), std::string::npos)
        << error.what();
  }
}

TEST(Sidecar, RefusesSuffixesAndEntriesThatItDoesNotKnow) {
  EXPECT_NE(message_of(metadata(), Signature{{"a", "*fp16:8"}}).find("expected :16 or :1"), std::string::npos);
  EXPECT_NE(message_of(metadata(R"(,"kernel_signature":[[1,2]])"), std::nullopt).find("kernel_signature[0]"),
            std::string::npos);
  EXPECT_NE(message_of(metadata(R"(,"kernel_signature":7)"), std::nullopt).find("expected an array or an object"),
            std::string::npos);
}

}  // namespace
}  // namespace triton_runner
