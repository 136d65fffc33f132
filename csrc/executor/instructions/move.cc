// Data movement between registers and address spaces: mov prmt cvta isspacep mapa, and what reads the clock.
// Tested in tests/csrc/executor/test_move.cc.
#include <algorithm>
#include <array>
#include <chrono>

#include "executor/decode_table.h"
#include "executor/instructions/by_type.h"
#include "executor/lanewise.h"
#include "executor/memory.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::OperandKind;
using ptx::Special;
using ptx::Type;

template <typename T>
T move(T a) {
  return a;
}
void move_predicate(Warp& warp, const Instruction& in) { warp.set_predicate(in[0], warp.predicate(in[1])); }

__extension__ typedef unsigned __int128 uint128;

// mov d, {a, b, ..}: the first element is the lowest.
template <typename Whole, typename Part>
void pack(Warp& warp, const Instruction& in) {
  constexpr int kParts = sizeof(Whole) / sizeof(Part);
  write_lanes<Whole>(warp, in[0], [&](int lane) {
    Whole whole = 0;
    for (int i = 0; i < kParts; ++i)
      whole |= static_cast<Whole>(warp.lanes<Part>(in[1 + i])[lane]) << (8 * sizeof(Part) * i);
    return whole;
  });
}

// mov {a, b, ..}, d: d is read before anything is written, since it may be one of the parts.
template <typename Whole, typename Part>
void unpack(Warp& warp, const Instruction& in) {
  constexpr int kParts = sizeof(Whole) / sizeof(Part);
  for_each_lane(warp.executing(), [&](int lane) {
    const Whole whole = warp.lanes<Whole>(in[kParts])[lane];
    for (int i = 0; i < kParts; ++i) warp.lanes<Part>(in[i])[lane] = static_cast<Part>(whole >> (8 * sizeof(Part) * i));
  });
}

struct Packing {
  uint32_t whole_bits;
  size_t parts;
  Handler pack;
  Handler unpack;
  Type part;
};
constexpr Packing kPackings[] = {
    {32, 2, pack<uint32_t, uint16_t>, unpack<uint32_t, uint16_t>, Type::B16},
    {64, 2, pack<uint64_t, uint32_t>, unpack<uint64_t, uint32_t>, Type::B32},
    {64, 4, pack<uint64_t, uint16_t>, unpack<uint64_t, uint16_t>, Type::B16},
    {128, 2, pack<uint128, uint64_t>, unpack<uint128, uint64_t>, Type::B64},
    {128, 4, pack<uint128, uint32_t>, unpack<uint128, uint32_t>, Type::B32},
};

// {a, b} of four bytes in a word, whose parts have registers of 16 bits like everything of eight.
void pack_bytes(Warp& warp, const Instruction& in) {
  write_lanes<uint32_t>(warp, in[0], [&](int lane) {
    uint32_t whole = 0;
    for (int i = 0; i < 4; ++i) whole |= static_cast<uint32_t>(warp.lanes<uint16_t>(in[1 + i])[lane] & 0xFF) << (8 * i);
    return whole;
  });
}
void unpack_bytes(Warp& warp, const Instruction& in) {
  for_each_lane(warp.executing(), [&](int lane) {
    const uint32_t whole = warp.lanes<uint32_t>(in[4])[lane];
    for (int i = 0; i < 4; ++i) warp.lanes<uint16_t>(in[i])[lane] = static_cast<uint8_t>(whole >> (8 * i));
  });
}
constexpr Packing kBytePacking = {32, 4, pack_bytes, unpack_bytes, Type::B8};

const Packing& find_packing(Decoder& d, uint32_t whole_bits, size_t parts) {
  if (whole_bits == 32 && parts == 4) return kBytePacking;
  for (const Packing& packing : kPackings) {
    if (packing.whole_bits == whole_bits && packing.parts == parts) return packing;
  }
  d.unsupported("a mov of ", parts, " elements and ", whole_bits, " bits");
}

// The clock counts nanoseconds, on all registers alike.
uint64_t nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}
template <typename T, int Shift>
void read_clock(Warp& warp, const Instruction& in) {
  const T now = static_cast<T>(nanoseconds() >> Shift);
  write_lanes<T>(warp, in[0], [&](int) { return now; });
}
Handler clock_handler(Special special) {
  switch (special) {
    case Special::Clock:
    case Special::GlobaltimerLo:
      return read_clock<uint32_t, 0>;
    case Special::ClockHi:
    case Special::GlobaltimerHi:
      return read_clock<uint32_t, 32>;
    case Special::Clock64:
    case Special::Globaltimer:
      return read_clock<uint64_t, 0>;
    default:
      return nullptr;
  }
}

Handler move_handler(Type type) {
  if (type == Type::Pred) return move_predicate;
  if (type == Type::B128) return lanewise<move<uint128>>;
  return by_width(type, []<typename T>() { return lanewise<move<T>>; });
}

// prmt: each byte of the result is one of the eight bytes of b:a.
uint8_t select_byte(uint64_t bytes, uint32_t selector) {
  const uint8_t byte = static_cast<uint8_t>(bytes >> (8 * (selector & 7)));
  if ((selector & 8) == 0) return byte;
  return (byte & 0x80) != 0 ? 0xFF : 0;  // the sign, in every bit
}
uint32_t permute(uint32_t a, uint32_t b, const uint32_t (&selectors)[4]) {
  const uint64_t bytes = uint64_t{b} << 32 | a;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) result |= static_cast<uint32_t>(select_byte(bytes, selectors[i])) << (8 * i);
  return result;
}
uint32_t prmt(uint32_t a, uint32_t b, uint32_t c) {
  return permute(a, b, {c & 15, c >> 4 & 15, c >> 8 & 15, c >> 12 & 15});
}
uint32_t prmt_f4e(uint32_t a, uint32_t b, uint32_t c) {
  c &= 3;
  return permute(a, b, {c, c + 1, c + 2, c + 3});
}
uint32_t prmt_b4e(uint32_t a, uint32_t b, uint32_t c) {
  c &= 3;
  return permute(a, b, {c, (c + 7) & 7, (c + 6) & 7, (c + 5) & 7});
}
uint32_t prmt_rc8(uint32_t a, uint32_t b, uint32_t c) {
  c &= 3;
  return permute(a, b, {c, c, c, c});
}
uint32_t prmt_ecl(uint32_t a, uint32_t b, uint32_t c) {
  c &= 3;
  return permute(a, b, {c, std::max(c, 1u), std::max(c, 2u), 3});
}
uint32_t prmt_ecr(uint32_t a, uint32_t b, uint32_t c) {
  c &= 3;
  return permute(a, b, {0, std::min(c, 1u), std::min(c, 2u), c});
}
uint32_t prmt_rc16(uint32_t a, uint32_t b, uint32_t c) {
  c = (c & 1) * 2;
  return permute(a, b, {c, c + 1, c, c + 1});
}

Handler prmt_handler(Mod mode) {
  switch (mode) {
    case Mod::F4e:
      return lanewise<prmt_f4e>;
    case Mod::B4e:
      return lanewise<prmt_b4e>;
    case Mod::Rc8:
      return lanewise<prmt_rc8>;
    case Mod::Ecl:
      return lanewise<prmt_ecl>;
    case Mod::Ecr:
      return lanewise<prmt_ecr>;
    case Mod::Rc16:
      return lanewise<prmt_rc16>;
    default:
      return lanewise<prmt>;
  }
}

// A generic address is that of its space plus the space's window.
void add_immediate(Warp& warp, const Instruction& in) {
  const uint64_t* a = warp.lanes<uint64_t>(in[1]);
  const uint64_t offset = static_cast<uint64_t>(in.immediate);
  write_lanes<uint64_t>(warp, in[0], [&](int lane) { return a[lane] + offset; });
}

void is_in_space(Warp& warp, const Instruction& in) {
  const uint64_t* a = warp.lanes<uint64_t>(in[1]);
  const uint64_t window = static_cast<uint64_t>(in.immediate);
  warp.set_predicate(in[0], lanes_where(warp, [&](int lane) { return (a[lane] & kWindowMask) == window; }));
}

uint32_t zero(uint32_t) { return 0; }
uint32_t zero_64(uint64_t) { return 0; }

}  // namespace

void decode_mov(Decoder& d) {
  const Type type = d.type();
  const ptx::Operand& to = d.operand(0);
  const ptx::Operand& from = d.operand(1);
  if (from.kind == OperandKind::Vector) {
    const Packing& packing = find_packing(d, ptx::type_bits(type), from.elements.size());
    std::vector<Slot> slots{d.destination(0, type)};
    for (const Slot slot : d.sources(1, packing.part)) slots.push_back(slot);
    d.emit(packing.pack, slots);
    return;
  }
  if (to.kind == OperandKind::Vector) {
    const Packing& packing = find_packing(d, ptx::type_bits(type), to.elements.size());
    std::vector<Slot> slots = d.destinations(0, packing.part);
    slots.push_back(d.source(1, type));
    d.emit(packing.unpack, slots);
    return;
  }
  if (from.kind == OperandKind::SpecialRegister) {
    if (const Handler handler = clock_handler(from.special); handler != nullptr) {
      d.emit(handler, {d.destination(0, ptx::special_bits(from.special) == 64 ? Type::B64 : Type::B32)});
      return;
    }
  }
  d.emit_plain(move_handler(type), type);
}

void decode_prmt(Decoder& d) {
  constexpr std::array modes = {Mod::F4e, Mod::B4e, Mod::Rc8, Mod::Ecl, Mod::Ecr, Mod::Rc16};
  const Mod mode = d.take_one_of(modes);
  d.emit_plain(prmt_handler(mode), d.type());
}

void decode_cvta(Decoder& d) {
  const Type type = d.type();
  const bool to_space = d.take(Mod::To);
  const uint64_t window = window_of(d.space());
  if (type != Type::U64) d.unsupported("addresses of 32 bits");
  d.emit(add_immediate, {d.destination(0, type), d.source(1, type)}).immediate =
      static_cast<int64_t>(to_space ? 0 - window : window);
}

void decode_isspacep(Decoder& d) {
  const uint64_t window = window_of(d.space());
  d.emit(is_in_space, {d.destination(0, Type::Pred), d.source(1, Type::U64)}).immediate = static_cast<int64_t>(window);
}

// A CTA is a cluster of its own here, of rank 0: the address of its shared memory there is the one it has.
void decode_mapa(Decoder& d) {
  d.space();
  const Type type = d.type();
  d.emit(move_handler(type), {d.destination(0, type), d.source(1, type)});
}

void decode_getctarank(Decoder& d) {
  d.space();
  const Type type = d.type();
  d.emit(type == Type::U64 ? lanewise<zero_64> : lanewise<zero>, {d.destination(0, Type::U32), d.source(1, type)});
}

// A cache policy is a number that nothing reads.
void decode_createpolicy(Decoder& d) {
  d.ignore_suffixes();
  d.emit(move_handler(Type::B64), {d.destination(0, Type::B64), d.constant(0, Type::B64)});
}

}  // namespace triton_runner::executor
