#include "driver/cuda_image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "driver/elf.h"
#include "runtime/error.h"

namespace triton_runner::cuda {
namespace {

// The smallest whole ELF: a header and one section.
std::string elf_image(uint16_t machine, uint32_t flags, uint8_t abi_version = 7) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_ABIVERSION] = abi_version;
  header.e_machine = machine;
  header.e_flags = flags;
  header.e_shoff = sizeof header;
  header.e_shnum = 1;
  Elf64_Shdr section{};
  section.sh_type = SHT_PROGBITS;
  section.sh_offset = sizeof header + sizeof section;
  section.sh_size = 16;
  std::string out(sizeof header + sizeof section + 16, 'x');
  std::memcpy(out.data(), &header, sizeof header);
  std::memcpy(out.data() + sizeof header, &section, sizeof section);
  return out;
}

KernelRecord record_of(std::map<std::string, std::string> images, const char* arch = "90") {
  KernelSpec spec;
  spec.name = "f";
  spec.target.arch = arch;
  return make_record(spec, std::move(images));
}

std::string error_of(const KernelRecord& record, int capability) {
  try {
    pick_image(record, capability);
  } catch (const ArtifactError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Elf, CapabilityFromBothAbiVersions) {
  EXPECT_EQ(cubin_capability({kElfMachineCuda, 7, 0x500550}), 80);    // ptxas 12.8
  EXPECT_EQ(cubin_capability({kElfMachineCuda, 8, 0x9006402}), 100);  // ptxas 12.9 and 13.0
}

TEST(Elf, EveryTruncationIsFound) {
  const std::string whole = elf_image(kElfMachineCuda, 90);
  EXPECT_NO_THROW(check_elf(whole, "the cubin"));
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(check_elf(whole.substr(0, size), "the cubin"), ArtifactError) << size;
}

TEST(Elf, OffsetsThatOverflowAreFound) {
  std::string image = elf_image(kElfMachineCuda, 90);
  const uint64_t huge = UINT64_MAX - 8;
  std::memcpy(image.data() + offsetof(Elf64_Ehdr, e_shoff), &huge, 8);
  EXPECT_THROW(check_elf(image, "the cubin"), ArtifactError);
}

TEST(Elf, SectionsByName) {
  // The one section holds its own name table: an empty name at 0, ".x" at 1.
  std::string image = elf_image(kElfMachineCuda, 90);
  const size_t content = sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr);
  image.replace(content, 4, std::string("\0.x\0", 4));
  const uint32_t name = 1;
  std::memcpy(image.data() + sizeof(Elf64_Ehdr) + offsetof(Elf64_Shdr, sh_name), &name, 4);
  const auto sections = elf_sections(image, "the cubin");
  ASSERT_EQ(sections.size(), 1u);
  EXPECT_EQ(sections[0].first, ".x");
  EXPECT_EQ(sections[0].second, std::string_view(image).substr(content));
  const uint32_t outside = 100;
  std::memcpy(image.data() + sizeof(Elf64_Ehdr) + offsetof(Elf64_Shdr, sh_name), &outside, 4);
  EXPECT_THROW(elf_sections(image, "the cubin"), ArtifactError);
  const uint16_t no_table = 9;
  std::memcpy(image.data() + offsetof(Elf64_Ehdr, e_shstrndx), &no_table, 2);
  EXPECT_THROW(elf_sections(image, "the cubin"), ArtifactError);
}

TEST(PickImage, CubinGoesBeforePtx) {
  const KernelRecord both = record_of({{"ptx", ".version"}, {"cubin", elf_image(kElfMachineCuda, 90)}});
  EXPECT_FALSE(pick_image(both, 90).is_ptx);
  EXPECT_TRUE(pick_image(record_of({{"ptx", ".version"}}), 90).is_ptx);
}

TEST(PickImage, CubinRunsOnItsMajorVersionFromItsMinorOnOn) {
  const KernelRecord sm80 = record_of({{"cubin", elf_image(kElfMachineCuda, 80)}}, "80");
  EXPECT_EQ(error_of(sm80, 80), "accepted");
  EXPECT_EQ(error_of(sm80, 86), "accepted");
  EXPECT_NE(error_of(sm80, 75).find("compiled for sm_80, but the device is sm_75"), std::string::npos);
  EXPECT_NE(error_of(sm80, 90).find("compiled for sm_80, but the device is sm_90"), std::string::npos);
  const KernelRecord sm100a = record_of({{"cubin", elf_image(kElfMachineCuda, 0x6402, 8)}}, "100a");
  EXPECT_EQ(error_of(sm100a, 100), "accepted");
  EXPECT_NE(error_of(sm100a, 103), "accepted");
}

TEST(PickImage, ForeignImagesAreNamed) {
  EXPECT_NE(error_of(record_of({{"hsaco", "x"}}), 90).find("expected a cubin or PTX"), std::string::npos);
  EXPECT_NE(error_of(record_of({{"cubin", elf_image(kElfMachineAmdgpu, 0)}}), 90).find("AMD code object"),
            std::string::npos);
  EXPECT_NE(error_of(record_of({{"cubin", elf_image(62, 0)}}), 90).find("machine 62"), std::string::npos);
  EXPECT_NE(error_of(record_of({{"cubin", "not an ELF"}}), 90).find("ELF magic"), std::string::npos);
}

TEST(Ptx, VersionIsRead) {
  EXPECT_EQ(ptx_version("// made by LLVM\n.version 8.4\n.target sm_90a\n"), "8.4");
  EXPECT_EQ(ptx_version(".version\t9.4"), "9.4");
  EXPECT_EQ(ptx_version(".target sm_90"), "");
  EXPECT_EQ(ptx_version(".version"), "");
}

TEST(Ptx, StrideInUnitsThatTheDriverDoesNotTake) {
  const std::string replace = "tensormap.replace.tile.global_stride.shared::cta.b1024.b64 [%r1], 0x0, %rd1;\n";
  const auto refused = [&](const char* version, const std::string& body, int driver_version) {
    const KernelRecord record = record_of({{"ptx", concat(".version ", version, "\n.target sm_90a\n", body)}});
    try {
      check_ptx(record, driver_version);
    } catch (const ArtifactError& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find("kernel 'f' is of version 8.4"), std::string::npos) << text;
      EXPECT_NE(text.find("(CUDA 13.0)"), std::string::npos) << text;
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refused("8.4", replace, 13000));
  EXPECT_FALSE(refused("8.4", replace, 12050));
  EXPECT_FALSE(refused("8.6", replace, 13000));
  EXPECT_FALSE(refused("8.4", "ret;\n", 13000));
}

}  // namespace
}  // namespace triton_runner::cuda
