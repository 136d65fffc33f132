// Loads and stores of every space, width and vector length, and the hints that change nothing here.
//
// A load fills its register: sign-extended for signed types, else with zeros. Elements are read and written with
// relaxed atomic accesses, so that kernels that race do what they do on a GPU, and no more. Tested in
// tests/csrc/executor/test_memory.cc.
#include <array>

#include "executor/cta.h"
#include "executor/decode_table.h"
#include "executor/lanewise.h"
#include "executor/memory.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::Space;
using ptx::Type;

__extension__ typedef unsigned __int128 uint128;

template <typename T>
T read(const std::byte* from) {
  return __atomic_load_n(reinterpret_cast<const T*>(from), __ATOMIC_RELAXED);
}
template <>
uint128 read<uint128>(const std::byte* from) {
  return static_cast<uint128>(read<uint64_t>(from + 8)) << 64 | read<uint64_t>(from);
}

template <typename T>
void write(std::byte* to, T value) {
  __atomic_store_n(reinterpret_cast<T*>(to), value, __ATOMIC_RELAXED);
}
template <>
void write<uint128>(std::byte* to, uint128 value) {
  write(to, static_cast<uint64_t>(value));
  write(to + 8, static_cast<uint64_t>(value >> 64));
}

// Operands: the destinations, then the address.
template <typename Element, typename Register>
void load(Warp& warp, const Instruction& in) {
  Pointers from;
  locate(warp, access_of(in, in[in.element_count]), warp.executing(), from);
  for (int i = 0; i < in.element_count; ++i) {
    write_lanes<Register>(warp, in[i], [&](int lane) {
      return static_cast<Register>(read<Element>(from[lane] + i * static_cast<int>(sizeof(Element))));
    });
  }
  if (in.polls) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    warp.cta().note_poll();
  }
}

// Operands: the sources, then the address.
template <typename Element, typename Register>
void store(Warp& warp, const Instruction& in) {
  Pointers to;
  locate(warp, access_of(in, in[in.element_count]), warp.executing(), to);
  if (in.polls) __atomic_thread_fence(__ATOMIC_RELEASE);
  for (int i = 0; i < in.element_count; ++i) {
    const Register* source = warp.lanes<Register>(in[i]);
    for_each_lane(warp.executing(), [&](int lane) {
      write(to[lane] + i * static_cast<int>(sizeof(Element)), static_cast<Element>(source[lane]));
    });
  }
}

// A load or store of an element type through registers of some width: signs are extended in registers that are wider.
template <typename Element>
Handler load_handler(uint32_t register_bits) {
  switch (register_bits) {
    case 8:
    case 16:
      return sizeof(Element) <= 2 ? load<Element, uint16_t> : nullptr;
    case 32:
      return sizeof(Element) <= 4 ? load<Element, uint32_t> : nullptr;
    case 64:
      return sizeof(Element) <= 8 ? load<Element, uint64_t> : nullptr;
    default:
      return nullptr;
  }
}
template <typename Element>
Handler store_handler(uint32_t register_bits) {
  switch (register_bits) {
    case 8:
    case 16:
      return sizeof(Element) <= 2 ? store<Element, uint16_t> : nullptr;
    case 32:
      return sizeof(Element) <= 4 ? store<Element, uint32_t> : nullptr;
    case 64:
      return sizeof(Element) <= 8 ? store<Element, uint64_t> : nullptr;
    default:
      return nullptr;
  }
}

Handler find_load(Type type, uint32_t register_bits) {
  switch (type) {
    case Type::S8:
      return load_handler<int8_t>(register_bits);
    case Type::S16:
      return load_handler<int16_t>(register_bits);
    case Type::S32:
      return load_handler<int32_t>(register_bits);
    default:
      break;
  }
  switch (ptx::type_bits(type)) {
    case 8:
      return load_handler<uint8_t>(register_bits);
    case 16:
      return load_handler<uint16_t>(register_bits);
    case 32:
      return load_handler<uint32_t>(register_bits);
    case 64:
      return load_handler<uint64_t>(register_bits);
    case 128:
      return register_bits == 128 ? load<uint128, uint128> : nullptr;
    default:
      return nullptr;
  }
}

Handler find_store(Type type, uint32_t register_bits) {
  switch (ptx::type_bits(type)) {
    case 8:
      return store_handler<uint8_t>(register_bits);
    case 16:
      return store_handler<uint16_t>(register_bits);
    case 32:
      return store_handler<uint32_t>(register_bits);
    case 64:
      return store_handler<uint64_t>(register_bits);
    case 128:
      return register_bits == 128 ? store<uint128, uint128> : nullptr;
    default:
      return nullptr;
  }
}

// Takes the memory order and says whether the access may be one that waits for another CTA.
bool take_order(Decoder& d) {
  constexpr std::array orders = {Mod::Volatile, Mod::Relaxed, Mod::Acquire, Mod::Release, Mod::AcqRel, Mod::Mmio};
  constexpr std::array scopes = {Mod::Cta, Mod::Cluster, Mod::Gpu, Mod::Sys};
  d.take(Mod::Weak);
  d.take_one_of(scopes);
  return d.take_one_of(orders) != Mod::Count;
}

void take_vector(Decoder& d) {
  constexpr std::array vectors = {Mod::V2, Mod::V4, Mod::V8};
  d.take_one_of(vectors);
}

void fill(Instruction& in, const Address& address, Type type, size_t count, bool writes, bool polls) {
  in.immediate = address.offset;
  in.space = address.space;
  in.address_bytes = address.bytes;
  in.element_bytes = static_cast<uint8_t>(ptx::type_bits(type) / 8);
  in.element_count = static_cast<uint8_t>(count);
  in.writes = writes;
  in.polls = polls;
}

// The width of the registers of a vector; all are alike, and of `_` any will do.
uint32_t width_of(Decoder& d, const ptx::Operand& operand, Type type) {
  if (operand.kind == ptx::OperandKind::Vector) {
    for (const ptx::Operand& element : operand.elements) {
      if (const uint32_t bits = d.register_bits(element); bits != 0) return bits;
    }
  }
  const uint32_t bits = d.register_bits(operand);
  return bits != 0 ? bits : std::max<uint32_t>(ptx::type_bits(type), 16);
}

}  // namespace

void decode_load(Decoder& d) {
  const bool polls = take_order(d);
  const Space space = d.space();
  d.ignore_cache_hints();
  take_vector(d);
  d.take(Mod::Unified);
  const Type type = d.type();
  const Address address = d.address(d.operand(1), space);
  const uint32_t width = width_of(d, d.operand(0), type);
  std::vector<Slot> slots = d.destinations(0, bits_type(width));
  const size_t count = slots.size();
  slots.push_back(address.slot);
  const Handler handler = find_load(type, width);
  fill(d.emit(handler, slots), address, type, count, false, polls);
}

void decode_store(Decoder& d) {
  const bool orders = take_order(d);
  const Space space = d.space();
  d.ignore_cache_hints();
  take_vector(d);
  const Type type = d.type();
  const Address address = d.address(d.operand(0), space);
  const uint32_t width = width_of(d, d.operand(1), type);
  std::vector<Slot> slots = d.sources(1, bits_type(width));
  const size_t count = slots.size();
  slots.push_back(address.slot);
  fill(d.emit(find_store(type, width), slots), address, type, count, true, orders);
}

}  // namespace triton_runner::executor
