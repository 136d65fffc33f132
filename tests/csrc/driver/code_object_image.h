// Makes small AMD code objects: an ELF file with nothing but the note that names the kernels.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

#include "driver/code_object.h"

namespace triton_runner::testing_support {

// MessagePack, as short as it goes.
inline std::string packed(std::string_view text) {
  std::string out;
  if (text.size() < 32) {
    out += static_cast<char>(0xA0 | text.size());
  } else {
    out += '\xD9';
    out += static_cast<char>(text.size());
  }
  return out.append(text);
}

inline std::string packed(uint32_t value) {
  if (value < 128) return std::string(1, static_cast<char>(value));
  return {'\xCD', static_cast<char>(value >> 8), static_cast<char>(value)};
}

inline std::string packed_map(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out(1, static_cast<char>(0x80 | entries.size()));
  for (const auto& [key, value] : entries) out += packed(key) + value;
  return out;
}

inline std::string packed_array(const std::vector<std::string>& items) {
  std::string out{'\xDC', static_cast<char>(items.size() >> 8), static_cast<char>(items.size())};
  for (const std::string& item : items) out += item;
  return out;
}

inline std::string packed_kernel(const KernelNotes& kernel) {
  std::vector<std::string> arguments;
  for (const KernelArgument& argument : kernel.arguments) {
    arguments.push_back(packed_map({{".address_space", packed("global")},
                                    {".offset", packed(argument.offset)},
                                    {".size", packed(argument.size)},
                                    {".value_kind", packed("by_value")}}));
  }
  arguments.push_back(
      packed_map({{".offset", packed(1000)}, {".size", packed(8)}, {".value_kind", packed("hidden_global_offset_x")}}));
  return packed_map({{".args", packed_array(arguments)},
                     {".group_segment_fixed_size", packed(kernel.fixed_shared_bytes)},
                     {".max_flat_workgroup_size", packed(kernel.max_threads)},
                     {".name", packed(kernel.name)},
                     {".uses_dynamic_stack", "\xC2"},
                     {".wavefront_size", packed(kernel.wave_size)}});
}

inline std::string packed_notes(const CodeObject& object) {
  std::vector<std::string> kernels;
  for (const KernelNotes& kernel : object.kernels) kernels.push_back(packed_kernel(kernel));
  return packed_map({{"amdhsa.kernels", packed_array(kernels)},
                     {"amdhsa.target", packed("amdgcn-amd-amdhsa--" + object.arch + ":sramecc+")},
                     {"amdhsa.version", packed_array({packed(1), packed(2)})}});
}

inline std::string elf_with_note(const std::string& notes, uint16_t machine = 224) {
  const std::string names("\0.note\0.shstrtab\0", 17);
  Elf64_Nhdr note{7, static_cast<Elf64_Word>(notes.size()), 32};
  std::string section(reinterpret_cast<const char*>(&note), sizeof note);
  section += std::string("AMDGPU\0\0", 8) + notes;
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_machine = machine;
  header.e_shoff = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  Elf64_Shdr sections[3]{};
  sections[1].sh_name = 1;
  sections[1].sh_type = SHT_NOTE;
  sections[1].sh_offset = sizeof header + sizeof sections;
  sections[1].sh_size = section.size();
  sections[2].sh_name = 7;
  sections[2].sh_type = SHT_STRTAB;
  sections[2].sh_offset = sections[1].sh_offset + section.size();
  sections[2].sh_size = names.size();
  return std::string(reinterpret_cast<const char*>(&header), sizeof header)
      .append(reinterpret_cast<const char*>(sections), sizeof sections)
      .append(section)
      .append(names);
}

inline std::string code_object(const CodeObject& object) { return elf_with_note(packed_notes(object)); }

}  // namespace triton_runner::testing_support
