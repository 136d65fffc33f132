// What a launcher must know of an ELF image before it gives it to a driver that takes no length: whether it is whole,
// and for which machine; and what its sections hold, from which the record of a cubin is recovered.
// Tested in tests/csrc/driver/test_cuda_image.cc.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace triton_runner {

struct ElfIdentity {
  uint16_t machine = 0;  // e_machine
  uint8_t abi_version = 0;
  uint32_t flags = 0;
};

inline constexpr uint16_t kElfMachineCuda = 190;
inline constexpr uint16_t kElfMachineAmdgpu = 224;

// ArtifactError where `image` is no 64-bit little-endian ELF, or where a header, segment or section lies past its end.
// `what` names the image in the message ("the cubin of kernel 'f'").
ElfIdentity check_elf(std::string_view image, std::string_view what);

// (name, content) of each section, in order; the content of one that takes no room in the file (.nv.shared) is empty.
// Raises what check_elf raises, and ArtifactError for a damaged table of names.
std::vector<std::pair<std::string_view, std::string_view>> elf_sections(std::string_view image, std::string_view what);

// The capability times ten that a cubin was made for (80, 90, 120).
int cubin_capability(const ElfIdentity& elf);

}  // namespace triton_runner
