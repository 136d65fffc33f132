#include "runtime/record_json.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace triton_runner {
namespace {

constexpr const char* kRecord =
    R"({"version":1,"name":"mm","params":[{"name":"a","type":"*fp16","divisible_by_16":true,"access":"read"},)"
    R"({"name":"n","type":"i32"},{"name":"BLOCK","type":"constexpr","constant":64},)"
    R"({"name":"d","type":"tensordesc<fp16[64,32]>","tensor_map":{"swizzle":3,"elem_size":2,"elem_type":6,"block_size":[64,32],"fp4_padded":false}}],)"
    R"("num_warps":4,"num_ctas":2,"shared":8192,"cooperative":true,"pdl":false,"global_scratch":{"size":256,"align":128},"profile_scratch":null,)"
    R"("target":{"backend":"cuda","arch":"90a","warp_size":32},"triton_version":"3.6.0"})";

std::string with(std::string_view from, std::string_view to) {
  std::string text = kRecord;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string message_of(const std::string& text) {
  try {
    spec_from_json(text);
  } catch (const MetadataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RecordJson, RoundTripIsExact) { EXPECT_EQ(spec_to_json(spec_from_json(kRecord)), kRecord); }

TEST(RecordJson, FieldsArriveWhereTheyBelong) {
  const KernelSpec spec = spec_from_json(kRecord);
  EXPECT_EQ(spec.params[0].access, Access::Read);
  EXPECT_EQ(spec.params[2].constant, "64");
  EXPECT_EQ(spec.params[3].tensor_map->swizzle, 3);
  EXPECT_EQ(spec.global_scratch.size, 256);
  EXPECT_FALSE(spec.profile_scratch.present);
  EXPECT_EQ(target_name(spec.target), "sm_90a");
}

TEST(RecordJson, EveryFieldIsRequiredByName) {
  for (const char* field : {"version", "name", "params", "num_warps", "num_ctas", "shared", "cooperative", "pdl",
                            "global_scratch", "profile_scratch", "target", "triton_version"}) {
    const std::string message = message_of(with(concat("\"", field, "\":"), concat("\"x", field, "\":")));
    EXPECT_NE(message.find(concat("field '", field, "' is missing")), std::string::npos) << message;
  }
}

TEST(RecordJson, SaysWhatWasFoundAndExpected) {
  EXPECT_EQ(message_of(with("\"shared\":8192", "\"shared\":-1")),
            "kernel record: field 'shared' is -1, expected an integer from 0 to 2147483647");
  EXPECT_EQ(message_of(with("\"num_warps\":4", "\"num_warps\":33")),
            "kernel 'mm': num_warps is 33, expected at least one warp and at most 1024 threads");
  EXPECT_EQ(message_of(with("\"align\":128", "\"align\":100")),
            "kernel 'mm': scratch align is 100, expected a power of two");
  EXPECT_NE(message_of(with("\"name\":\"n\"", "\"name\":\"a\"")).find("each name once"), std::string::npos);
  EXPECT_NE(message_of(with("\"read\"", "\"reads\"")).find("params[0]"), std::string::npos);
  EXPECT_NE(message_of(with("[64,32],\"fp4", "[64],\"fp4")).find("2 dimensions"), std::string::npos);
  EXPECT_NE(message_of("[]").find("expected an object"), std::string::npos);
}

}  // namespace
}  // namespace triton_runner
