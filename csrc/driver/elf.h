// What a launcher must know of an ELF image before it gives it to a driver that takes no length: whether it is whole,
// and for which machine. Reading more (sections, notes) is left to pyelftools on the Python side. Tested in
// tests/csrc/driver/test_elf.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

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

// The capability times ten that a cubin was made for (80, 90, 120).
int cubin_capability(const ElfIdentity& elf);

}  // namespace triton_runner
