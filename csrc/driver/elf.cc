#include "driver/elf.h"

#include <elf.h>

#include <cstring>

#include "runtime/error.h"

namespace triton_runner {
namespace {

bool in_bounds(uint64_t offset, uint64_t size, uint64_t total) { return offset <= total && size <= total - offset; }

template <typename Header>
Header read(std::string_view image, uint64_t offset) {
  Header header;
  std::memcpy(&header, image.data() + offset, sizeof header);
  return header;
}

}  // namespace

ElfIdentity check_elf(std::string_view image, std::string_view what) {
  TR_CHECK(image.size() >= SELFMAG && image.substr(0, SELFMAG) == ELFMAG, ArtifactError, what,
           " does not start with the ELF magic number: it is no ", "binary of a GPU kernel");
  auto whole = [&](uint64_t offset, uint64_t size, const char* part) {
    TR_CHECK(in_bounds(offset, size, image.size()), ArtifactError, what, " is truncated: it has ", image.size(),
             " bytes, but its ", part, " reaches to byte ", offset + size, ": copy or compile it again");
  };
  whole(0, sizeof(Elf64_Ehdr), "ELF header");
  const auto header = read<Elf64_Ehdr>(image, 0);
  TR_CHECK(header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB, ArtifactError, what,
           " is no 64-bit little-endian ELF");
  whole(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), "program header table");
  whole(header.e_shoff, uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), "section header table");
  for (int i = 0; i < header.e_phnum; ++i) {
    const auto segment = read<Elf64_Phdr>(image, header.e_phoff + i * sizeof(Elf64_Phdr));
    whole(segment.p_offset, segment.p_filesz, "segment");
  }
  for (int i = 0; i < header.e_shnum; ++i) {
    const auto section = read<Elf64_Shdr>(image, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_NOBITS) whole(section.sh_offset, section.sh_size, "section");
  }
  return {header.e_machine, header.e_ident[EI_ABIVERSION], header.e_flags};
}

int cubin_capability(const ElfIdentity& elf) {
  // Read off cubins of ptxas 12 and 13: ABI version 8 moved the capability to the second byte.
  return static_cast<int>(elf.abi_version >= 8 ? (elf.flags >> 8) & 0xff : elf.flags & 0xff);
}

}  // namespace triton_runner
