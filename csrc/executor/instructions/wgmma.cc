// wgmma: the matrix product of a warp group, with B, and A where it is no fragment, in shared memory.
//
// Each of the four warps computes its own sixteen rows of D from the same B, so a warp needs nothing of the others, and
// the product is finished where it is issued: fence, commit and wait have nothing to do. The rows are a row of m16n8
// products of mma.h.
//
// A matrix descriptor gives the address of 16-byte chunks: K-major, chunks run along K, and rows of a group of eight
// are one swizzle span apart; MN-major, chunks run along M or N, and the steps of K are. The bits of the final address
// pick the swizzle. Tested in tests/csrc/executor/test_wgmma.cc.
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "executor/cta.h"
#include "executor/decode_table.h"
#include "executor/instructions/mma_op.h"
#include "executor/lanewise.h"
#include "executor/memory.h"
#include "executor/numerics/mma.h"

namespace triton_runner::executor {
namespace {

using ptx::Mod;
using ptx::Type;

constexpr int kRows = 16, kColumns = 8;
constexpr int kChunk = 16;     // bytes
constexpr int kGroupRows = 8;  // of a core matrix

// How the operands are to be read; a word of the operand list.
enum Flag : uint32_t {
  kFragmentA = 1,
  kTransposedA = 2,
  kTransposedB = 4,
  kNegatedA = 8,
  kNegatedB = 16,
};

class SharedMatrix {
 public:
  SharedMatrix(Warp& warp, uint64_t descriptor, uint32_t element_bytes, bool mn_major, int lane)
      : shared_(warp.cta().shared()),
        start_((descriptor & 0x3FFF) << 4),
        leading_((descriptor >> 16 & 0x3FFF) << 4),
        stride_((descriptor >> 32 & 0x3FFF) << 4),
        swizzle_(static_cast<uint32_t>((4 - (descriptor >> 62)) & 3)),  // 128, 64 and 32 bytes are 1, 2 and 3 there
        bytes_(element_bytes),
        mn_major_(mn_major),
        lane_(lane) {
    if ((descriptor >> 49 & 7) != 0)
      throw Fault{lane, "a matrix descriptor with a base offset, which the CPU executor does not know"};
  }

  // `count` elements along K at (mn, k), packed into a register.
  uint32_t packed(uint32_t mn, uint32_t k, uint32_t count) const {
    uint32_t word = 0;
    if (!mn_major_) {
      std::memcpy(&word, at(mn, k, count * bytes_), count * bytes_);
      return word;
    }
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t element = 0;
      std::memcpy(&element, at(mn, k + i, bytes_), bytes_);
      word |= element << (8 * bytes_ * i);
    }
    return word;
  }

 private:
  const std::byte* at(uint32_t mn, uint32_t k, uint32_t size) const {
    const uint32_t along = (mn_major_ ? mn : k) * bytes_, across = mn_major_ ? k : mn;
    const uint32_t span = kChunk << swizzle_;  // bytes of a row of a group
    // Without a swizzle the two offsets change their roles in MN-major.
    const uint64_t next_span = mn_major_ && swizzle_ == 0 ? stride_ : leading_,
                   next_group = mn_major_ && swizzle_ == 0 ? leading_ : stride_;
    uint64_t address = start_ + along % span + along / span * next_span + across % kGroupRows * span +
                       across / kGroupRows * next_group;
    address ^= (address >> 7 & ((1u << swizzle_) - 1)) << 4;
    if (address + size > shared_.size()) {
      throw Fault{lane_, concat("a matrix descriptor that leads to byte ", address, " of shared memory, which has ",
                                shared_.size())};
    }
    return shared_.data() + address;
  }

  std::span<const std::byte> shared_;
  uint64_t start_, leading_, stride_;
  uint32_t swizzle_;
  uint32_t bytes_;
  bool mn_major_;
  int lane_;
};

constexpr int kMostRegisters = 8;
using Fragment = uint32_t[kMostRegisters][kLanes];

// Lays elements of shared memory out as mma.h has its fragments: register r holds row lane/4 + 8 * (r % groups) of
// `first_mn` on.
void gather(const SharedMatrix& matrix, uint32_t first_mn, int registers, int groups, uint32_t per_register,
            Fragment& fragment) {
  for (int r = 0; r < registers; ++r) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const uint32_t mn = first_mn + static_cast<uint32_t>(lane / 4 + 8 * (r % groups));
      const uint32_t k =
          4 * per_register * static_cast<uint32_t>(r / groups) + per_register * static_cast<uint32_t>(lane % 4);
      fragment[r][lane] = matrix.packed(mn, k, per_register);
    }
  }
}

void negate(Fragment& fragment, int registers, uint32_t signs) {
  for (int r = 0; r < registers; ++r) {
    for (int lane = 0; lane < kLanes; ++lane) fragment[r][lane] ^= signs;
  }
}

// Operands: D, flags, A (a descriptor or its registers), the descriptor of B, the predicate that keeps D.
void wgmma(Warp& warp, const Instruction& in) {
  if (!warp.converged(kAllLanes)) return;
  const numerics::MmaOp op = op_of(in);
  const numerics::MmaRegisters counts = numerics::register_counts(op);
  const uint32_t bytes = in.element_bytes, per_register = 4 / bytes;
  const int tiles = in.element_count, d_registers = tiles * counts.c;
  const uint32_t flags = in[d_registers];
  const int a_first = d_registers + 1;
  const int b_at = a_first + ((flags & kFragmentA) != 0 ? counts.a : 1);
  const int lane = first_lane(warp.executing());
  const uint32_t signs = bytes == 4 ? 0x80000000u : 0x80008000u;

  Fragment a, b, c, d;
  if ((flags & kFragmentA) != 0) {
    for (int r = 0; r < counts.a; ++r) std::memcpy(a[r], warp.lanes<uint32_t>(in[a_first + r]), sizeof(a[r]));
  } else {
    const SharedMatrix matrix(warp, warp.lanes<uint64_t>(in[a_first])[lane], bytes, (flags & kTransposedA) != 0, lane);
    gather(matrix, static_cast<uint32_t>(kRows * (warp.index() % 4)), counts.a, 2, per_register, a);
  }
  if ((flags & kNegatedA) != 0) negate(a, counts.a, signs);

  const SharedMatrix matrix(warp, warp.lanes<uint64_t>(in[b_at])[lane], bytes, (flags & kTransposedB) != 0, lane);
  const bool keeps = has_lane(warp.predicate(in[b_at + 1]), lane);
  for (int tile = 0; tile < tiles; ++tile) {
    gather(matrix, static_cast<uint32_t>(kColumns * tile), counts.b, 1, per_register, b);
    if ((flags & kNegatedB) != 0) negate(b, counts.b, signs);
    for (int r = 0; r < counts.c; ++r) {
      if (keeps) {
        std::memcpy(c[r], warp.lanes<uint32_t>(in[tile * counts.c + r]), sizeof(c[r]));
      } else {
        std::memset(c[r], 0, sizeof(c[r]));
      }
    }
    numerics::mma(op, d, a, b, c);
    for (int r = 0; r < counts.c; ++r) {
      write_lanes<uint32_t>(warp, in[tile * counts.c + r], [&](int to) { return d[r][to]; });
    }
  }
}

// 1 or -1, where the instruction has it.
bool is_negative(Decoder& d, size_t operand) {
  return d.operand_count() > operand && static_cast<int64_t>(d.immediate(operand)) == -1;
}
bool is_one(Decoder& d, size_t operand) { return d.operand_count() > operand && d.immediate(operand) == 1; }

}  // namespace

// {D}, A, B, scale-d{, scale-a, scale-b{, transpose-a, transpose-b}}; a fragment A has no transpose.
void decode_wgmma(Decoder& d) {
  d.take(Mod::Sync);
  d.take(Mod::Aligned);
  const ptx::Shape shape = d.shape();
  const bool saturate = d.take(Mod::Satfinite);
  const std::optional<numerics::MmaType> result = mma_type(d.type(0)), a = mma_type(d.type(1)), b = mma_type(d.type(2));
  if (!result || !a || !b) d.unsupported("these types");
  const numerics::MmaOp op{kRows, kColumns, shape.k, *a, *b, *result, saturate};
  if (!numerics::is_supported(op)) d.unsupported("this shape with these types");
  const numerics::MmaRegisters counts = numerics::register_counts(op);

  const bool fragment = d.operand(1).kind == ptx::OperandKind::Vector;
  uint32_t flags = 0;
  if (fragment) flags |= kFragmentA;
  if (is_negative(d, 4)) flags |= kNegatedA;
  if (is_negative(d, 5)) flags |= kNegatedB;
  if (!fragment && is_one(d, 6)) flags |= kTransposedA;
  if (is_one(d, fragment ? 6 : 7)) flags |= kTransposedB;

  std::vector<Slot> slots = d.destinations(0, Type::B32);
  const size_t d_registers = slots.size();
  const std::vector<Slot> a_slots = d.sources(1, fragment ? Type::B32 : Type::B64);
  if (d_registers != static_cast<size_t>(counts.c) * shape.n / kColumns ||
      (fragment && a_slots.size() != static_cast<size_t>(counts.a))) {
    d.unsupported("fragments of this size");
  }
  slots.push_back(flags);
  slots.insert(slots.end(), a_slots.begin(), a_slots.end());
  slots.push_back(d.source(2, Type::B64));
  slots.push_back(d.predicate(d.operand(3)));

  Instruction& in = d.emit(wgmma, slots);
  in.immediate = pack_op(op);
  in.element_bytes = static_cast<uint8_t>(ptx::type_bits(d.type(1)) / 8);
  in.element_count = static_cast<uint8_t>(shape.n / kColumns);
}

}  // namespace triton_runner::executor
