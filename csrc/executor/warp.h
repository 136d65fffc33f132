// A warp: the registers and positions of 32 lanes.
//
// Lanes that stand at one place form a group. The group with the lowest position runs first, because it is the one that
// the others wait for at the next point of reconvergence; groups that meet at one position become one. A group leaves
// the race while it waits at a barrier, or at a .sync instruction for the other lanes of its member mask. When a group
// has used up its slice in loops, the next slice goes to another group, so that lanes which spin do not starve the
// lanes that they wait for.
//
// Owned by a Cta and used by one thread at a time. Tested in tests/csrc/executor/test_warp.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "executor/instruction.h"
#include "executor/lanes.h"

namespace triton_runner::executor {

class Cta;
class Program;

enum class Wait : uint8_t {
  None,
  Lanes,    // at a .sync instruction, for lanes of its member mask
  Barrier,  // at a barrier of the CTA
};

struct Group {
  uint32_t position = 0;
  LaneMask lanes = 0;
  Wait wait = Wait::None;
  uint8_t barrier = 0;
};

class Warp {
 public:
  Warp(Cta& cta, const Program& program, std::byte* registers, int index)
      : cta_(cta), program_(program), registers_(registers), index_(index) {}

  void start(LaneMask lanes);
  // Runs until every lane has finished or waits, or until the slice is used up.
  void run();
  bool finished() const { return live_ == 0; }
  bool runnable() const;
  // True when the last slice ended in a loop, and not because of a wait.
  bool slice_used_up() const { return budget_ <= 0; }
  // True when its last turn ended in a wait that it has to try again.
  bool yielded() const { return yielded_; }

  // What the handlers of instructions use.
  Cta& cta() { return cta_; }
  const Program& program() const { return program_; }
  int index() const { return index_; }
  LaneMask executing() const { return executing_; }  // the lanes that the current instruction is for
  LaneMask live() const { return live_; }

  template <typename T>
  T* lanes(Slot slot) {
    return reinterpret_cast<T*>(registers_ + slot);
  }
  LaneMask predicate(Slot slot) { return *lanes<LaneMask>(slot); }
  void set_predicate(Slot slot, LaneMask value) {
    LaneMask& old = *lanes<LaneMask>(slot);
    old = blend(executing_, value, old);
  }

  void branch(LaneMask lanes, uint32_t target);  // the other lanes of the group go on with the next instruction
  void exit();
  // True when every live lane of `members` executes this instruction. Otherwise the executing lanes wait here for them,
  // and the handler returns without having done anything.
  bool converged(LaneMask members);
  bool converged_at(Slot members);  // with the member mask in a register
  void wait_at_barrier(int barrier);
  void yield();  // ends the slice: this warp waits for something
  // True at the first call of a warp that comes here: it returns to the instruction after the other warps had a turn.
  // On a GPU the others overtake a warp that waits for memory, and kernels exist that would race if one ran far ahead.
  bool give_way();

  // Lets the groups at a barrier go on with the next instruction; `leave` is called with executing() set to each group.
  template <typename Leave>
  void leave_barrier(int barrier, Leave leave);

  // Positions for messages.
  const std::vector<Group>& groups() const { return groups_; }
  uint32_t current_position() const { return position_ - 1; }

 private:
  bool pick_group();
  void put_back_group();
  void park(uint32_t position, LaneMask lanes, Wait wait, int barrier = 0);
  void leave_lanes(LaneMask lanes);

  Cta& cta_;
  const Program& program_;
  std::byte* registers_;
  int index_;

  LaneMask live_ = 0;
  LaneMask group_ = 0;  // the running group
  LaneMask executing_ = 0;
  uint32_t position_ = 0;       // next instruction of the running group
  uint32_t stop_position_ = 0;  // reconvergence: the running group stops before this one
  int budget_ = 0;              // taken branches left in this slice, which may take several turns
  bool giving_way_ = false;
  bool yielded_ = false;
  LaneMask last_ = 0;          // the group whose slice was used up; the next slice is another's
  std::vector<Group> groups_;  // all other groups
};

template <typename Leave>
void Warp::leave_barrier(int barrier, Leave leave) {
  for (Group& group : groups_) {
    if (group.wait != Wait::Barrier || group.barrier != barrier) continue;
    const LaneMask before = executing_;
    executing_ = group.lanes;
    leave(group.position);
    executing_ = before;
    group.wait = Wait::None;
    ++group.position;
    stop_position_ = 0;
  }
}

}  // namespace triton_runner::executor
