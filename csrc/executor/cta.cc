#include "executor/cta.h"

#include <algorithm>
#include <cstring>

#include "executor/program.h"
#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

// Rounds in which every warp that can run only tried an mbarrier again. Nobody but the warps of a CTA completes its
// mbarriers.
constexpr int kMostIdleRounds = 100000;

constexpr size_t kAlignment = 1024;  // of shared memory: the largest that a swizzled layout asks for

size_t round_up(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }
uint32_t volume(const Dim3& extent) { return extent[0] * extent[1] * extent[2]; }
int warps_of(const Grid& grid) { return static_cast<int>((volume(grid.launch.block) + kLanes - 1) / kLanes); }

// Sizes of the three parts of a CTA's memory.
struct Layout {
  size_t registers, shared, local;
  explicit Layout(const Grid& grid)
      : registers(round_up(grid.program.registers.image.size() * static_cast<size_t>(warps_of(grid)))),
        shared(round_up(grid.dynamic_shared_base + grid.launch.shared_bytes)),
        local(round_up(grid.program.local_bytes * static_cast<size_t>(warps_of(grid)) * kLanes)) {}
  size_t total() const { return registers + shared + local; }
};

Dim3 unflatten(uint32_t flat, const Dim3& extent) {
  return {flat % extent[0], flat / extent[0] % extent[1], flat / extent[0] / extent[1]};
}

}  // namespace

size_t Cta::bytes_needed(const Grid& grid) { return Layout(grid).total(); }

Cta::Cta(Grid& grid) : grid_(grid), thread_count_(static_cast<int>(volume(grid.launch.block))) {
  const Layout layout(grid);
  memory_ = std::make_unique_for_overwrite<std::byte[]>(layout.total() + kAlignment);
  const size_t misalignment = reinterpret_cast<uintptr_t>(memory_.get()) % kAlignment;
  registers_ = memory_.get() + (kAlignment - misalignment) % kAlignment;
  shared_ = registers_ + layout.registers;
  local_ = shared_ + layout.shared;
  shared_bytes_ = grid.dynamic_shared_base + grid.launch.shared_bytes;

  const size_t stride = grid.program.registers.image.size();
  const int warps = warps_of(grid);
  warps_.reserve(warps);
  for (int warp = 0; warp < warps; ++warp) warps_.emplace_back(*this, grid.program, registers_ + warp * stride, warp);
}

// Shared and local memory hold zeros, like registers: a kernel that reads them first is wrong the same way each time.
void Cta::start(Dim3 index) {
  index_ = index;
  const RegisterFile& file = grid_.program.registers;
  for (Warp& warp : warps_) {
    std::memcpy(warp.lanes<std::byte>(0), file.image.data(), file.image.size());
    for (const SpecialColumn& column : file.specials) fill_special(column, warp.index());
    warp.start(lanes_below(thread_count_ - warp.index() * kLanes));
  }
  std::memset(shared_, 0, shared_bytes_);
  std::memset(local_, 0, grid_.program.local_bytes * warps_.size() * kLanes);
  for (Barrier& barrier : barriers_) {
    barrier = {};
    barrier.arrived.assign(warps_.size(), 0);
  }
}

Cta::State Cta::run() {
  for (int idle_rounds = 0;;) {
    bool progress = false;
    bool loops = false;
    bool idle = true;
    bool finished = true;
    polled_ = false;
    for (Warp& warp : warps_) {
      if (warp.runnable()) {
        progress = true;
        try {
          warp.run();
        } catch (const Fault& fault) {
          report_fault(warp, fault);
        }
        loops |= warp.slice_used_up();
        idle &= warp.yielded();
      }
      finished &= warp.finished();
    }
    if (finished) return State::Finished;
    idle_rounds = idle && !polled_ ? idle_rounds + 1 : 0;
    if (!progress || idle_rounds > kMostIdleRounds) report_deadlock();
    if (grid_.stop.load(std::memory_order_relaxed)) return State::Stopped;
    if (grid_.launch.cancelled != nullptr && grid_.launch.cancelled->load(std::memory_order_relaxed)) {
      raise<ExecutionError>("kernel ", grid_.program.name, ": the launch was cancelled while it ran");
    }
    if (loops && polled_) return State::Waiting;
  }
}

std::byte* Cta::local(int warp, int lane) {
  return local_ + (static_cast<size_t>(warp) * kLanes + static_cast<size_t>(lane)) * grid_.program.local_bytes;
}

void Cta::arrive(Warp& warp, int barrier, int threads, LaneMask votes) {
  Barrier& state = barriers_[barrier];
  state.arrived[warp.index()] |= warp.executing();
  state.threads = threads;
  state.votes += std::popcount(votes & warp.executing());
  state.arrivals += std::popcount(warp.executing());
  if (complete(state)) release(barrier);
}

void Cta::lanes_exited() {
  for (size_t barrier = 0; barrier < barriers_.size(); ++barrier) {
    if (barriers_[barrier].arrivals != 0 && complete(barriers_[barrier])) release(static_cast<int>(barrier));
  }
}

// A warp has arrived when all its lanes that are left have; lanes that finished no longer count.
bool Cta::complete(const Barrier& barrier) const {
  int arrived_threads = 0;
  bool everyone = true;
  for (const Warp& warp : warps_) {
    const LaneMask arrived = barrier.arrived[warp.index()];
    const bool whole = (warp.live() & ~arrived) == 0;
    everyone &= whole;
    if (whole && arrived != 0) arrived_threads += kLanes;
  }
  return barrier.threads == 0 ? everyone : arrived_threads >= barrier.threads;
}

// Lets the waiting groups go on; those of bar.red receive the result in their first operand.
void Cta::release(int barrier) {
  Barrier state = barriers_[barrier];
  barriers_[barrier] = {};
  barriers_[barrier].arrived.assign(warps_.size(), 0);
  for (Warp& warp : warps_) {
    warp.leave_barrier(barrier, [&](uint32_t position) {
      const Instruction& in = grid_.program.code[position];
      switch (in.reduction) {
        case BarrierReduction::None:
          break;
        case BarrierReduction::Popc:
          for_each_lane(warp.executing(), [&](int lane) { warp.lanes<uint32_t>(in[0])[lane] = state.votes; });
          break;
        case BarrierReduction::And:
          warp.set_predicate(in[0], state.votes == state.arrivals ? kAllLanes : 0);
          break;
        case BarrierReduction::Or:
          warp.set_predicate(in[0], state.votes != 0 ? kAllLanes : 0);
          break;
      }
    });
  }
}

void Cta::fill_special(const SpecialColumn& column, int warp) {
  const bool wide = ptx::special_bits(column.special) == 64;
  for (int lane = 0; lane < kLanes; ++lane) {
    const uint64_t value = special_value(column.special, warp, lane);
    if (wide) {
      warps_[warp].lanes<uint64_t>(column.slot)[lane] = value;
    } else {
      warps_[warp].lanes<uint32_t>(column.slot)[lane] = static_cast<uint32_t>(value);
    }
  }
}

uint64_t Cta::special_value(ptx::Special special, int warp, int lane) const {
  using ptx::Special;
  const Launch& launch = grid_.launch;
  const Dim3 thread = unflatten(static_cast<uint32_t>(warp * kLanes + lane), launch.block);
  const auto cluster_of = [&](int axis) { return index_[axis] / launch.cluster[axis]; };
  const auto in_cluster = [&](int axis) { return index_[axis] % launch.cluster[axis]; };
  const auto clusters = [&](int axis) { return launch.grid[axis] / launch.cluster[axis]; };
  switch (special) {
    case Special::TidX:
      return thread[0];
    case Special::TidY:
      return thread[1];
    case Special::TidZ:
      return thread[2];
    case Special::NtidX:
      return launch.block[0];
    case Special::NtidY:
      return launch.block[1];
    case Special::NtidZ:
      return launch.block[2];
    case Special::CtaidX:
      return index_[0];
    case Special::CtaidY:
      return index_[1];
    case Special::CtaidZ:
      return index_[2];
    case Special::NctaidX:
      return launch.grid[0];
    case Special::NctaidY:
      return launch.grid[1];
    case Special::NctaidZ:
      return launch.grid[2];
    case Special::Laneid:
      return static_cast<uint64_t>(lane);
    case Special::Warpid:
      return static_cast<uint64_t>(warp);
    case Special::Nwarpid:
      return warps_.size();
    case Special::Smid:
      return 0;
    case Special::Nsmid:
      return 1;
    case Special::Gridid:
      return 0;
    case Special::IsExplicitCluster:
      return volume(launch.cluster) > 1;
    case Special::ClusteridX:
      return cluster_of(0);
    case Special::ClusteridY:
      return cluster_of(1);
    case Special::ClusteridZ:
      return cluster_of(2);
    case Special::NclusteridX:
      return clusters(0);
    case Special::NclusteridY:
      return clusters(1);
    case Special::NclusteridZ:
      return clusters(2);
    case Special::ClusterCtaidX:
      return in_cluster(0);
    case Special::ClusterCtaidY:
      return in_cluster(1);
    case Special::ClusterCtaidZ:
      return in_cluster(2);
    case Special::ClusterNctaidX:
      return launch.cluster[0];
    case Special::ClusterNctaidY:
      return launch.cluster[1];
    case Special::ClusterNctaidZ:
      return launch.cluster[2];
    case Special::ClusterCtarank:
      return in_cluster(0) + launch.cluster[0] * (in_cluster(1) + launch.cluster[1] * in_cluster(2));
    case Special::ClusterNctarank:
      return volume(launch.cluster);
    case Special::LanemaskEq:
      return 1u << lane;
    case Special::LanemaskLt:
      return (1u << lane) - 1;
    case Special::LanemaskLe:
      return (2u << lane) - 1;
    case Special::LanemaskGt:
      return ~((2u << lane) - 1);
    case Special::LanemaskGe:
      return ~((1u << lane) - 1);
    case Special::DynamicSmemSize:
      return launch.shared_bytes;
    case Special::TotalSmemSize:
    case Special::AggrSmemSize:
      return shared_bytes_;
    case Special::WARP_SZ:
      return kLanes;
    case Special::Clock:
    case Special::ClockHi:
    case Special::Clock64:
    case Special::Globaltimer:
    case Special::GlobaltimerLo:
    case Special::GlobaltimerHi:
    case Special::Count:
      break;  // read by an instruction of their own
  }
  raise<InternalError>("special register ", ptx::special_text(special), " has no column");
}

}  // namespace triton_runner::executor
