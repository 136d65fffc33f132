#include "executor/memory.h"

#include <algorithm>
#include <sstream>

#include "executor/cta.h"
#include "executor/program.h"
#include "executor/warp.h"
#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

using ptx::Space;

uint64_t begin_of(const Region& region) { return reinterpret_cast<uintptr_t>(region.base); }

std::string hexadecimal(uint64_t value) {
  std::ostringstream out;
  out << "0x" << std::hex << value;
  return out.str();
}

std::string describe_access(uint64_t bytes, bool writes) {
  return concat(writes ? "write of " : "read of ", bytes, bytes == 1 ? " byte" : " bytes");
}

// How far an access that a region does not hold is from it.
uint64_t distance(const Region& region, uint64_t address, uint64_t bytes) {
  const uint64_t begin = begin_of(region), end = begin + region.bytes;
  if (address < begin) return begin - address;
  return address >= end ? address - end : address + bytes - end;
}

std::string_view space_name(Space space) {
  switch (space) {
    case Space::Shared:
      return "shared";
    case Space::Local:
      return "local";
    case Space::Param:
      return "parameter";
    default:
      return "global";
  }
}

// The space of a generic address, and the address in it.
Space leave_window(uint64_t& address) {
  const uint64_t window = address & kWindowMask;
  if (window == 0) return Space::Global;
  address &= ~kWindowMask;
  if (window == kSharedWindow) return Space::Shared;
  if (window == kLocalWindow) return Space::Local;
  if (window == kParamWindow) return Space::Param;
  address |= window;
  return Space::Global;
}

// The bytes of a space other than global, as one thread sees them.
std::span<std::byte> bytes_of(Warp& warp, Space space, int lane) {
  Cta& cta = warp.cta();
  if (space == Space::Shared) return cta.shared();
  if (space == Space::Local) return {cta.local(warp.index(), lane), warp.program().local_bytes};
  const std::span<const std::byte> params = cta.grid().launch.params;
  return {const_cast<std::byte*>(params.data()), params.size()};  // written by no instruction: see locate_lane
}

std::byte* locate_global(Warp& warp, uint64_t address, uint64_t bytes, bool writes, int lane) {
  Cta& cta = warp.cta();
  const Region* region = cta.grid().global.find(address, bytes, writes);
  if (region == nullptr) throw Fault{lane, cta.grid().global.describe(address, bytes, writes)};
  cta.last_region = region;
  return reinterpret_cast<std::byte*>(address);
}

uint64_t lane_address(Warp& warp, const Access& access, int lane) {
  const uint64_t offset = static_cast<uint64_t>(access.offset);
  if (access.address_bytes == 8) return warp.lanes<uint64_t>(access.address)[lane] + offset;
  return warp.lanes<uint32_t>(access.address)[lane] + static_cast<uint32_t>(offset);
}

// Addresses `begin` to `begin + size` of a space, which lie at `host`.
struct Extent {
  uint64_t begin;
  uint64_t size;
  uintptr_t host;
};

// All lanes inside one extent: the common case, without a branch for each lane.
template <typename Address>
bool locate_inside(Warp& warp, const Access& access, LaneMask lanes, const Extent& extent, Pointers& pointers) {
  if (extent.size < access.bytes) return false;
  const Address* addresses = warp.lanes<Address>(access.address);
  const Address offset = static_cast<Address>(access.offset);
  const uint64_t last = extent.size - access.bytes, low_bits = access.alignment - 1;
  uint64_t bad = 0;
  for_each_lane(lanes, [&](int lane) {
    const uint64_t address = static_cast<Address>(addresses[lane] + offset);
    bad |= (address & low_bits) | static_cast<uint64_t>(address - extent.begin > last);
    pointers[lane] = reinterpret_cast<std::byte*>(extent.host + (address - extent.begin));
  });
  return bad == 0;
}

}  // namespace

uint64_t window_of(Space space) {
  switch (space) {
    case Space::Shared:
      return kSharedWindow;
    case Space::Local:
      return kLocalWindow;
    case Space::Param:
      return kParamWindow;
    default:
      return 0;
  }
}

const Region* GlobalMemory::find(uint64_t address, uint64_t bytes, bool writes) const {
  for (const Region& region : regions_) {
    const uint64_t offset = address - begin_of(region);
    if (offset <= region.bytes && region.bytes - offset >= bytes && (region.writable || !writes)) return &region;
  }
  return nullptr;
}

std::string GlobalMemory::describe(uint64_t address, uint64_t bytes, bool writes) const {
  if (writes && find(address, bytes, false) != nullptr) {
    const Region& region = *find(address, bytes, false);
    return concat(describe_access(bytes, true), " at ", hexadecimal(address), ", which is byte ",
                  address - begin_of(region), " of ", region.name, ", and that is read-only in this launch");
  }
  std::string text = concat("out-of-bounds ", describe_access(bytes, writes), " at ",
                            address == 0 ? "the null address" : hexadecimal(address));
  const auto nearest = std::min_element(regions_.begin(), regions_.end(), [&](const Region& a, const Region& b) {
    return distance(a, address, bytes) < distance(b, address, bytes);
  });
  if (nearest == regions_.end()) return text + "; this launch has no global memory";
  const uint64_t begin = begin_of(*nearest);
  const int64_t offset = static_cast<int64_t>(address - begin);
  return concat(text, "; the nearest region is ", nearest->name, ", ", nearest->bytes, " bytes at ", hexadecimal(begin),
                ", and the access is at offset ", offset, " of it");
}

std::byte* locate_lane(Warp& warp, Space space, uint64_t address, uint64_t bytes, uint32_t alignment, bool writes,
                       int lane) {
  const uint64_t shown = address;
  if (space == Space::Generic) space = leave_window(address);
  if ((address & (alignment - 1)) != 0) {
    throw Fault{lane, concat("misaligned ", describe_access(bytes, writes), " of ", space_name(space), " memory at ",
                             hexadecimal(shown), ", which must be a multiple of ", alignment)};
  }
  if (space == Space::Global || space == Space::Const) return locate_global(warp, address, bytes, writes, lane);
  const std::span<std::byte> memory = bytes_of(warp, space, lane);
  if (address > memory.size() || memory.size() - address < bytes) {
    throw Fault{lane, concat("out-of-bounds ", describe_access(bytes, writes), " at ", hexadecimal(address), " of ",
                             space_name(space), " memory, which has ", memory.size(), " bytes")};
  }
  if (writes && space == Space::Param) {
    throw Fault{lane, concat(describe_access(bytes, true), " into the kernel's parameters, which are read-only")};
  }
  return memory.data() + address;
}

void locate(Warp& warp, const Access& access, LaneMask lanes, Pointers& pointers) {
  const auto inside = [&](const Extent& extent) {
    return access.address_bytes == 8 ? locate_inside<uint64_t>(warp, access, lanes, extent, pointers)
                                     : locate_inside<uint32_t>(warp, access, lanes, extent, pointers);
  };
  if (access.space == Space::Shared) {
    const std::span<std::byte> shared = warp.cta().shared();
    if (inside({0, shared.size(), reinterpret_cast<uintptr_t>(shared.data())})) return;
  } else if (access.space == Space::Global || access.space == Space::Generic) {
    const Region* region = warp.cta().last_region;
    if (region != nullptr && (region->writable || !access.writes) &&
        inside({begin_of(*region), region->bytes, begin_of(*region)})) {
      return;
    }
  }
  for (LaneMask left = lanes; left != 0; left &= left - 1) {
    const int lane = first_lane(left);
    pointers[lane] = locate_lane(warp, access.space, lane_address(warp, access, lane), access.bytes, access.alignment,
                                 access.writes, lane);
  }
}

}  // namespace triton_runner::executor
