#include "driver/hip_image.h"

#include <gtest/gtest.h>

#include "code_object_image.h"
#include "runtime/error.h"
#include "runtime/sidecar.h"

namespace triton_runner::hip {
namespace {

using testing_support::code_object;

const DeviceTraits kDevice{"gfx942", 64};

KernelSpec spec_of() {
  KernelSpec spec;
  spec.name = "f";
  spec.target = {"hip", "gfx942", 64};
  spec.params = {param_from_signature("x", "*fp32"), param_from_signature("n", "i32")};
  spec.global_scratch.present = true;
  return spec;
}

CodeObject object_of(std::vector<KernelArgument> arguments = {{0, 8}, {8, 4}, {16, 8}}) {
  return {"gfx942", {{"f", std::move(arguments), 256, 64, 0}}};
}

std::string error_of(const CodeObject& object, const KernelSpec& spec = spec_of(),
                     const DeviceTraits& device = kDevice) {
  try {
    pick_hsaco(make_record(spec, {{"hsaco", code_object(object)}}), device);
  } catch (const Error& error) {
    return concat(error.kind(), ": ", error.what());
  }
  return "accepted";
}

TEST(HipImage, ARecordThatFitsTheCodeObject) {
  EXPECT_EQ(error_of(object_of()), "accepted");
  EXPECT_EQ(error_of(object_of(), spec_of(), {"", 64}), "accepted");  // a runtime that does not tell
}

TEST(HipImage, ARecordWithoutAHsaco) {
  try {
    pick_hsaco(make_record(spec_of(), {{"ptx", "x"}}), kDevice);
    FAIL() << "did not throw";
  } catch (const ArtifactError& error) {
    EXPECT_STREQ(error.what(),
                 "kernel 'f' has a ptx image for gfx942, expected a hsaco, which is what an AMD device runs");
  }
}

TEST(HipImage, AnotherArchitectureOrWaveSize) {
  EXPECT_EQ(error_of(object_of(), spec_of(), {"gfx950", 64}),
            "ArtifactError: the hsaco of kernel 'f' was compiled for gfx942, but the device is gfx950: compile it for "
            "this device");
  EXPECT_EQ(error_of(object_of(), spec_of(), {"gfx942", 32}),
            "ArtifactError: the hsaco of kernel 'f' was compiled for waves of 64 lanes, but the device runs 32: "
            "compile it for this device");
  KernelSpec spec = spec_of();
  spec.target.warp_size = 32;
  EXPECT_NE(error_of(object_of(), spec).find("MetadataError: kernel 'f' has waves of 32 lanes by its metadata"),
            std::string::npos);
}

TEST(HipImage, ARecordOfAnotherKernel) {
  EXPECT_EQ(
      error_of(object_of({{0, 8}, {8, 8}, {16, 8}})),
      "MetadataError: kernel 'f': argument 1 of the binary should be 4 bytes at offset 8 by its metadata, but the "
      "image has 8 bytes at offset 8: the metadata is of another kernel");
  EXPECT_NE(error_of(object_of({{0, 8}, {8, 4}}))
                .find("argument 2 of the binary should be 8 bytes at offset 16 by its "
                      "metadata, but the image has nothing"),
            std::string::npos);
  EXPECT_NE(error_of(object_of({{0, 8}, {8, 4}, {16, 8}, {24, 8}})).find("should be nothing by its metadata"),
            std::string::npos);
  KernelSpec spec = spec_of();
  spec.num_warps = 8;
  EXPECT_NE(error_of(object_of(), spec).find("has 512 threads a block by its metadata"), std::string::npos);
  spec = spec_of();
  spec.name = "g";
  EXPECT_NE(error_of(object_of(), spec).find("no kernel named 'g', which its metadata is of; it has 'f'"),
            std::string::npos);
}

}  // namespace
}  // namespace triton_runner::hip
