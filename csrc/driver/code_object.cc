#include "driver/code_object.h"

#include <elf.h>

#include <cstring>

#include "driver/elf.h"
#include "driver/msgpack.h"
#include "runtime/error.h"

namespace triton_runner {
namespace {

constexpr std::string_view kOwner("AMDGPU\0", 7);
constexpr uint32_t kMetadataNote = 32;  // NT_AMDGPU_METADATA
constexpr std::string_view kSystem = "-amd-amdhsa-";

// Calls `read(key)` for each entry of a map; it has to read the value.
template <typename Read>
void each_entry(MsgpackReader& reader, const Read& read) {
  for (uint64_t left = reader.map(); left > 0; --left) read(reader.text());
}

uint32_t number32(MsgpackReader& reader) { return static_cast<uint32_t>(reader.number()); }

void read_argument(MsgpackReader& reader, KernelNotes& kernel) {
  KernelArgument argument;
  bool hidden = false;
  each_entry(reader, [&](std::string_view key) {
    if (key == ".offset") {
      argument.offset = number32(reader);
    } else if (key == ".size") {
      argument.size = number32(reader);
    } else if (key == ".value_kind") {
      hidden = reader.text().starts_with("hidden_");
    } else {
      reader.skip();
    }
  });
  if (!hidden) kernel.arguments.push_back(argument);
}

KernelNotes read_kernel(MsgpackReader& reader) {
  KernelNotes kernel;
  each_entry(reader, [&](std::string_view key) {
    if (key == ".name") {
      kernel.name = reader.text();
    } else if (key == ".args") {
      for (uint64_t left = reader.array(); left > 0; --left) read_argument(reader, kernel);
    } else if (key == ".max_flat_workgroup_size") {
      kernel.max_threads = number32(reader);
    } else if (key == ".wavefront_size") {
      kernel.wave_size = number32(reader);
    } else if (key == ".group_segment_fixed_size") {
      kernel.fixed_shared_bytes = number32(reader);
    } else {
      reader.skip();
    }
  });
  return kernel;
}

// "amdgcn-amd-amdhsa--gfx90a:sramecc+:xnack-" is gfx90a, and from Triton 3.9 on
// "amdgpu9.42-amd-amdhsa-unknown-gfx942" is gfx942.
std::string arch_of(std::string_view target) {
  const std::string_view plain = target.substr(0, target.find(':'));
  if (!plain.starts_with("amdg") || plain.find(kSystem) == std::string_view::npos) return {};
  return std::string(plain.substr(plain.rfind('-') + 1));
}

// The metadata in a section of notes; empty where it has none.
std::string_view metadata_of(std::string_view notes) {
  auto padded = [](uint64_t size) { return (size + 3) / 4 * 4; };
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header;
    std::memcpy(&header, notes.data(), sizeof header);
    notes.remove_prefix(sizeof header);
    if (padded(header.n_namesz) > notes.size()) return {};
    const std::string_view owner = notes.substr(0, header.n_namesz);
    notes.remove_prefix(padded(header.n_namesz));
    if (header.n_descsz > notes.size()) return {};
    if (owner == kOwner && header.n_type == kMetadataNote) return notes.substr(0, header.n_descsz);
    notes.remove_prefix(std::min(padded(header.n_descsz), uint64_t{notes.size()}));
  }
  return {};
}

}  // namespace

CodeObject read_code_object(std::string_view image, std::string_view what) {
  const ElfIdentity elf = check_elf(image, what);
  TR_CHECK(elf.machine == kElfMachineAmdgpu, ArtifactError, what, " is an ELF file for machine ", elf.machine,
           ", expected ", kElfMachineAmdgpu, " (AMDGPU): give the hsaco");
  std::string_view metadata;
  for (const auto& [name, content] : elf_sections(image, what)) {
    if (metadata.empty() && name.starts_with(".note")) metadata = metadata_of(content);
  }
  TR_CHECK(!metadata.empty(), ArtifactError, what,
           " has no AMDGPU metadata note (code object V3 or newer): it is damaged, or was not made by LLVM");
  CodeObject out;
  MsgpackReader reader(metadata, what);
  each_entry(reader, [&](std::string_view key) {
    if (key == "amdhsa.kernels") {
      for (uint64_t left = reader.array(); left > 0; --left) out.kernels.push_back(read_kernel(reader));
    } else if (key == "amdhsa.target") {
      out.arch = arch_of(reader.text());
    } else {
      reader.skip();
    }
  });
  return out;
}

}  // namespace triton_runner
