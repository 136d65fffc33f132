// Fuzzes the readers of kernel metadata. Any text gives a record or an Error, nothing else; and a record that was read
// is written, read again and laid out without loss.
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/error.h"
#include "runtime/layout.h"
#include "runtime/record_json.h"
#include "runtime/sidecar.h"

using triton_runner::Error;
using triton_runner::InternalError;
using triton_runner::KernelSpec;
using triton_runner::Signature;

namespace {

void check_record(const KernelSpec& spec) {
  const std::string written = triton_runner::spec_to_json(spec);
  if (triton_runner::spec_to_json(triton_runner::spec_from_json(written)) != written) std::abort();
  try {
    const triton_runner::Layout layout = triton_runner::make_layout(spec);
    uint32_t end = 0;
    for (const triton_runner::Field& field : layout.fields) {
      if (field.offset < end) std::abort();
      end = field.offset + field.size;
    }
    if (end > layout.bytes) std::abort();
  } catch (const InternalError&) {
    std::abort();
  } catch (const Error&) {
    // A record may ask for what is not covered.
  }
}

template <typename Read>
void try_reading(Read read) {
  std::optional<KernelSpec> spec;
  try {
    spec = read();
  } catch (const InternalError&) {
    std::abort();
  } catch (const Error&) {
    return;
  }
  check_record(*spec);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Signature signature{{"x_ptr", "*fp32:16"}, {"n", "i32:16"}, {"scale", "fp32"}};
  try_reading([&] { return triton_runner::read_sidecar(text, std::nullopt, std::nullopt); });
  try_reading([&] { return triton_runner::read_sidecar(text, std::nullopt, signature); });
  try_reading([&] { return triton_runner::spec_from_json(text); });
  return 0;
}
