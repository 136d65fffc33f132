// mbarrier: barriers in shared memory that count arrivals and bytes.
//
// The eight bytes of an mbarrier are ours: the phase, the arrivals and the bytes that it still waits for, and how many
// arrivals a phase takes. Only the CTA that owns the shared memory touches them, on one thread. A wait that fails ends
// the turn of its warp. Tested in tests/csrc/executor/test_mbarrier.cc.
#include "executor/instructions/mbarrier.h"

#include <array>
#include <cstring>

#include "executor/cta.h"
#include "executor/decode_table.h"
#include "executor/lanewise.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::Opcode;
using ptx::Space;
using ptx::Type;

struct Mbarrier {
  uint64_t phase : 1;
  uint64_t pending : 20;   // arrivals
  uint64_t expected : 20;  // arrivals of each phase
  int64_t bytes : 23;
};
static_assert(sizeof(Mbarrier) == sizeof(uint64_t));

constexpr uint64_t kMostArrivals = (1 << 20) - 1;

Mbarrier read(const std::byte* at) {
  Mbarrier barrier;
  std::memcpy(&barrier, at, sizeof(barrier));
  return barrier;
}

void write(std::byte* at, Mbarrier barrier) {
  if (barrier.pending == 0 && barrier.bytes == 0) {
    barrier.phase ^= 1;
    barrier.pending = barrier.expected;
  }
  std::memcpy(at, &barrier, sizeof(barrier));
}

void arrive_at(std::byte* at, uint32_t count, int64_t expected_bytes, bool drop, int lane) {
  Mbarrier barrier = read(at);
  if (count > barrier.pending) {
    throw Fault{lane,
                concat(count, " arrivals at an mbarrier that waits for ", static_cast<uint64_t>(barrier.pending))};
  }
  barrier.bytes += expected_bytes;
  barrier.pending -= count;
  if (drop) barrier.expected -= count;
  write(at, barrier);
}

// Operands: the address, the count.
void init(Warp& warp, const Instruction& in) {
  Pointers at;
  locate(warp, access_of(in, in[0]), warp.executing(), at);
  for_each_lane(warp.executing(), [&](int lane) {
    const uint32_t count = warp.lanes<uint32_t>(in[1])[lane];
    if (count == 0 || count > kMostArrivals) throw Fault{lane, concat("an mbarrier for ", count, " arrivals")};
    Mbarrier barrier{};
    barrier.pending = barrier.expected = count;
    std::memcpy(at[lane], &barrier, sizeof(barrier));
  });
}

void invalidate(Warp& warp, const Instruction& in) {
  Pointers at;
  locate(warp, access_of(in, in[0]), warp.executing(), at);
  for_each_lane(warp.executing(), [&](int lane) { std::memset(at[lane], 0, sizeof(Mbarrier)); });
}

// Operands: the state or none, the address, arrivals, bytes to expect. The state is the mbarrier before the arrival.
template <bool Drop>
void arrive(Warp& warp, const Instruction& in) {
  Pointers at;
  locate(warp, access_of(in, in[1]), warp.executing(), at);
  for_each_lane(warp.executing(), [&](int lane) {
    uint64_t state;
    std::memcpy(&state, at[lane], sizeof(state));
    if (in[0] != kNoSlot) warp.lanes<uint64_t>(in[0])[lane] = state;
    arrive_at(at[lane], warp.lanes<uint32_t>(in[2])[lane], warp.lanes<uint32_t>(in[3])[lane], Drop, lane);
  });
}

// Operands: the address, the bytes.
template <int Sign>
void count_bytes(Warp& warp, const Instruction& in) {
  Pointers at;
  locate(warp, access_of(in, in[0]), warp.executing(), at);
  for_each_lane(warp.executing(),
                [&](int lane) { complete_bytes(at[lane], -Sign * int64_t{warp.lanes<uint32_t>(in[1])[lane]}); });
}

// Operands: p, the address, the parity or the state of the phase that is waited for.
template <bool Parity>
void wait(Warp& warp, const Instruction& in) {
  Pointers at;
  locate(warp, access_of(in, in[1]), warp.executing(), at);
  const LaneMask complete = lanes_where(warp, [&](int lane) {
    const uint32_t phase =
        Parity ? warp.lanes<uint32_t>(in[2])[lane] & 1 : static_cast<uint32_t>(warp.lanes<uint64_t>(in[2])[lane] & 1);
    return read(at[lane]).phase != phase;
  });
  warp.set_predicate(in[0], complete);
  if (complete != warp.executing()) warp.yield();
}

uint32_t pending_count(uint64_t state) {
  Mbarrier barrier;
  std::memcpy(&barrier, &state, sizeof(barrier));
  return static_cast<uint32_t>(barrier.pending);
}

void fill(Instruction& in, const Address& address) {
  in.immediate = address.offset;
  in.space = address.space;
  in.address_bytes = address.bytes;
  in.element_bytes = sizeof(Mbarrier);
  in.writes = true;
}

// Order and scope mean nothing where one thread runs the CTA.
Address take_address(Decoder& d, size_t operand) {
  constexpr std::array words = {Mod::Relaxed, Mod::Acquire, Mod::Release, Mod::Cta, Mod::Cluster};
  for (const Mod word : words) d.take(word);
  const Space space = d.space();
  d.type();
  return d.address(d.operand(operand), space);
}

}  // namespace

void complete_bytes(std::byte* mbarrier, int64_t bytes) {
  Mbarrier barrier = read(mbarrier);
  barrier.bytes -= bytes;
  write(mbarrier, barrier);
}

void decode_mbarrier_init(Decoder& d) {
  const Address address = take_address(d, 0);
  if (d.opcode() == Opcode::MbarrierInval) return fill(d.emit(invalidate, {address.slot}), address);
  fill(d.emit(init, {address.slot, d.source(1, Type::B32)}), address);
}

// mbarrier.arrive{.expect_tx}{.noComplete} {state,} [address]{, count or bytes}
void decode_mbarrier_arrive(Decoder& d) {
  const bool expects_bytes = d.take(Mod::ExpectTx);
  d.take(Mod::NoComplete);
  const bool returns = d.operand(0).kind != ptx::OperandKind::Address;
  const size_t at = returns ? 1 : 0;
  const Address address = take_address(d, at);
  const bool has_value = d.operand_count() > at + 1;
  const Slot value = has_value ? d.source(at + 1, Type::B32) : kNoSlot, one = d.constant(1, Type::B32),
             zero = d.constant(0, Type::B32);
  const Slot state = returns && !d.is_discard(0) ? d.destination(0, Type::B64) : kNoSlot;
  const Slot count = has_value && !expects_bytes ? value : one, bytes = expects_bytes ? value : zero;
  const Handler handler = d.opcode() == Opcode::MbarrierArriveDrop ? arrive<true> : arrive<false>;
  fill(d.emit(handler, {state, address.slot, count, bytes}), address);
}

void decode_mbarrier_bytes(Decoder& d) {
  const Address address = take_address(d, 0);
  const Handler handler = d.opcode() == Opcode::MbarrierExpectTx ? count_bytes<1> : count_bytes<-1>;
  fill(d.emit(handler, {address.slot, d.source(1, Type::B32)}), address);
}

// The time that try_wait may take is a hint.
void decode_mbarrier_wait(Decoder& d) {
  const bool parity = d.take(Mod::Parity);
  const Address address = take_address(d, 1);
  const Slot phase = d.source(2, parity ? Type::B32 : Type::B64);
  fill(d.emit(parity ? wait<true> : wait<false>, {d.destination(0, Type::Pred), address.slot, phase}), address);
}

void decode_mbarrier_pending_count(Decoder& d) {
  d.type();
  d.emit(lanewise<pending_count>, {d.destination(0, Type::B32), d.source(1, Type::B64)});
}

// The copies before it have completed already, so the arrival is due at once. Without .noinc it was not counted before:
// it adds one to what the mbarrier waits for, and takes it away again.
void decode_cp_async_arrive(Decoder& d) {
  const bool counted = d.take(Mod::Noinc);
  const Address address = take_address(d, 0);
  if (!counted) return;
  fill(d.emit(arrive<false>, {kNoSlot, address.slot, d.constant(1, Type::B32), d.constant(0, Type::B32)}), address);
}

}  // namespace triton_runner::executor
