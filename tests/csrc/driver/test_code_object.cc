#include "driver/code_object.h"

#include <gtest/gtest.h>

#include "code_object_image.h"
#include "driver/msgpack.h"
#include "runtime/error.h"

namespace triton_runner {
namespace {

using testing_support::code_object;
using testing_support::elf_with_note;
using testing_support::packed_notes;

const CodeObject kObject{"gfx90a", {{"f", {{0, 8}, {8, 4}, {12, 1}, {300, 2}}, 256, 64, 0}, {"g", {}, 1024, 64, 512}}};

std::string error_of(std::string_view image) {
  try {
    read_code_object(image, "the hsaco");
  } catch (const ArtifactError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CodeObject, ItsKernelsWithoutTheArgumentsThatTheRuntimeFillsIn) {
  const CodeObject found = read_code_object(code_object(kObject), "the hsaco");
  EXPECT_EQ(found.arch, "gfx90a");
  ASSERT_EQ(found.kernels.size(), 2u);
  const KernelNotes& f = found.kernels[0];
  EXPECT_EQ(f.name, "f");
  EXPECT_EQ(f.max_threads, 256u);
  EXPECT_EQ(f.wave_size, 64u);
  ASSERT_EQ(f.arguments.size(), 4u);
  EXPECT_EQ(f.arguments[3].offset, 300u);
  EXPECT_EQ(f.arguments[3].size, 2u);
  EXPECT_EQ(found.kernels[1].fixed_shared_bytes, 512u);
}

TEST(CodeObject, TheTargetInTheSpellingOfTriton39) {
  std::string image = code_object(kObject);
  const std::string old = "amdgcn-amd-amdhsa--gfx90a:sramecc+";
  image.replace(image.find(old), old.size(), "amdgpu9.0a-amd-amdhsa-unk-gfx90a:s");
  EXPECT_EQ(read_code_object(image, "the hsaco").arch, "gfx90a");
}

TEST(CodeObject, WhatIsNone) {
  EXPECT_NE(error_of("hello").find("the hsaco does not start with the ELF magic number"), std::string::npos);
  EXPECT_NE(error_of(elf_with_note("", 190)).find("is an ELF file for machine 190, expected 224"), std::string::npos);
  EXPECT_NE(error_of(elf_with_note("")).find("has no AMDGPU metadata note"), std::string::npos);
  EXPECT_NE(error_of(elf_with_note("\xC1")).find("expected a map, found a value with tag 193"), std::string::npos);
}

TEST(CodeObject, EveryTruncationAndEveryTruncatedNoteIsFound) {
  const std::string whole = code_object(kObject);
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_NE(error_of(whole.substr(0, size)), "accepted") << size;
  const std::string notes = packed_notes(kObject);
  for (size_t size = 0; size < notes.size(); ++size)
    EXPECT_NE(error_of(elf_with_note(notes.substr(0, size))), "accepted") << size;
}

TEST(Msgpack, SkipsEveryType) {
  // 5, -1, nil, true, 1.0f, 1.0, bin, int64, uint64, an empty map, an array of two, text; then 7
  const std::string bytes(
      "\x05\xFF\xC0\xC3\xCA\0\0\0\0\xCB\0\0\0\0\0\0\0\0\xC4\x02xy\xD3\0\0\0\0\0\0\0\x01\xCF\0\0\0\0\0\0\0\x01\x80"
      "\x92\x01\x02\xD9\x01z\x07",
      48);
  MsgpackReader reader(bytes, "the test");
  for (int i = 0; i < 12; ++i) reader.skip();
  EXPECT_EQ(reader.number(), 7u);
  EXPECT_THROW(reader.skip(), ArtifactError);
}

TEST(Msgpack, LengthsInEveryForm) {
  auto text_of = [](std::string bytes) { return std::string(MsgpackReader(bytes, "").text()); };
  EXPECT_EQ(text_of("\xA2hi"), "hi");
  EXPECT_EQ(text_of("\xD9\x02hi"), "hi");
  EXPECT_EQ(text_of(std::string("\xDA\0\x02hi", 5)), "hi");
  EXPECT_EQ(text_of(std::string("\xDB\0\0\0\x02hi", 7)), "hi");
  EXPECT_EQ(MsgpackReader(std::string_view("\xDD\0\0\x01\x00", 5), "").array(), 256u);
  EXPECT_EQ(MsgpackReader(std::string_view("\xDE\x01\x00", 3), "").map(), 256u);
  EXPECT_EQ(MsgpackReader(std::string_view("\xCE\0\x01\0\0", 5), "").number(), 65536u);
}

TEST(Msgpack, ValuesNestedTooDeepAreRefused) {
  const std::string deep(1000, '\x91');
  EXPECT_THROW(MsgpackReader(deep, "the test").skip(), ArtifactError);
}

}  // namespace
}  // namespace triton_runner
