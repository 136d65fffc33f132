// Exchange between the lanes of a warp: shfl vote match redux elect activemask.
//
// Each waits until all lanes of its member mask execute it; lanes that have finished are not waited for.
// Tested in tests/csrc/executor/test_warp_instructions.cc.
#include <algorithm>
#include <array>
#include <cstring>

#include "executor/decode_table.h"
#include "executor/lanewise.h"
#include "executor/numerics/arith.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::OperandKind;
using ptx::Type;

// Where a lane reads from, by the rules of the PTX ISA: c holds a clamp value and a mask that splits the warp into
// segments.
struct ShuffleSource {
  int lane;
  bool valid;
};
template <Mod Mode>
ShuffleSource shuffle_source(int lane, uint32_t b, uint32_t c) {
  const int offset = static_cast<int>(b & 31), clamp = static_cast<int>(c & 31),
            segment = static_cast<int>(c >> 8 & 31);
  const int last = (lane & segment) | (clamp & ~segment), first = lane & segment;
  int from = 0;
  bool valid = false;
  if constexpr (Mode == Mod::Up) from = lane - offset, valid = from >= last;
  if constexpr (Mode == Mod::Down) from = lane + offset, valid = from <= last;
  if constexpr (Mode == Mod::Bfly) from = lane ^ offset, valid = from <= last;
  if constexpr (Mode == Mod::Idx) from = first | (offset & ~segment), valid = from <= last;
  return {valid ? from : lane, valid};
}

// Operands: d, a, b, c, member mask, p or none.
template <Mod Mode>
void shuffle(Warp& warp, const Instruction& in) {
  if (!warp.converged_at(in[4])) return;
  uint32_t a[kLanes];
  std::memcpy(a, warp.lanes<uint32_t>(in[1]), sizeof(a));
  const uint32_t* b = warp.lanes<uint32_t>(in[2]);
  const uint32_t* c = warp.lanes<uint32_t>(in[3]);
  ShuffleSource sources[kLanes];
  for_each_lane(warp.executing(), [&](int lane) { sources[lane] = shuffle_source<Mode>(lane, b[lane], c[lane]); });
  write_lanes<uint32_t>(warp, in[0], [&](int lane) { return a[sources[lane].lane]; });
  if (in[5] != kNoSlot) warp.set_predicate(in[5], lanes_where(warp, [&](int lane) { return sources[lane].valid; }));
}

Handler shuffle_handler(Mod mode) {
  switch (mode) {
    case Mod::Up:
      return shuffle<Mod::Up>;
    case Mod::Down:
      return shuffle<Mod::Down>;
    case Mod::Bfly:
      return shuffle<Mod::Bfly>;
    default:
      return shuffle<Mod::Idx>;
  }
}

// Calls body(lanes) for each set of executing lanes that give the same member mask: one set, unless the code is
// divergent.
template <typename Body>
void for_each_team(Warp& warp, Slot members, Body body) {
  const uint32_t* mask = warp.lanes<uint32_t>(members);
  for (LaneMask left = warp.executing(); left != 0;) {
    const uint32_t team_mask = mask[first_lane(left)];
    LaneMask team = 0;
    for_each_lane(left, [&](int lane) { team |= static_cast<LaneMask>(mask[lane] == team_mask) << lane; });
    left &= ~team;
    body(team);
  }
}

// Operands: d, p, member mask.
template <Mod Mode>
void vote(Warp& warp, const Instruction& in) {
  if (!warp.converged_at(in[2])) return;
  const LaneMask p = warp.predicate(in[1]);
  LaneMask result = 0;
  for_each_team(warp, in[2], [&](LaneMask team) {
    const LaneMask yes = p & team;
    if constexpr (Mode == Mod::Ballot) {
      for_each_lane(team, [&](int lane) { warp.lanes<uint32_t>(in[0])[lane] = yes; });
      return;
    }
    const bool holds = Mode == Mod::All ? yes == team : Mode == Mod::Any ? yes != 0 : yes == 0 || yes == team;
    if (holds) result |= team;
  });
  if constexpr (Mode != Mod::Ballot) warp.set_predicate(in[0], result);
}

Handler vote_handler(Mod mode) {
  switch (mode) {
    case Mod::All:
      return vote<Mod::All>;
    case Mod::Any:
      return vote<Mod::Any>;
    case Mod::Uni:
      return vote<Mod::Uni>;
    default:
      return vote<Mod::Ballot>;
  }
}

// Operands: d, a, member mask, p or none. `any`: the lanes with the same value; `all`: all of them, or none.
template <typename T, bool All>
void match(Warp& warp, const Instruction& in) {
  if (!warp.converged_at(in[2])) return;
  T a[kLanes];
  std::memcpy(a, warp.lanes<T>(in[1]), sizeof(a));
  LaneMask holds = 0;
  for_each_team(warp, in[2], [&](LaneMask team) {
    const auto equal_to = [&](int lane) {
      LaneMask equal = 0;
      for_each_lane(team, [&](int other) { equal |= static_cast<LaneMask>(a[other] == a[lane]) << other; });
      return equal;
    };
    const bool same = equal_to(first_lane(team)) == team;
    if (same) holds |= team;
    for_each_lane(team,
                  [&](int lane) { warp.lanes<uint32_t>(in[0])[lane] = All ? (same ? team : 0) : equal_to(lane); });
  });
  if (in[3] != kNoSlot) warp.set_predicate(in[3], holds);
}

template <typename T>
T add(const Modifiers&, T a, T b) {
  return static_cast<T>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
template <typename T>
T min(const Modifiers&, T a, T b) {
  return std::min(a, b);
}
template <typename T>
T max(const Modifiers&, T a, T b) {
  return std::max(a, b);
}
template <typename T>
T bit_and(const Modifiers&, T a, T b) {
  return a & b;
}
template <typename T>
T bit_or(const Modifiers&, T a, T b) {
  return a | b;
}
template <typename T>
T bit_xor(const Modifiers&, T a, T b) {
  return a ^ b;
}
float min_f32(const Modifiers& m, float a, float b) { return numerics::min(a, b, {.propagate_nan = m.nan}); }
float max_f32(const Modifiers& m, float a, float b) { return numerics::max(a, b, {.propagate_nan = m.nan}); }

// Operands: d, a, member mask.
template <typename T, T (*Function)(const Modifiers&, T, T)>
void redux(Warp& warp, const Instruction& in) {
  if (!warp.converged_at(in[2])) return;
  const T* a = warp.lanes<T>(in[1]);
  for_each_team(warp, in[2], [&](LaneMask team) {
    T result = a[first_lane(team)];
    for (LaneMask left = team & (team - 1); left != 0; left &= left - 1) {
      result = Function(in.modifiers, result, a[first_lane(left)]);
    }
    for_each_lane(team, [&](int lane) { warp.lanes<T>(in[0])[lane] = result; });
  });
}

template <typename T>
Handler redux_handler(Mod operation) {
  switch (operation) {
    case Mod::Add:
      return redux<T, add<T>>;
    case Mod::Min:
      return redux<T, min<T>>;
    case Mod::Max:
      return redux<T, max<T>>;
    case Mod::And:
      return redux<T, bit_and<T>>;
    case Mod::Or:
      return redux<T, bit_or<T>>;
    case Mod::Xor:
      return redux<T, bit_xor<T>>;
    default:
      return nullptr;
  }
}

// Operands: d, p, member mask. The lowest lane is the leader.
void elect(Warp& warp, const Instruction& in) {
  if (!warp.converged_at(in[2])) return;
  LaneMask leaders = 0;
  for_each_team(warp, in[2], [&](LaneMask team) {
    leaders |= LaneMask{1} << first_lane(team);
    for_each_lane(team, [&](int lane) { warp.lanes<uint32_t>(in[0])[lane] = static_cast<uint32_t>(first_lane(team)); });
  });
  warp.set_predicate(in[1], leaders);
}

void activemask(Warp& warp, const Instruction& in) {
  const LaneMask executing = warp.executing();
  write_lanes<uint32_t>(warp, in[0], [&](int) { return executing; });
}

// d|p or d alone.
struct Result {
  Slot d;
  Slot p;
};
Result result_of(Decoder& d, Slot without_predicate) {
  const ptx::Operand& operand = d.operand(0);
  if (operand.kind != OperandKind::Pair) return {d.destination(operand, Type::B32), without_predicate};
  return {d.destination(operand.elements[0], Type::B32), d.destination(operand.elements[1], Type::Pred)};
}

}  // namespace

void decode_shuffle(Decoder& d) {
  constexpr std::array modes = {Mod::Up, Mod::Down, Mod::Bfly, Mod::Idx};
  const Mod mode = d.take_one_of(modes);
  const Type type = d.type();
  const Result result = result_of(d, kNoSlot);
  d.emit(shuffle_handler(mode), {result.d, d.source(1, type), d.source(2, Type::B32), d.source(3, Type::B32),
                                 d.source(4, Type::B32), result.p});
}

void decode_vote(Decoder& d) {
  constexpr std::array modes = {Mod::All, Mod::Any, Mod::Uni, Mod::Ballot};
  const Mod mode = d.take_one_of(modes);
  const Type type = d.type();
  d.emit(vote_handler(mode), {d.destination(0, type), d.predicate(d.operand(1)), d.source(2, Type::B32)});
}

void decode_match(Decoder& d) {
  const bool all = d.take(Mod::All);
  d.take(Mod::Any);
  d.take(Mod::Sync);
  const Type type = d.type();
  const Result result = result_of(d, kNoSlot);
  const Handler handler = type == Type::B64 ? (all ? match<uint64_t, true> : match<uint64_t, false>)
                                            : (all ? match<uint32_t, true> : match<uint32_t, false>);
  d.emit(handler, {result.d, d.source(1, type), d.source(2, Type::B32), result.p});
}

void decode_redux(Decoder& d) {
  constexpr std::array operations = {Mod::Add, Mod::Min, Mod::Max, Mod::And, Mod::Or, Mod::Xor};
  const Mod operation = d.take_one_of(operations);
  const Type type = d.type();
  Modifiers m;
  m.nan = d.take(Mod::Nan);
  if (type == Type::F32) {
    d.emit_plain(operation == Mod::Min ? redux<float, min_f32> : redux<float, max_f32>, type).modifiers = m;
    return;
  }
  d.emit_plain(type == Type::S32 ? redux_handler<int32_t>(operation) : redux_handler<uint32_t>(operation), type);
}

void decode_elect(Decoder& d) {
  const Result result = result_of(d, d.scratch(Type::Pred));
  d.emit(elect, {result.d, result.p, d.source(1, Type::B32)});
}

void decode_activemask(Decoder& d) {
  d.type();
  d.emit(activemask, {d.destination(0, Type::B32)});
}

}  // namespace triton_runner::executor
