// Where the addresses of a kernel lead: the address windows, the checks of every access, and the fault that a failed
// one is.
//
// A global address is a host address and must lie inside one of the launch's regions. Shared, local and parameter
// addresses count from 0 in their own space; as generic addresses they live in windows above every host address. Tested
// in tests/csrc/executor/test_memory.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "executor/instruction.h"
#include "executor/lanes.h"
#include "runtime/driver.h"

namespace triton_runner::executor {

class Warp;

// Generic addresses of the other spaces. The low 32 bits of a window are zero, so that truncating a generic address to
// 32 bits gives the address in its space.
constexpr uint64_t kWindowMask = 0xF000'0000'0000'0000;
constexpr uint64_t kSharedWindow = 0x1000'0000'0000'0000;
constexpr uint64_t kLocalWindow = 0x2000'0000'0000'0000;
constexpr uint64_t kParamWindow = 0x3000'0000'0000'0000;
uint64_t window_of(ptx::Space space);  // 0 for global and const

// Thrown by a handler, caught where the launch knows the position; `lane` is -1 where all lanes are to blame.
struct Fault {
  int lane;
  std::string text;
};

// The regions of one launch, the caller's and those of the module's own variables. Immutable, shared by all threads.
class GlobalMemory {
 public:
  explicit GlobalMemory(std::vector<Region> regions) : regions_(std::move(regions)) {}

  // The region that holds all of the access; null where none does.
  const Region* find(uint64_t address, uint64_t bytes, bool writes) const;
  // "4 bytes past the end of x_ptr (400 bytes at 0x...)": the nearest region to an address that is in none.
  std::string describe(uint64_t address, uint64_t bytes, bool writes) const;

 private:
  std::vector<Region> regions_;
};

// One memory operand of a warp instruction.
struct Access {
  Slot address;
  int64_t offset;
  ptx::Space space;
  uint8_t address_bytes;
  uint32_t bytes;
  uint32_t alignment;
  bool writes;
};
inline Access access_of(const Instruction& in, Slot address) {
  const uint32_t bytes = in.element_bytes * in.element_count;
  return {address, in.immediate, in.space, in.address_bytes, bytes, bytes, in.writes};
}

using Pointers = std::byte* [kLanes];

// Turns the address of each lane into a host pointer. Throws the Fault of the first lane whose access is not allowed.
void locate(Warp& warp, const Access& access, LaneMask lanes, Pointers& pointers);
std::byte* locate_lane(Warp& warp, ptx::Space space, uint64_t address, uint64_t bytes, uint32_t alignment, bool writes,
                       int lane);

}  // namespace triton_runner::executor
