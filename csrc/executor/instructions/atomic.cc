// atom and red.
//
// Every operation is a function from the old value and the operands to the new value, applied with compare-and-swap on
// the host, so that it is atomic between the threads that run different CTAs. Lanes of a warp take their turns in
// order. All memory orders run as sequentially consistent. Tested in tests/csrc/executor/test_atomic.cc.
#include <algorithm>
#include <array>
#include <bit>

#include "executor/cta.h"
#include "executor/decode_table.h"
#include "executor/lanewise.h"
#include "executor/memory.h"
#include "executor/numerics/arith.h"

namespace triton_runner::executor {
namespace {

using numerics::BFloat16;
using numerics::Half;
using ptx::Mod;
using ptx::Space;
using ptx::Type;

// T(old, b, c) -> new value; c is read by cas only.
template <typename T>
T add(T old, T b, T) {
  return static_cast<T>(old + b);
}
template <typename T>
T min(T old, T b, T) {
  return std::min(old, b);
}
template <typename T>
T max(T old, T b, T) {
  return std::max(old, b);
}
template <typename T>
T bit_and(T old, T b, T) {
  return old & b;
}
template <typename T>
T bit_or(T old, T b, T) {
  return old | b;
}
template <typename T>
T bit_xor(T old, T b, T) {
  return old ^ b;
}
template <typename T>
T exchange(T, T b, T) {
  return b;
}
template <typename T>
T compare_and_swap(T old, T b, T c) {
  return old == b ? c : old;
}
template <typename T>
T increment(T old, T b, T) {
  return old >= b ? T{0} : static_cast<T>(old + 1);
}
template <typename T>
T decrement(T old, T b, T) {
  return old == 0 || old > b ? b : static_cast<T>(old - 1);
}

// f32 addition flushes denormals in global memory and keeps them in shared memory, as the PTX ISA says of the hardware.
float add_f32(float old, float b, float) { return numerics::add(old, b); }
float add_f32_ftz(float old, float b, float) { return numerics::add(old, b, {.ftz = true}); }
double add_f64(double old, double b, double) { return numerics::add(old, b); }
template <typename T>
T add_small(T old, T b, T) {
  return numerics::add(old, b);
}
template <typename T>
T min_small(T old, T b, T) {
  return numerics::min(old, b);
}
template <typename T>
T max_small(T old, T b, T) {
  return numerics::max(old, b);
}
template <typename T, T (*Function)(T, T, T)>
uint32_t both(uint32_t old, uint32_t b, uint32_t) {
  using namespace numerics;
  return pack_halves(Function(low_half<T>(old), low_half<T>(b), T{}),
                     Function(high_half<T>(old), high_half<T>(b), T{}));
}

template <size_t Bytes>
struct BitsOf;
template <>
struct BitsOf<2> {
  using type = uint16_t;
};
template <>
struct BitsOf<4> {
  using type = uint32_t;
};
template <>
struct BitsOf<8> {
  using type = uint64_t;
};

// Returns the old value.
template <typename T, T (*Update)(T, T, T)>
T update(std::byte* at, T b, T c) {
  using Bits = typename BitsOf<sizeof(T)>::type;
  Bits* bits = reinterpret_cast<Bits*>(at);
  Bits old = __atomic_load_n(bits, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(bits, &old, std::bit_cast<Bits>(Update(std::bit_cast<T>(old), b, c)), false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
  }
  return std::bit_cast<T>(old);
}

// Operands for n elements: n destinations, n values of b, n of c (b again where there is no c), the address.
template <typename T, T (*Update)(T, T, T)>
void atomic(Warp& warp, const Instruction& in) {
  if (in.space != Space::Shared && warp.give_way()) return;
  const int n = in.element_count;
  Pointers at;
  locate(warp, access_of(in, in[3 * n]), warp.executing(), at);
  for (LaneMask left = warp.executing(); left != 0; left &= left - 1) {
    const int lane = first_lane(left);
    for (int i = 0; i < n; ++i) {
      const T b = warp.lanes<T>(in[n + i])[lane], c = warp.lanes<T>(in[2 * n + i])[lane];
      warp.lanes<T>(in[i])[lane] = update<T, Update>(at[lane] + i * static_cast<int>(sizeof(T)), b, c);
    }
  }
  if (in.polls) warp.cta().note_poll();
}

template <typename T>
Handler integer_handler(Mod operation) {
  switch (operation) {
    case Mod::Add:
      return atomic<T, add<T>>;
    case Mod::Min:
      return atomic<T, min<T>>;
    case Mod::Max:
      return atomic<T, max<T>>;
    case Mod::And:
      return atomic<T, bit_and<T>>;
    case Mod::Or:
      return atomic<T, bit_or<T>>;
    case Mod::Xor:
      return atomic<T, bit_xor<T>>;
    case Mod::Exch:
      return atomic<T, exchange<T>>;
    case Mod::Cas:
      return atomic<T, compare_and_swap<T>>;
    case Mod::Inc:
      return atomic<T, increment<T>>;
    case Mod::Dec:
      return atomic<T, decrement<T>>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler small_handler(Mod operation) {
  switch (operation) {
    case Mod::Add:
      return atomic<T, add_small<T>>;
    case Mod::Min:
      return atomic<T, min_small<T>>;
    case Mod::Max:
      return atomic<T, max_small<T>>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler packed_handler(Mod operation) {
  switch (operation) {
    case Mod::Add:
      return atomic<uint32_t, both<T, add_small<T>>>;
    case Mod::Min:
      return atomic<uint32_t, both<T, min_small<T>>>;
    case Mod::Max:
      return atomic<uint32_t, both<T, max_small<T>>>;
    default:
      return nullptr;
  }
}

Handler find_atomic(Mod operation, Type type, Space space) {
  switch (type) {
    case Type::B16:
      return integer_handler<uint16_t>(operation);
    case Type::B32:
    case Type::U32:
      return integer_handler<uint32_t>(operation);
    case Type::S32:
      return integer_handler<int32_t>(operation);
    case Type::B64:
    case Type::U64:
      return integer_handler<uint64_t>(operation);
    case Type::S64:
      return integer_handler<int64_t>(operation);
    case Type::F16:
      return small_handler<Half>(operation);
    case Type::BF16:
      return small_handler<BFloat16>(operation);
    case Type::F16x2:
      return packed_handler<Half>(operation);
    case Type::BF16x2:
      return packed_handler<BFloat16>(operation);
    case Type::F64:
      return operation == Mod::Add ? atomic<double, add_f64> : nullptr;
    case Type::F32:
      if (operation == Mod::Exch) return integer_handler<uint32_t>(operation);
      if (operation != Mod::Add) return nullptr;
      return space == Space::Shared ? atomic<float, add_f32> : atomic<float, add_f32_ftz>;
    default:
      return nullptr;
  }
}

}  // namespace

void decode_atomic(Decoder& d) {
  constexpr std::array operations = {Mod::Add, Mod::Min,  Mod::Max, Mod::And, Mod::Or,
                                     Mod::Xor, Mod::Exch, Mod::Cas, Mod::Inc, Mod::Dec};
  constexpr std::array orders = {Mod::Weak,    Mod::Volatile, Mod::Relaxed, Mod::Acquire,
                                 Mod::Release, Mod::AcqRel,   Mod::Mmio};
  constexpr std::array scopes = {Mod::Cta, Mod::Cluster, Mod::Gpu, Mod::Sys};
  constexpr std::array vectors = {Mod::V2, Mod::V4, Mod::V8};
  d.take_one_of(orders);
  d.take_one_of(scopes);
  d.take_one_of(vectors);
  d.take(Mod::Noftz);
  d.ignore_cache_hints();
  const Space space = d.space();
  const Mod operation = d.take_one_of(operations);
  const Type type = d.type();

  const bool returns = d.opcode() == ptx::Opcode::Atom;
  const size_t at = returns ? 1 : 0;
  const Address address = d.address(d.operand(at), space);
  const std::vector<Slot> b = d.sources(at + 1, type);
  const std::vector<Slot> c = operation == Mod::Cas ? d.sources(at + 2, type) : b;
  std::vector<Slot> slots = returns && !d.is_discard(0) ? d.destinations(0, type) : std::vector<Slot>();
  if (slots.size() > b.size() || c.size() != b.size()) d.unsupported("vectors of different lengths");
  while (slots.size() < b.size()) slots.push_back(d.sink());  // of red, and of atom with `_`
  slots.insert(slots.end(), b.begin(), b.end());
  slots.insert(slots.end(), c.begin(), c.end());
  slots.push_back(address.slot);

  Instruction& in = d.emit(find_atomic(operation, type, address.space), slots);
  in.immediate = address.offset;
  in.space = address.space;
  in.address_bytes = address.bytes;
  in.element_bytes = static_cast<uint8_t>(ptx::type_bits(type) / 8);
  in.element_count = static_cast<uint8_t>(b.size());
  in.writes = true;
  in.polls = returns;
}

}  // namespace triton_runner::executor
