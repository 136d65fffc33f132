#include "driver/hip_image.h"

#include <algorithm>

#include "driver/code_object.h"
#include "runtime/error.h"
#include "runtime/layout.h"

namespace triton_runner::hip {
namespace {

const KernelNotes& notes_of(const CodeObject& object, const KernelSpec& spec) {
  const auto found = std::ranges::find(object.kernels, spec.name, &KernelNotes::name);
  if (found != object.kernels.end()) return *found;
  std::string names;
  for (const KernelNotes& kernel : object.kernels) names += concat(names.empty() ? "'" : ", '", kernel.name, "'");
  raise<MetadataError>("the code object has no kernel named '", spec.name, "', which its metadata is of; it has ",
                       names.empty() ? "none" : names, ": give the metadata of this image, or name=");
}

void check_device(const KernelSpec& spec, const CodeObject& object, const KernelNotes& notes,
                  const DeviceTraits& device) {
  TR_CHECK(device.arch.empty() || object.arch == device.arch, ArtifactError, "the hsaco of kernel '", spec.name,
           "' was compiled for ", object.arch, ", but the device is ", device.arch, ": compile it for this device");
  const auto wave_size = static_cast<int>(notes.wave_size);
  TR_CHECK(wave_size == spec.target.warp_size, MetadataError, "kernel '", spec.name, "' has waves of ",
           spec.target.warp_size, " lanes by its metadata, but the image was compiled for ", wave_size,
           ": the metadata is of another kernel");
  TR_CHECK(wave_size == device.wave_size, ArtifactError, "the hsaco of kernel '", spec.name,
           "' was compiled for waves of ", wave_size, " lanes, but the device runs ", device.wave_size,
           ": compile it for this device");
}

// The runtime copies each argument from where it is told to where the notes say, with the size that they say.
void check_arguments(const KernelSpec& spec, const KernelNotes& notes) {
  const Layout layout = make_layout(spec);
  for (size_t i = 0; i < std::max(layout.fields.size(), notes.arguments.size()); ++i) {
    const bool expected = i < layout.fields.size();
    const bool there = i < notes.arguments.size();
    auto describe = [](auto offset, auto size) { return concat(size, " bytes at offset ", offset); };
    const std::string found =
        there ? describe(notes.arguments[i].offset, notes.arguments[i].size) : std::string("nothing");
    const std::string wanted =
        expected ? describe(layout.fields[i].offset, layout.fields[i].size) : std::string("nothing");
    TR_CHECK(found == wanted, MetadataError, "kernel '", spec.name, "': argument ", i, " of the binary should be ",
             wanted, " by its metadata, but the image has ", found, ": the metadata is of another kernel");
  }
}

}  // namespace

const std::string& pick_hsaco(const KernelRecord& record, const DeviceTraits& device) {
  const KernelSpec& spec = record.spec;
  const auto image = record.images.find("hsaco");
  TR_CHECK(image != record.images.end(), ArtifactError, "kernel '", spec.name, "' has a ", record.images.begin()->first,
           " image for ", target_name(spec.target), ", expected a hsaco, which is what an AMD device runs");
  const CodeObject object = read_code_object(image->second, concat("the hsaco of kernel '", spec.name, "'"));
  const KernelNotes& notes = notes_of(object, spec);
  check_device(spec, object, notes, device);
  check_arguments(spec, notes);
  const auto threads = static_cast<uint32_t>(spec.num_warps * spec.target.warp_size);
  TR_CHECK(threads <= notes.max_threads, MetadataError, "kernel '", spec.name, "' has ", threads,
           " threads a block by its metadata, but the image was compiled for at most ", notes.max_threads,
           ": the metadata is of another kernel");
  return image->second;
}

}  // namespace triton_runner::hip
