#include "ir/ptx_late.h"

#include <algorithm>
#include <utility>

#include "ptx/opcodes.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using ptx::Function;
using ptx::Instruction;
using ptx::Opcode;
using ptx::Operand;
using ptx::OperandKind;

void add_registers(const Operand& operand, std::vector<uint32_t>& out) {
  if (operand.kind == OperandKind::Register) out.push_back(operand.index);
  for (const Operand& element : operand.elements) {
    if (element.kind == OperandKind::Register) out.push_back(element.index);
  }
}

bool is_tensor_load(Opcode opcode) { return opcode == Opcode::Tcgen05Ld || opcode == Opcode::Tcgen05LdRed; }

// One register that some instruction writes late.
struct Late {
  uint32_t reg;
  bool is_tensor_load;
  uint32_t scope;  // where its name is known: that of the instruction
  auto operator<=>(const Late&) const = default;
};

class Arrivals {
 public:
  Arrivals(const Function& function, const PtxBlocks& blocks, const PtxKernelText& text)
      : function_(function), blocks_(blocks), text_(text) {}

  std::map<uint32_t, std::vector<uint32_t>> run() {
    collect();
    if (late_.empty()) return {};
    solve();
    for (Block block = 0; block + 1 < blocks_.first.size(); ++block) pass(block, entering_[block], true);
    return std::move(found_);
  }

 private:
  using Set = std::vector<bool>;  // by position in late_

  void collect();
  void solve();
  Set pass(Block block, Set flying, bool keep);
  bool is_wait(const Instruction& instruction, bool tensor_load) const;

  const Function& function_;
  const PtxBlocks& blocks_;
  const PtxKernelText& text_;
  std::vector<Late> late_;
  std::map<uint32_t, std::vector<size_t>> written_;  // by instruction: positions in late_
  std::vector<Set> entering_;                        // by block
  std::map<uint32_t, std::vector<uint32_t>> found_;
};

void Arrivals::collect() {
  for (uint32_t i = 0; i < function_.instructions.size(); ++i) {
    const Instruction& instruction = function_.instructions[i];
    if (!comes_late(instruction)) continue;
    for (const uint32_t reg : results_of(instruction)) {
      late_.push_back({reg, is_tensor_load(instruction.opcode), text_.instructions[i].scope});
    }
  }
  std::ranges::sort(late_);
  late_.erase(std::unique(late_.begin(), late_.end()), late_.end());
  constexpr size_t kMostBits = size_t{1} << 30;
  TR_CHECK(late_.size() <= kMostBits / blocks_.first.size(), UnsupportedError, "kernel '", function_.name, "' has ",
           late_.size(), " registers in flight and ", blocks_.first.size(), " blocks: too many to follow");
  for (uint32_t i = 0; i < function_.instructions.size(); ++i) {
    const Instruction& instruction = function_.instructions[i];
    if (!comes_late(instruction)) continue;
    for (const uint32_t reg : results_of(instruction)) {
      const Late late{reg, is_tensor_load(instruction.opcode), text_.instructions[i].scope};
      written_[i].push_back(static_cast<size_t>(std::ranges::lower_bound(late_, late) - late_.begin()));
    }
  }
}

bool Arrivals::is_wait(const Instruction& instruction, bool tensor_load) const {
  if (instruction.guard != ptx::kNone) return false;
  if (tensor_load) return instruction.opcode == Opcode::Tcgen05WaitLd;
  return instruction.opcode == Opcode::WgmmaWaitGroup && instruction.operands[0].bits == 0;
}

// What is in flight behind a block, where `flying` is before it.
Arrivals::Set Arrivals::pass(Block block, Set flying, bool keep) {
  for (uint32_t i = blocks_.first[block]; i < blocks_.first[block + 1]; ++i) {
    const Instruction& instruction = function_.instructions[i];
    if (auto started = written_.find(i); started != written_.end()) {
      for (const size_t position : started->second) flying[position] = true;
    }
    for (const bool tensor_load : {false, true}) {
      if (!is_wait(instruction, tensor_load)) continue;
      for (size_t position = 0; position < late_.size(); ++position) {
        const Late& late = late_[position];
        if (!flying[position] || late.is_tensor_load != tensor_load) continue;
        flying[position] = false;
        const bool has_name = late.scope == 0 || late.scope == text_.instructions[i].scope;
        if (keep && has_name) found_[i].push_back(late.reg);
      }
    }
  }
  return flying;
}

// Grows the sets at the starts of blocks until nothing changes.
void Arrivals::solve() {
  entering_.assign(blocks_.first.size(), Set(late_.size(), false));
  std::vector<Block> work;
  for (Block block = 0; block + 1 < blocks_.first.size(); ++block) work.push_back(block);
  std::ranges::reverse(work);
  while (!work.empty()) {
    const Block block = work.back();
    work.pop_back();
    const Set leaving = pass(block, entering_[block], false);
    for (const Block next : blocks_.graph[block]) {
      bool grew = false;
      for (size_t position = 0; position < leaving.size(); ++position) {
        if (!leaving[position] || entering_[next][position]) continue;
        entering_[next][position] = true;
        grew = true;
      }
      if (grew && next + 1 < blocks_.first.size()) work.push_back(next);
    }
  }
}

}  // namespace

std::vector<uint32_t> results_of(const Instruction& instruction) {
  std::vector<uint32_t> results;
  if (instruction.opcode == Opcode::Call) {
    add_registers(instruction.operands[0], results);
    return results;
  }
  const ptx::OperandRules rules = ptx::operand_rules(instruction);
  for (size_t i = 0; i < rules.size(); ++i) {
    const ptx::Role role = rules[i].role;
    if (role == ptx::Role::Destination || role == ptx::Role::Destinations || role == ptx::Role::DestinationPair) {
      add_registers(instruction.operands[i], results);
    }
  }
  return results;
}

bool comes_late(const Instruction& instruction) {
  return instruction.opcode == Opcode::WgmmaMmaAsync || is_tensor_load(instruction.opcode);
}

std::map<uint32_t, std::vector<uint32_t>> late_arrivals(const Function& function, const PtxBlocks& blocks,
                                                        const PtxKernelText& text) {
  return Arrivals(function, blocks, text).run();
}

}  // namespace triton_runner::ir
