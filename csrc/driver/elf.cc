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

std::vector<std::pair<std::string_view, std::string_view>> elf_sections(std::string_view image, std::string_view what) {
  check_elf(image, what);
  const auto header = read<Elf64_Ehdr>(image, 0);
  auto section_at = [&](size_t index) { return read<Elf64_Shdr>(image, header.e_shoff + index * sizeof(Elf64_Shdr)); };
  auto content_of = [&](const Elf64_Shdr& section) {
    return section.sh_type == SHT_NOBITS ? std::string_view() : image.substr(section.sh_offset, section.sh_size);
  };
  std::vector<std::pair<std::string_view, std::string_view>> out;
  if (header.e_shnum == 0) return out;
  TR_CHECK(header.e_shstrndx < header.e_shnum, ArtifactError, what, " is damaged: it has no table of section names");
  const std::string_view names = content_of(section_at(header.e_shstrndx));
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr section = section_at(i);
    const size_t end = section.sh_name < names.size() ? names.find('\0', section.sh_name) : std::string_view::npos;
    TR_CHECK(end != std::string_view::npos, ArtifactError, what, " is damaged: the name of section ", i,
             " lies outside of the table of names");
    out.emplace_back(names.substr(section.sh_name, end - section.sh_name), content_of(section));
  }
  return out;
}

int cubin_capability(const ElfIdentity& elf) {
  // Read off cubins of ptxas 12 and 13: ABI version 8 moved the capability to the second byte.
  return static_cast<int>(elf.abi_version >= 8 ? (elf.flags >> 8) & 0xff : elf.flags & 0xff);
}

}  // namespace triton_runner
