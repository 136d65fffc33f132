// The PTX reader, and all that runs on what it read: printer, access analysis, recovery. Text is accepted or refused
// with one of our errors; an accepted module prints to text that reads back as an equal module.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ptx/access.h"
#include "ptx/parser.h"
#include "ptx/printer.h"
#include "ptx/recover.h"
#include "runtime/error.h"

namespace {

using namespace triton_runner;

constexpr const char* kMetadata =
    R"({"shared":64,"num_warps":4,"triton_version":"3.6.0","global_scratch_size":8,)"
    R"("tensordesc_meta":[{"swizzle":2,"elem_size":2,"elem_type":6,"block_size":[64,32]}]})";

void recover_all(std::string_view text, const ptx::Module& module) {
  const char* metadata = text.size() % 2 == 0 ? "" : kMetadata;
  for (const ptx::Function* entry : module.entries()) {
    ptx::param_access(module, *entry);
    try {
      ptx::recover(text, entry->name, std::nullopt, metadata);
    } catch (const InternalError&) {
      std::abort();
    } catch (const Error&) {
      // Not every module tells enough for a record.
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ptx::Module module;
  try {
    module = ptx::parse(text);
  } catch (const ArtifactError&) {
    return 0;
  } catch (const UnsupportedError&) {
    return 0;
  }
  const std::string printed = ptx::print(module);
  if (!(ptx::parse(printed) == module)) std::abort();
  recover_all(text, module);
  return 0;
}
