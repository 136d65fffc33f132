// Turns a function on scalars into the handler of a warp instruction: lanewise<add<uint32_t>> applies it to every
// executing lane.
//
// The function's parameter types say what the operands are: integers, float, double, Half, BFloat16 and packed words
// are columns of registers, bool is a predicate. A first parameter `const Modifiers&` receives the modifiers of the
// instruction. Operand 0 is the destination.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "executor/instruction.h"
#include "executor/lanes.h"
#include "executor/warp.h"

namespace triton_runner::executor {

template <typename T>
struct SourceColumn {
  const T* values;
  SourceColumn(Warp& warp, Slot slot) : values(warp.lanes<T>(slot)) {}
  T operator[](int lane) const { return values[lane]; }
};

template <>
struct SourceColumn<bool> {
  LaneMask mask;
  SourceColumn(Warp& warp, Slot slot) : mask(warp.predicate(slot)) {}
  bool operator[](int lane) const { return has_lane(mask, lane); }
};

// Writes value(lane) to the executing lanes of a destination.
template <typename T, typename Value>
inline void write_lanes(Warp& warp, Slot slot, Value value) {
  T* column = warp.lanes<T>(slot);
  for_each_lane(warp.executing(), [&](int lane) { column[lane] = value(lane); });
}

template <typename Value>
inline LaneMask lanes_where(Warp& warp, Value value) {
  LaneMask mask = 0;
  for_each_lane(warp.executing(), [&](int lane) { mask |= static_cast<LaneMask>(value(lane)) << lane; });
  return mask;
}

namespace detail {

template <typename D, typename Call, typename... Columns>
inline void apply(Warp& warp, Slot destination, Call call, Columns... columns) {
  if constexpr (std::is_same_v<D, bool>) {
    warp.set_predicate(destination, lanes_where(warp, [&](int lane) { return call(columns[lane]...); }));
  } else {
    write_lanes<D>(warp, destination, [&](int lane) { return call(columns[lane]...); });
  }
}

template <typename Function>
struct Signature;

template <typename D, typename... A>
struct Signature<D (*)(A...)> {
  template <auto Function, size_t... I>
  static void run(Warp& warp, const Instruction& in, std::index_sequence<I...>) {
    apply<D>(warp, in[0], [](A... a) { return Function(a...); }, SourceColumn<A>(warp, in[static_cast<int>(I) + 1])...);
  }
  using Indices = std::index_sequence_for<A...>;
};

template <typename D, typename... A>
struct Signature<D (*)(const Modifiers&, A...)> {
  template <auto Function, size_t... I>
  static void run(Warp& warp, const Instruction& in, std::index_sequence<I...>) {
    apply<D>(
        warp, in[0], [&in](A... a) { return Function(in.modifiers, a...); },
        SourceColumn<A>(warp, in[static_cast<int>(I) + 1])...);
  }
  using Indices = std::index_sequence_for<A...>;
};

template <auto Function>
void execute(Warp& warp, const Instruction& in) {
  using Shape = Signature<decltype(Function)>;
  Shape::template run<Function>(warp, in, typename Shape::Indices{});
}

}  // namespace detail

template <auto Function>
constexpr Handler lanewise = &detail::execute<Function>;

}  // namespace triton_runner::executor
