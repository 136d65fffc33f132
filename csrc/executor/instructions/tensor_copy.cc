// TMA: cp.async.bulk between global and shared memory, of plain bytes and of boxes of a tensor, and tensormap.replace,
// which writes descriptors (tensor_map.h).
//
// A copy completes where it is issued, and counts its bytes at its mbarrier at once. A box that reaches beyond the
// tensor is filled with zeros (or NaN) on its way in, and cut on its way out. Tested in
// tests/csrc/executor/test_tensor_copy.cc.
#include <algorithm>
#include <array>
#include <cstring>

#include "executor/cta.h"
#include "executor/decode_table.h"
#include "executor/instructions/mbarrier.h"
#include "executor/lanewise.h"
#include "executor/memory.h"
#include "executor/tensor_map.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::Space;
using ptx::Type;

constexpr uint64_t kBoxAlignment = 128;  // of a box in shared memory
constexpr uint32_t kChunk = 16;          // bytes: what a copy and a swizzle move at least

TensorMap read_map(Warp& warp, uint64_t address, int lane) {
  TensorMap map;
  std::memcpy(&map, locate_lane(warp, Space::Generic, address, sizeof(map), 64, false, lane), sizeof(map));
  if (map.rank < 1 || map.rank > kTensorMapRank || element_bytes(map) == 0 || map.interleave != 0) {
    throw Fault{lane, concat("no tensor map that the CPU executor knows: rank ", int{map.rank}, ", element type ",
                             int{map.element_type}, ", interleave ", int{map.interleave})};
  }
  return map;
}

// Where a byte of a box lies in shared memory: the swizzle exchanges 16-byte chunks by the bits of the row above them.
uint64_t swizzled(uint64_t address, uint8_t mode) {
  const uint64_t rows = (1u << mode) - 1;  // 0, 1, 3, 7
  return address ^ ((address >> 7 & rows) << 4);
}

// One row of a box: `count` elements that lie one after the other in global and, but for the swizzle, in shared memory.
struct Row {
  uint64_t shared;  // address in shared memory, before the swizzle
  uint64_t global;
  uint32_t first, last;  // the elements that lie inside the tensor
  uint32_t count;
};

// Calls visit(row) for each row of the box at `start`.
template <typename Visit>
void for_each_row(const TensorMap& map, const int32_t (&start)[kTensorMapRank], uint64_t shared, Visit visit) {
  const int64_t bytes = element_bytes(map);
  uint32_t rows = 1;
  for (int i = 1; i < map.rank; ++i) rows *= map.box[i];
  for (uint32_t row = 0; row < rows; ++row, shared += map.box[0] * bytes) {
    bool inside = true;
    uint64_t global = map.base + static_cast<uint64_t>(start[0] * bytes);
    for (uint32_t i = 1, left = row; i < map.rank; left /= map.box[i], ++i) {
      const int64_t at = start[i] + int64_t{left % map.box[i]};
      inside &= at >= 0 && at < static_cast<int64_t>(map.dims[i]);
      global += static_cast<uint64_t>(at) * map.strides[i - 1];
    }
    const int64_t extent = static_cast<int64_t>(map.dims[0]), count = map.box[0];
    const int64_t first = std::clamp<int64_t>(-int64_t{start[0]}, 0, count),
                  last = std::clamp<int64_t>(extent - start[0], first, count);
    visit(Row{shared, global, static_cast<uint32_t>(first), static_cast<uint32_t>(inside ? last : first),
              static_cast<uint32_t>(count)});
  }
}

// Calls copy(shared bytes, offset in the row, bytes) for pieces of a row that a swizzle does not tear apart.
template <typename Copy>
void for_each_piece(Warp& warp, const TensorMap& map, const Row& row, uint32_t first, uint32_t last, int lane,
                    bool writes, Copy copy) {
  const uint32_t bytes = element_bytes(map);
  for (uint64_t at = first * bytes; at < last * bytes;) {
    const uint64_t address = row.shared + at;
    const uint64_t size = std::min<uint64_t>(kChunk - address % kChunk, last * bytes - at);
    copy(locate_lane(warp, Space::Shared, swizzled(address, map.swizzle), size, 1, writes, lane), at, size);
    at += size;
  }
}

void fill_outside(std::byte* to, size_t bytes, const TensorMap& map) {
  std::memset(to, map.fill == 1 ? 0xFF : 0, bytes);  // all ones is a NaN in every float type
}

uint64_t load_box(Warp& warp, const TensorMap& map, const int32_t (&start)[kTensorMapRank], uint64_t shared, int lane) {
  uint64_t copied = 0;
  for_each_row(map, start, shared, [&](const Row& row) {
    const uint32_t bytes = element_bytes(map);
    const auto fill = [&](std::byte* to, uint64_t, uint64_t size) { fill_outside(to, size, map); };
    for_each_piece(warp, map, row, 0, row.first, lane, true, fill);
    for_each_piece(warp, map, row, row.last, row.count, lane, true, fill);
    if (row.last > row.first) {
      const uint64_t skipped = uint64_t{row.first} * bytes, inside = uint64_t{row.last - row.first} * bytes;
      const std::byte* source = locate_lane(warp, Space::Global, row.global + skipped, inside, 1, false, lane);
      for_each_piece(warp, map, row, row.first, row.last, lane, true, [&](std::byte* to, uint64_t at, uint64_t size) {
        std::memcpy(to, source + (at - skipped), size);
      });
    }
    copied += uint64_t{row.count} * bytes;
  });
  return copied;
}

void store_box(Warp& warp, const TensorMap& map, const int32_t (&start)[kTensorMapRank], uint64_t shared, int lane) {
  for_each_row(map, start, shared, [&](const Row& row) {
    if (row.last == row.first) return;
    const uint32_t bytes = element_bytes(map);
    const uint64_t skipped = uint64_t{row.first} * bytes, inside = uint64_t{row.last - row.first} * bytes;
    std::byte* target = locate_lane(warp, Space::Global, row.global + skipped, inside, 1, true, lane);
    for_each_piece(warp, map, row, row.first, row.last, lane, false, [&](std::byte* from, uint64_t at, uint64_t size) {
      std::memcpy(target + (at - skipped), from, size);
    });
  });
}

// Addresses of operands, with their offsets added, as columns of 64 bits.
void widen(Warp& warp, const Instruction& in) {
  write_lanes<uint64_t>(warp, in[0], [&](int lane) {
    const uint64_t base = in.address_bytes == 8 ? warp.lanes<uint64_t>(in[1])[lane] : warp.lanes<uint32_t>(in[1])[lane];
    return base + static_cast<uint64_t>(in.immediate);
  });
}
Slot address_column(Decoder& d, const Address& address) {
  if (address.bytes == 8 && address.offset == 0) return address.slot;
  const Slot column = d.scratch(Type::B64);
  Instruction& in = d.emit(widen, {column, address.slot});
  in.immediate = address.offset;
  in.address_bytes = address.bytes;
  return column;
}

uint64_t lane_of(Warp& warp, Slot column, int lane) { return warp.lanes<uint64_t>(column)[lane]; }

// Operands: shared address, map address, mbarrier address or none, coordinates.
template <bool Loads>
void copy_tensor(Warp& warp, const Instruction& in) {
  for_each_lane(warp.executing(), [&](int lane) {
    const TensorMap map = read_map(warp, lane_of(warp, in[1], lane), lane);
    if (map.rank != in.element_count)
      throw Fault{lane, concat("a copy of rank ", int{in.element_count}, " with a map of rank ", int{map.rank})};
    int32_t start[kTensorMapRank] = {};
    for (int i = 0; i < map.rank; ++i) start[i] = warp.lanes<int32_t>(in[3 + i])[lane];
    const uint64_t shared = lane_of(warp, in[0], lane);
    if (shared % kBoxAlignment != 0) {
      throw Fault{
          lane, concat("a tensor copy at byte ", shared, " of shared memory, which is no multiple of ", kBoxAlignment)};
    }
    if (!Loads) return store_box(warp, map, start, shared, lane);
    const uint64_t bytes = load_box(warp, map, start, shared, lane);
    complete_bytes(locate_lane(warp, Space::Shared, lane_of(warp, in[2], lane), 8, 8, true, lane),
                   static_cast<int64_t>(bytes));
  });
}

// Operands: destination, source, bytes, mbarrier or none. `space` is that of the destination.
void copy_bytes(Warp& warp, const Instruction& in) {
  const Space from_space = in.space == Space::Global ? Space::Shared : Space::Global;
  for_each_lane(warp.executing(), [&](int lane) {
    const uint32_t bytes = warp.lanes<uint32_t>(in[2])[lane];
    if (bytes % kChunk != 0)
      throw Fault{lane, concat("a bulk copy of ", bytes, " bytes, which is no multiple of ", kChunk)};
    if (bytes == 0) return;
    std::byte* to = locate_lane(warp, in.space, lane_of(warp, in[0], lane), bytes, kChunk, true, lane);
    std::memcpy(to, locate_lane(warp, from_space, lane_of(warp, in[1], lane), bytes, kChunk, false, lane), bytes);
    if (in[3] != kNoSlot)
      complete_bytes(locate_lane(warp, Space::Shared, lane_of(warp, in[3], lane), 8, 8, true, lane), bytes);
  });
}

// Operands: the address of the map, the value. `element_count` is the dimension.
template <typename Value, auto Set>
void replace(Warp& warp, const Instruction& in) {
  for_each_lane(warp.executing(), [&](int lane) {
    std::byte* at = locate_lane(warp, in.space, lane_of(warp, in[0], lane), sizeof(TensorMap), 64, true, lane);
    TensorMap map;
    std::memcpy(&map, at, sizeof(map));
    Set(map, in.element_count, warp.lanes<Value>(in[1])[lane]);
    std::memcpy(at, &map, sizeof(map));
  });
}

void set_address(TensorMap& map, int, uint64_t value) { map.base = value; }
void set_stride(TensorMap& map, int i, uint64_t value) { map.strides[i] = value; }
void set_stride_in_chunks(TensorMap& map, int i, uint64_t value) { map.strides[i] = value * kChunk; }
void set_rank(TensorMap& map, int, uint32_t value) { map.rank = static_cast<uint8_t>(value + 1); }
void set_box(TensorMap& map, int i, uint32_t value) { map.box[i] = static_cast<uint16_t>(value); }
void set_dim(TensorMap& map, int i, uint32_t value) { map.dims[i] = value; }
void set_element_stride(TensorMap& map, int i, uint32_t value) { map.element_strides[i] = value; }
void set_element_type(TensorMap& map, int, uint32_t value) { map.element_type = static_cast<uint8_t>(value); }
void set_interleave(TensorMap& map, int, uint32_t value) { map.interleave = static_cast<uint8_t>(value); }
void set_swizzle(TensorMap& map, int, uint32_t value) { map.swizzle = static_cast<uint8_t>(value); }
void set_fill(TensorMap& map, int, uint32_t value) { map.fill = static_cast<uint8_t>(value); }

struct Field {
  Mod name;
  Handler handler;
  int entries;  // 0: the field is no array
};
constexpr Field kFields[] = {
    {Mod::GlobalAddress, replace<uint64_t, set_address>, 0},
    {Mod::GlobalStride, replace<uint64_t, set_stride>, kTensorMapRank - 1},
    {Mod::Rank, replace<uint32_t, set_rank>, 0},
    {Mod::BoxDim, replace<uint32_t, set_box>, kTensorMapRank},
    {Mod::GlobalDim, replace<uint32_t, set_dim>, kTensorMapRank},
    {Mod::ElementStride, replace<uint32_t, set_element_stride>, kTensorMapRank},
    {Mod::Elemtype, replace<uint32_t, set_element_type>, 0},
    {Mod::InterleaveLayout, replace<uint32_t, set_interleave>, 0},
    {Mod::SwizzleMode, replace<uint32_t, set_swizzle>, 0},
    {Mod::FillMode, replace<uint32_t, set_fill>, 0},
};

// All lanes give the same addresses; one copies.
void copy_map(Warp& warp, const Instruction& in) {
  if (!warp.converged(kAllLanes)) return;
  const int lane = first_lane(warp.executing());
  std::byte* to = locate_lane(warp, Space::Global, lane_of(warp, in[0], lane), sizeof(TensorMap), 128, true, lane);
  std::memcpy(to, locate_lane(warp, Space::Shared, lane_of(warp, in[1], lane), sizeof(TensorMap), 128, false, lane),
              sizeof(TensorMap));
}

}  // namespace

// Loads: [shared], [map, {coordinates}], [mbarrier]. Stores: [map, {coordinates}], [shared].
void decode_tensor_copy(Decoder& d) {
  constexpr std::array words = {
      Mod::Dim1,      Mod::Dim2,          Mod::Dim3,      Mod::Dim4,   Mod::Dim5,
      Mod::Tile,      Mod::SharedCluster, Mod::SharedCta, Mod::Global, Mod::MbarrierCompleteTxBytes,
      Mod::BulkGroup, Mod::L2CacheHint};
  const bool loads = d.has(Mod::MbarrierCompleteTxBytes);
  for (const Mod word : words) d.take(word);
  const ptx::Operand& tensor = d.operand(loads ? 1 : 0);
  const Slot shared = address_column(d, d.address(d.operand(loads ? 0 : 1), Space::Shared));
  const Slot map = address_column(d, d.address(tensor, Space::Generic));
  const Slot barrier = loads ? address_column(d, d.address(d.operand(2), Space::Shared)) : kNoSlot;
  std::vector<Slot> slots{shared, map, barrier};
  for (const ptx::Operand& coordinate : tensor.elements) slots.push_back(d.source(coordinate, Type::S32));
  d.emit(loads ? copy_tensor<true> : copy_tensor<false>, slots).element_count =
      static_cast<uint8_t>(tensor.elements.size());
}

// [destination], [source], bytes{, [mbarrier]}
void decode_bulk_copy(Decoder& d) {
  const bool to_global = d.has(Mod::BulkGroup), from_global = !to_global && d.has(Mod::Global);
  constexpr std::array words = {Mod::SharedCluster,           Mod::SharedCta, Mod::Global,
                                Mod::MbarrierCompleteTxBytes, Mod::BulkGroup, Mod::L2CacheHint};
  for (const Mod word : words) d.take(word);
  if (!to_global && !from_global) d.unsupported("a copy from shared to shared memory");
  const Slot to = address_column(d, d.address(d.operand(0), to_global ? Space::Global : Space::Shared));
  const Slot from = address_column(d, d.address(d.operand(1), to_global ? Space::Shared : Space::Global));
  const Slot bytes = d.source(2, Type::B32);
  const Slot barrier = to_global ? kNoSlot : address_column(d, d.address(d.operand(3), Space::Shared));
  d.emit(copy_bytes, {to, from, bytes, barrier}).space = to_global ? Space::Global : Space::Shared;
}

void decode_tensormap_replace(Decoder& d) {
  d.take(Mod::Tile);
  const Space space = d.space();
  d.type(0);
  d.type(1);
  for (const Field& field : kFields) {
    if (!d.take(field.name)) continue;
    const bool is_array = field.entries > 0;
    const uint64_t entry = is_array ? d.immediate(1) : 0;
    if (is_array && entry >= static_cast<uint64_t>(field.entries))
      d.unsupported("entry ", entry, " of a field of ", field.entries);
    const bool wide = field.name == Mod::GlobalAddress || field.name == Mod::GlobalStride;
    const Slot map = address_column(d, d.address(d.operand(0), space));
    // Up to PTX 8.5, ptxas took a stride as the map holds it, in units of 16 bytes, and Triton hands it over so.
    const ptx::Module& module = d.module();
    const bool in_chunks =
        field.name == Mod::GlobalStride && std::pair(module.version_major, module.version_minor) <= std::pair(8u, 5u);
    const Handler handler = in_chunks ? replace<uint64_t, set_stride_in_chunks> : field.handler;
    Instruction& in = d.emit(handler, {map, d.source(is_array ? 2 : 1, wide ? Type::B64 : Type::B32)});
    in.space = space;
    in.element_count = static_cast<uint8_t>(entry);
    return;
  }
  d.unsupported("this field of a tensor map");
}

void decode_tensormap_copy(Decoder& d) {
  d.ignore_suffixes();
  if (d.immediate(2) != sizeof(TensorMap)) d.unsupported("a tensor map of ", d.immediate(2), " bytes");
  const Slot to = address_column(d, d.address(d.operand(0), Space::Global));
  const Slot from = address_column(d, d.address(d.operand(1), Space::Shared));
  d.emit(copy_map, {to, from});
}

}  // namespace triton_runner::executor
