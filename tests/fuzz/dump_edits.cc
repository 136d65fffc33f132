// The edits for dump, at every level: any text is listed and edited, or refused with one of our errors, and what comes
// out is again text that is read or refused (an edit does not mend what was broken before). The level follows from the
// text: PTX starts with .version, LLVM IR has a define.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ir/protocol.h"
#include "ptx/parser.h"
#include "runtime/error.h"

namespace {

using namespace triton_runner;

std::string_view level_of(std::string_view text) {
  if (text.find(".version") < 64) return "ptx";
  return text.find("define ") != std::string_view::npos ? "llir" : "ttgir";
}

// Whatever the user can get wrong is refused by name.
bool is_refusal(const Error& error) {
  const std::string_view kind = error.kind();
  return kind == "ArtifactError" || kind == "UnsupportedError" || kind == "ArgumentError";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view level = level_of(text);
  ir::Request request;
  try {
    const std::vector<ir::Slot> slots = ir::list_values(level, text, "");
    if (ir::dump_values(level, text, request).text != text) std::abort();
    for (size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].refusal.empty()) request.chosen.push_back(i);
    }
    const ir::Edit edit = ir::dump_values(level, text, request);
    if (edit.slots.size() != request.chosen.size()) std::abort();
    ir::list_values(level, edit.text, "");
  } catch (const Error& error) {
    if (!is_refusal(error)) std::abort();
  }
  return 0;
}
