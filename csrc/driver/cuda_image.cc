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

}  // namespace triton_runner::cuda
