// Which file edits which level.
#include "ir/protocol.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

[[noreturn]] void refuse(std::string_view level) {
  raise<UnsupportedError>("values of ", level, " cannot be dumped: expected ttir, ttgir, llir or ptx");
}

}  // namespace

std::vector<Slot> list_values(std::string_view level, std::string_view text, const std::string& kernel) {
  if (level == "ttir" || level == "ttgir") return list_mlir(text, kernel);
  if (level == "llir") return list_llvm(text, kernel);
  if (level == "ptx") return list_ptx(text, kernel);
  refuse(level);
}

Edit dump_values(std::string_view level, std::string_view text, const Request& request) {
  if (level == "ttir") return mark_mlir(text, request);
  if (level == "ttgir") return dump_mlir(text, request);
  if (level == "llir") return dump_llvm(text, request);
  if (level == "ptx") return dump_ptx(text, request);
  refuse(level);
}

}  // namespace triton_runner::ir
