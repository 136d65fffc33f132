#include "runtime/kernel_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/error.h"

namespace triton_runner {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecord = R"({"name": "k", "triton_runner": {"version": 1, "name": "k", "params": [],
  "num_warps": 1, "num_ctas": 1, "shared": 0, "cooperative": false, "pdl": false, "global_scratch": null,
  "profile_scratch": null, "target": {"backend": "cuda", "arch": "75", "warp_size": 32}, "triton_version": ""},
  "more": 7})";

class KernelFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directory(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) { std::ofstream(folder_ / name) << content; }

  template <typename Kind>
  std::string message() {
    try {
      register_kernel_folder(folder_.string());
    } catch (const Kind& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path folder_;
};

TEST_F(KernelFolder, RegistersEachRecordWithItsImages) {
  write("b.json", kRecord);
  write("b.ptx", "the text");
  write("b.cubin", std::string("\0bytes", 6));
  write("a.json", kRecord);
  write("a.ptx", "another text");
  write("notes.txt", "of no interest");
  const std::vector<StoredKernel> stored = register_kernel_folder(folder_.string());
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[0].kernel->record().images.at("ptx"), "another text");
  EXPECT_EQ(stored[1].kernel->record().images.at("cubin"), std::string("\0bytes", 6));
  EXPECT_EQ(*stored[1].sidecar.find("more")->get<int64_t>(), 7);
  EXPECT_EQ(&find_kernel(stored[1].kernel->record().key), stored[1].kernel);
}

TEST_F(KernelFolder, NamesWhatIsMissing) {
  EXPECT_NE(message<ArtifactError>().find("has no .json file"), std::string::npos);
  write("k.json", kRecord);
  EXPECT_NE(message<ArtifactError>().find("there is no k.ptx, .cubin or .hsaco beside it"), std::string::npos);
  write("k.ptx", "text");
  write("other.json", R"({"name": "other"})");
  EXPECT_NE(message<MetadataError>().find("other.json: field 'triton_runner' is missing"), std::string::npos);
  fs::remove_all(folder_);
  EXPECT_NE(message<ArtifactError>().find("is no folder"), std::string::npos);
}

}  // namespace
}  // namespace triton_runner
