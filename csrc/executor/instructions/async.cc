// cp.async: copies from global to shared memory that need not wait.
//
// A copy completes where it is issued, which is one of the orders that the PTX ISA allows, so commit and wait have
// nothing to do. Tested in tests/csrc/executor/test_async.cc.
#include <algorithm>
#include <array>
#include <cstring>

#include "executor/decode_table.h"
#include "executor/lanewise.h"
#include "executor/memory.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::Space;
using ptx::Type;

// Operands: destination and source address, bytes to read. What is not read is filled with zeros; where nothing is, the
// source address may be any. The offset of the source is in `source_offset`.
void cp_async(Warp& warp, const Instruction& in) {
  const uint32_t bytes = in.element_bytes;
  const Access to{in[0], in.immediate, in.space, in.address_bytes, bytes, bytes, true};
  Pointers destination, source;
  locate(warp, to, warp.executing(), destination);

  const uint32_t* read = warp.lanes<uint32_t>(in[2]);
  const LaneMask whole = lanes_where(warp, [&](int lane) { return read[lane] >= bytes; });
  const Access from{in[1], 0, Space::Global, 8, bytes, bytes, false};
  locate(warp, from, whole, source);
  for_each_lane(whole, [&](int lane) { std::memcpy(destination[lane], source[lane], bytes); });

  const uint64_t* addresses = warp.lanes<uint64_t>(in[1]);
  for_each_lane(warp.executing() & ~whole, [&](int lane) {
    std::memset(destination[lane], 0, bytes);
    if (read[lane] == 0) return;
    std::memcpy(destination[lane], locate_lane(warp, Space::Global, addresses[lane], read[lane], 1, false, lane),
                read[lane]);
  });
}

void add_offset(Warp& warp, const Instruction& in) {
  const uint64_t* a = warp.lanes<uint64_t>(in[1]);
  const uint64_t offset = static_cast<uint64_t>(in.immediate);
  write_lanes<uint64_t>(warp, in[0], [&](int lane) { return a[lane] + offset; });
}

uint32_t nothing_if(uint32_t bytes, bool ignored) { return ignored ? 0 : bytes; }

// The bytes to read: the third operand, or less by the fourth, which is a size or a predicate that ignores the source.
Slot bytes_to_read(Decoder& d, uint64_t bytes, bool has_policy) {
  const Slot all = d.constant(bytes, Type::B32);
  if (d.operand_count() == (has_policy ? 4 : 3)) return all;
  const ptx::Operand& size = d.operand(3);
  if (d.register_bits(size) != 1) return d.source(size, Type::B32);
  const Slot read = d.scratch(Type::B32);
  d.emit(lanewise<nothing_if>, {read, all, d.predicate(size)});
  return read;
}

}  // namespace

void decode_cp_async(Decoder& d) {
  constexpr std::array words = {Mod::Ca, Mod::Cg, Mod::Shared, Mod::SharedCta, Mod::Global};
  for (const Mod word : words) d.take(word);
  const bool has_policy = d.take(Mod::L2CacheHint);
  d.ignore_cache_hints();
  const uint64_t bytes = d.immediate(2);
  if (bytes != 4 && bytes != 8 && bytes != 16) d.unsupported("a copy of ", bytes, " bytes");
  const Address to = d.address(d.operand(0), Space::Shared), from = d.address(d.operand(1), Space::Global);
  if (from.bytes != 8) d.unsupported("a global address in a register of 32 bits");
  Slot source = from.slot;
  if (from.offset != 0) {
    source = d.scratch(Type::B64);
    d.emit(add_offset, {source, from.slot}).immediate = from.offset;
  }
  Instruction& in = d.emit(cp_async, {to.slot, source, bytes_to_read(d, bytes, has_policy)});
  in.immediate = to.offset;
  in.space = to.space;
  in.address_bytes = to.bytes;
  in.element_bytes = static_cast<uint8_t>(bytes);
  in.writes = true;
}

}  // namespace triton_runner::executor
