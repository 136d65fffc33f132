#include "executor/warp.h"

#include <algorithm>
#include <limits>

#include "executor/cta.h"
#include "executor/program.h"

namespace triton_runner::executor {
namespace {

constexpr int kSlice = 1024;  // taken branches
constexpr uint32_t kNowhere = std::numeric_limits<uint32_t>::max();

}  // namespace

void Warp::start(LaneMask lanes) {
  live_ = lanes;
  group_ = 0;
  last_ = 0;
  budget_ = kSlice;
  giving_way_ = false;
  groups_.clear();
  if (lanes != 0) groups_.push_back({0, lanes});
}

bool Warp::runnable() const {
  return std::any_of(groups_.begin(), groups_.end(), [](const Group& group) { return group.wait == Wait::None; });
}

void Warp::run() {
  if (budget_ <= 0) budget_ = kSlice;
  yielded_ = false;
  const Instruction* code = program_.code.data();
  while (budget_ > 0 && pick_group()) {
    while (position_ < stop_position_) {
      const Instruction& in = code[position_++];
      executing_ = group_;
      if (in.guard != kNoSlot) {
        const LaneMask guard = predicate(in.guard);
        executing_ &= in.guard_negated ? ~guard : guard;
        if (executing_ == 0) continue;
      }
      in.execute(*this, in);
    }
    put_back_group();
    if (giving_way_) return;
  }
}

// Takes the runnable group with the lowest position, and all that wait for it there; but after a slice that was used
// up, a group that did not have it.
bool Warp::pick_group() {
  const Group* best = nullptr;
  for (const Group& group : groups_) {
    if (group.wait != Wait::None) continue;
    const bool fresh = (group.lanes & last_) == 0;
    const bool best_fresh = best != nullptr && (best->lanes & last_) == 0;
    if (best == nullptr || (fresh && !best_fresh) || (fresh == best_fresh && group.position < best->position))
      best = &group;
  }
  if (best == nullptr) return false;

  last_ = 0;
  position_ = best->position;
  group_ = 0;
  std::erase_if(groups_, [this](const Group& group) {
    if (group.position != position_ || group.wait == Wait::Barrier) return false;
    group_ |= group.lanes;
    return true;
  });
  stop_position_ = kNowhere;
  for (const Group& group : groups_) {
    if (group.wait != Wait::Barrier && group.position > position_) {
      stop_position_ = std::min(stop_position_, group.position);
    }
  }
  return true;
}

void Warp::put_back_group() {
  if (group_ == 0) return;
  if (budget_ <= 0) last_ = group_;
  groups_.push_back({position_, group_});
  group_ = 0;
}

// Takes lanes out of the running group; the group stops when none is left.
void Warp::leave_lanes(LaneMask lanes) {
  group_ &= ~lanes;
  if (group_ == 0) stop_position_ = 0;
}

void Warp::park(uint32_t position, LaneMask lanes, Wait wait, int barrier) {
  groups_.push_back({position, lanes, wait, static_cast<uint8_t>(barrier)});
  leave_lanes(lanes);
}

void Warp::branch(LaneMask lanes, uint32_t target) {
  if (lanes == 0) return;
  if (--budget_ <= 0) stop_position_ = 0;
  if (lanes == group_) {
    position_ = target;
    if (!groups_.empty()) stop_position_ = 0;  // the order of the groups may have changed
    return;
  }
  groups_.push_back({target, lanes});
  group_ &= ~lanes;
  stop_position_ = 0;
}

void Warp::exit() {
  live_ &= ~executing_;
  leave_lanes(executing_);
  for (Group& group : groups_) {
    if (group.wait != Wait::Lanes) continue;
    group.wait = Wait::None;  // they look again whom they wait for
    stop_position_ = 0;
  }
  cta_.lanes_exited();
}

bool Warp::converged(LaneMask members) {
  if ((members & live_ & ~executing_) == 0) [[likely]]
    return true;
  park(position_ - 1, executing_, Wait::Lanes);
  stop_position_ = 0;
  return false;
}

bool Warp::converged_at(Slot members) {
  const LaneMask* mask = lanes<LaneMask>(members);
  LaneMask all = 0;
  for_each_lane(executing_, [&](int lane) { all |= mask[lane]; });
  return converged(all);
}

void Warp::wait_at_barrier(int barrier) { park(position_ - 1, executing_, Wait::Barrier, barrier); }

void Warp::yield() {
  yielded_ = true;
  budget_ = 0;
  stop_position_ = 0;
}

bool Warp::give_way() {
  giving_way_ = !giving_way_;
  if (!giving_way_) return false;
  last_ = group_;
  park(position_ - 1, group_, Wait::None);
  return true;
}

}  // namespace triton_runner::executor
