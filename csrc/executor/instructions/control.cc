// Control flow and barriers: bra brx.idx call ret exit trap nanosleep, bar and barrier in all forms, and what needs
// nothing done. Tested in tests/csrc/executor/test_control.cc and test_barrier.cc.
#include <array>

#include "executor/cta.h"
#include "executor/decode_table.h"
#include "executor/instructions/host_calls.h"
#include "executor/lanewise.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::Opcode;
using ptx::Type;

constexpr uint32_t kNamedBarriers = 16;
constexpr uint32_t kClusterBarrier = 16;  // one more than PTX can name

void branch(Warp& warp, const Instruction& in) { warp.branch(warp.executing(), static_cast<uint32_t>(in.immediate)); }

void branch_by_table(Warp& warp, const Instruction& in) {
  const std::vector<uint32_t>& targets = warp.program().branch_tables[in.immediate];
  const uint32_t* index = warp.lanes<uint32_t>(in[0]);
  const LaneMask executing = warp.executing();
  for_each_lane(executing, [&](int lane) {
    if (index[lane] >= targets.size()) {
      throw Fault{lane, concat("branch to entry ", index[lane], " of a table of ", targets.size())};
    }
  });
  for (LaneMask left = executing; left != 0;) {
    const uint32_t target = targets[index[first_lane(left)]];
    LaneMask team = 0;
    for_each_lane(left, [&](int lane) { team |= static_cast<LaneMask>(targets[index[lane]] == target) << lane; });
    left &= ~team;
    warp.branch(team, target);
  }
}

void exit(Warp& warp, const Instruction&) { warp.exit(); }
void trap(Warp& warp, const Instruction&) { throw Fault{first_lane(warp.executing()), "trap"}; }
void sleep(Warp& warp, const Instruction&) {
  warp.cta().note_poll();
  warp.yield();
}
void fence(Warp&, const Instruction&) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// Operands: d or none, barrier, number of threads (0 is all), p or none. The first two are alike in all lanes.
template <bool Waits>
void barrier(Warp& warp, const Instruction& in) {
  const int lane = first_lane(warp.executing());
  const uint32_t number = warp.lanes<uint32_t>(in[1])[lane];
  const uint32_t threads = warp.lanes<uint32_t>(in[2])[lane];
  if (number > kClusterBarrier) throw Fault{lane, concat("barrier ", number, "; a CTA has ", kNamedBarriers)};
  if (threads % kLanes != 0)
    throw Fault{lane, concat("a barrier for ", threads, " threads, which is no number of whole warps")};
  const LaneMask votes = in[3] != kNoSlot ? warp.predicate(in[3]) : 0;
  if (Waits) warp.wait_at_barrier(static_cast<int>(number));
  warp.cta().arrive(warp, static_cast<int>(number), static_cast<int>(threads), votes);
}

void warp_barrier(Warp& warp, const Instruction& in) { warp.converged_at(in[0]); }

// bar.red: d, barrier{, threads}, p.
void decode_reduction(Decoder& d) {
  constexpr std::array operations = {Mod::Popc, Mod::And, Mod::Or};
  const Mod operation = d.take_one_of(operations);
  const Type type = d.type();
  const bool counted = d.operand_count() == 4;
  const Slot threads = counted ? d.source(2, Type::B32) : d.constant(0, Type::B32);
  const Slot votes = d.predicate(d.operand(counted ? 3 : 2));
  d.emit(barrier<true>, {d.destination(0, type), d.source(1, Type::B32), threads, votes}).reduction =
      operation == Mod::Popc  ? BarrierReduction::Popc
      : operation == Mod::And ? BarrierReduction::And
                              : BarrierReduction::Or;
}

}  // namespace

void decode_branch(Decoder& d) {
  d.take(Mod::Uni);
  d.emit_branch(branch, {}, d.operand(0).index);
}

void decode_branch_table(Decoder& d) {
  d.take(Mod::Uni);
  d.emit_branch_table(branch_by_table, d.source(0, Type::B32), d.operand(1).index);
}

void decode_call(Decoder& d) {
  d.take(Mod::Uni);
  const ptx::Function& callee = d.callee();
  if (!callee.is_declaration) return d.expand_call();
  decode_host_call(d, callee.name);
}

// Out of a function that was expanded in place, to the end of its body.
void decode_return(Decoder& d) {
  d.take(Mod::Uni);
  if (d.in_entry()) return decode_exit(d);
  d.emit_branch_to_end(branch);
}

void decode_exit(Decoder& d) { d.emit(exit, std::initializer_list<Slot>{}); }
void decode_trap(Decoder& d) { d.emit(trap, std::initializer_list<Slot>{}); }

void decode_nanosleep(Decoder& d) {
  d.type();
  d.emit(sleep, std::initializer_list<Slot>{});
}

void decode_fence(Decoder& d) {
  d.ignore_suffixes();
  d.emit(fence, std::initializer_list<Slot>{});
}

void decode_no_operation(Decoder& d) { d.ignore_suffixes(); }

void decode_barrier(Decoder& d) {
  d.take(Mod::Aligned);
  switch (d.opcode()) {
    case Opcode::BarRed:
    case Opcode::BarrierRed:
    case Opcode::BarrierCtaRed:
      return decode_reduction(d);
    default:
      break;
  }
  const Slot number = d.source(0, Type::B32);
  const Slot threads = d.operand_count() > 1 ? d.source(1, Type::B32) : d.constant(0, Type::B32);
  const bool waits =
      d.opcode() != Opcode::BarArrive && d.opcode() != Opcode::BarrierArrive && d.opcode() != Opcode::BarrierCtaArrive;
  d.emit(waits ? barrier<true> : barrier<false>, {kNoSlot, number, threads, kNoSlot});
}

void decode_warp_barrier(Decoder& d) { d.emit(warp_barrier, {d.source(0, Type::B32)}); }

// A cluster is one CTA here. Every thread that arrives waits later, so meeting at the wait is enough.
void decode_cluster_wait(Decoder& d) {
  d.ignore_suffixes();
  const Slot number = d.constant(kClusterBarrier, Type::B32), everyone = d.constant(0, Type::B32);
  d.emit(barrier<true>, {kNoSlot, number, everyone, kNoSlot});
}

}  // namespace triton_runner::executor
