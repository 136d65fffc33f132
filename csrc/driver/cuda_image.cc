#include "driver/cuda_image.h"

#include <algorithm>

#include "driver/elf.h"
#include "runtime/error.h"

namespace triton_runner::cuda {
namespace {

// A cubin runs on devices of its own major version and the same or a higher minor one (CUDA C++ Programming Guide,
// "Binary Compatibility"); one for an architecture-specific target (90a) only on exactly that one.
void check_capability(const KernelSpec& spec, int made_for, int capability) {
  const bool exact = spec.target.arch.ends_with('a');
  const bool fits = exact ? made_for == capability : made_for / 10 == capability / 10 && made_for <= capability;
  TR_CHECK(fits, ArtifactError, "the cubin of kernel '", spec.name, "' was compiled for sm_", made_for,
           ", but the device is sm_", capability, ": compile it for this device, or give PTX");
}

void check_cubin(const KernelRecord& record, const std::string& bytes, int capability) {
  const std::string what = concat("the cubin of kernel '", record.spec.name, "'");
  const ElfIdentity elf = check_elf(bytes, what);
  TR_CHECK(elf.machine != kElfMachineAmdgpu, ArtifactError, what,
           " is an AMD code object (hsaco), which an NVIDIA device cannot run");
  TR_CHECK(elf.machine == kElfMachineCuda, ArtifactError, what, " is an ELF file for machine ", elf.machine,
           ", expected ", kElfMachineCuda, " (CUDA): give the file that ptxas wrote");
  check_capability(record.spec, cubin_capability(elf), capability);
}

}  // namespace

Image pick_image(const KernelRecord& record, int capability) {
  const auto cubin = record.images.find("cubin");
  if (cubin != record.images.end()) {
    check_cubin(record, cubin->second, capability);
    return {&cubin->second, false};
  }
  const auto ptx = record.images.find("ptx");
  TR_CHECK(ptx != record.images.end(), ArtifactError, "kernel '", record.spec.name, "' has a ",
           record.images.begin()->first, " image for ", target_name(record.spec.target),
           ", expected a cubin or PTX, which is what an NVIDIA device runs");
  return {&ptx->second, true};
}

std::string_view ptx_version(std::string_view ptx) {
  constexpr std::string_view kDirective = ".version";
  const size_t at = ptx.find(kDirective);
  if (at == std::string_view::npos) return {};
  const size_t begin = ptx.find_first_not_of(" \t", at + kDirective.size());
  if (begin == std::string_view::npos) return {};
  return ptx.substr(begin, ptx.find_first_not_of("0123456789.", begin) - begin);
}

// Up to PTX 8.5 (CUDA 12.6), ptxas took the stride of a tensor map in units of 16 bytes, and Triton gave it so. Later
// ones take bytes, as the PTX ISA says ("tensormap.replace"), whatever version the text is of: an H100 under CUDA 13.0
// ran the cubin of such a kernel right, and its PTX not.
void check_ptx(const KernelRecord& record, int driver_version) {
  constexpr int kLastWithChunks = 12060;
  const std::string& ptx = record.images.at("ptx");
  const std::string_view stated = ptx_version(ptx);
  const auto version = version_of(stated);
  if (driver_version <= kLastWithChunks || !version || *version > std::pair(8, 5)) return;
  TR_CHECK(
      ptx.find("tensormap.replace.tile.global_stride") == std::string::npos, ArtifactError, "the PTX of kernel '",
      record.spec.name, "' is of version ", stated,
      " and sets the stride of a tensor map in units of 16 bytes, as ptxas took it up to PTX 8.5; the assembler of "
      "this driver (CUDA ",
      driver_version / 1000, ".", driver_version % 1000 / 10,
      ") takes bytes: compile it to a cubin with the ptxas of the Triton that made it");
}

}  // namespace triton_runner::cuda
