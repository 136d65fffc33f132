// The lanes of a warp: masks, and the loop that every lane-wise instruction is made of.
#pragma once

#include <bit>
#include <cstdint>

namespace triton_runner::executor {

constexpr int kLanes = 32;

// Bit l stands for lane l.
using LaneMask = uint32_t;
constexpr LaneMask kAllLanes = 0xFFFFFFFFu;

inline bool has_lane(LaneMask mask, int lane) { return (mask >> lane & 1) != 0; }
inline int first_lane(LaneMask mask) { return std::countr_zero(mask); }
inline LaneMask lanes_below(int count) { return count >= kLanes ? kAllLanes : (LaneMask{1} << count) - 1; }
inline LaneMask blend(LaneMask where, LaneMask yes, LaneMask no) { return (yes & where) | (no & ~where); }

// Calls body(lane) for every lane of the mask. With all lanes set it is a counted loop without dependences between
// iterations, which the compiler vectorises; lanes only ever touch their own column of a register, so the promise
// holds.
template <typename Body>
inline void for_each_lane(LaneMask mask, Body body) {
  if (mask == kAllLanes) [[likely]] {
#pragma GCC ivdep
    for (int lane = 0; lane < kLanes; ++lane) body(lane);
    return;
  }
  for (; mask != 0; mask &= mask - 1) body(first_lane(mask));
}

}  // namespace triton_runner::executor
