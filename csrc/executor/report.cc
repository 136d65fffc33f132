// What is said of a fault or a deadlock: where, in the terms of the kernel's author.
#include <sstream>

#include "executor/cta.h"
#include "executor/program.h"
#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

std::string triple(const Dim3& index) { return concat("(", index[0], ", ", index[1], ", ", index[2], ")"); }

std::string where(const Statement& statement) {
  std::string text = concat("PTX line ", statement.line, ": ", statement.text);
  if (!statement.source.empty()) text += concat("\n  source: ", statement.source);
  return text;
}

}  // namespace

std::string Cta::thread_name(int warp, int lane) const {
  const Dim3& block = grid_.launch.block;
  const uint32_t flat = static_cast<uint32_t>(warp * kLanes + lane);
  return triple({flat % block[0], flat / block[0] % block[1], flat / block[0] / block[1]});
}

void Cta::report_fault(Warp& warp, const Fault& fault) const {
  const std::string thread = fault.lane >= 0
                                 ? concat("thread ", thread_name(warp.index(), fault.lane))
                                 : concat("warp ", warp.index(), " from thread ", thread_name(warp.index(), 0));
  raise<ExecutionError>("kernel ", grid_.program.name, ": ", fault.text, "\n  block ", triple(index_), ", ", thread,
                        "\n  ", where(grid_.program.statements[warp.current_position()]));
}

void Cta::report_deadlock() const {
  std::ostringstream text;
  text << "kernel " << grid_.program.name << ": deadlock, no thread of block " << triple(index_) << " can go on";
  for (const Warp& warp : warps_) {
    for (const Group& group : warp.groups()) {
      text << "\n  warp " << warp.index() << ", lanes 0x" << std::hex << group.lanes << std::dec;
      switch (group.wait) {
        case Wait::Barrier:
          text << " wait at barrier " << static_cast<int>(group.barrier) << " for other threads; ";
          break;
        case Wait::Lanes:
          text << " wait for the other lanes of their member mask; ";
          break;
        case Wait::None:
          text << " try an mbarrier that nobody completes; ";
          break;
      }
      text << where(grid_.program.statements[group.position]);
    }
  }
  raise<ExecutionError>(text.str());
}

}  // namespace triton_runner::executor
