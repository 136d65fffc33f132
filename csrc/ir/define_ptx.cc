// Gives every register of a PTX kernel a value behind its declaration, where it may be read without one.
//
//   ld.param.b64 %rd1, [k_param_0];        ->        mov.b32 %r1, 0;
//   @%p1 ld.global.b32 %r1, [%rd1];                  ld.param.b64 %rd1, [k_param_0];
//   add.s32 %r2, %r1, 1;                             @%p1 ld.global.b32 %r1, [%rd1];
//
// What a thread finds in a register that nothing wrote is left to the hardware: lanes that a mask keeps from loading
// hold whatever was there. With a zero in it a dump is the same in every run and on every device. Which registers that
// is follows from a backward liveness analysis over the blocks; a guarded instruction does not end a life. Registers of
// 128 bits and of inner scopes stay as they are, and so does a kernel whose first instruction is part of a loop. The
// zeros go ahead of the first instruction behind the declarations, which may be a later one: a dump puts its own code
// first. Tested in tests/csrc/ir/test_define_ptx.cc.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/protocol.h"
#include "ir/ptx_flow.h"
#include "ir/ptx_late.h"
#include "ir/ptx_text.h"
#include "ir/text_edits.h"
#include "ptx/access.h"
#include "ptx/opcodes.h"
#include "ptx/parser.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using ptx::Function;
using ptx::Instruction;
using ptx::Operand;
using ptx::OperandKind;

void add_registers(const Operand& operand, std::vector<uint32_t>& out) {
  const bool is_address = operand.kind == OperandKind::Address && operand.base == ptx::AddressBase::Register;
  if (operand.kind == OperandKind::Register || is_address) out.push_back(operand.index);
  for (const Operand& element : operand.elements) add_registers(element, out);
}

std::vector<uint32_t> sources_of(const Instruction& instruction) {
  std::vector<uint32_t> sources;
  if (instruction.guard != ptx::kNone) sources.push_back(instruction.guard);
  const ptx::OperandRules rules = ptx::operand_rules(instruction);
  for (size_t i = 0; i < instruction.operands.size(); ++i) {
    const bool is_call = instruction.opcode == ptx::Opcode::Call;
    const ptx::Role role = is_call ? ptx::Role::Source : rules[i].role;
    const bool is_result = (is_call && i == 0) || role == ptx::Role::Destination || role == ptx::Role::Destinations ||
                           role == ptx::Role::DestinationPair;
    if (!is_result) add_registers(instruction.operands[i], sources);
  }
  return sources;
}

// Sets of registers, by their position among those that some block reads before it writes them.
class Liveness {
 public:
  explicit Liveness(const Function& function) : function_(function), blocks_(find_blocks(function)) {}

  // Registers whose value at the start of the kernel may be read.
  std::vector<uint32_t> at_start() {
    collect();
    if (exposed_.empty()) return {};
    solve();
    std::vector<uint32_t> found;
    for (const auto& [reg, position] : exposed_) {
      if (read_[0][position]) found.push_back(reg);
    }
    return found;
  }
  uint32_t first_block_end() const { return blocks_.first[1]; }
  bool repeats_start() const {
    return std::ranges::any_of(
        blocks_.graph, [](const std::vector<Block>& next) { return std::ranges::find(next, Block{0}) != next.end(); });
  }

 private:
  using Set = std::vector<bool>;

  template <typename Visit>
  void walk(Block block, Visit visit) const;
  void collect();
  void solve();

  const Function& function_;
  PtxBlocks blocks_;
  std::map<uint32_t, size_t> exposed_;
  std::vector<Set> read_;     // by block: read in it, or behind it, before a write
  std::vector<Set> written_;  // by block: surely written in it
};

// Calls visit(register, is_write) in the order of execution; a guarded write does not count as one.
template <typename Visit>
void Liveness::walk(Block block, Visit visit) const {
  for (uint32_t i = blocks_.first[block]; i < blocks_.first[block + 1]; ++i) {
    const Instruction& instruction = function_.instructions[i];
    for (const uint32_t reg : sources_of(instruction)) visit(reg, false);
    if (instruction.guard != ptx::kNone) continue;
    for (const uint32_t reg : results_of(instruction)) visit(reg, true);
  }
}

void Liveness::collect() {
  const auto count = static_cast<Block>(blocks_.first.size() - 1);
  std::vector<std::vector<uint32_t>> reads(count);
  std::vector<Block> last_write(function_.register_types.size(), count);  // the block that wrote it last
  for (Block block = 0; block < count; ++block) {
    walk(block, [&](uint32_t reg, bool is_write) {
      if (is_write) {
        last_write[reg] = block;
      } else if (last_write[reg] != block) {
        exposed_.emplace(reg, 0);
        reads[block].push_back(reg);
      }
    });
  }
  size_t position = 0;
  for (auto& [reg, at] : exposed_) at = position++;
  constexpr size_t kMostBits = size_t{1} << 30;
  TR_CHECK(exposed_.size() <= kMostBits / blocks_.first.size(), UnsupportedError, "kernel '", function_.name, "' has ",
           exposed_.size(), " registers that live across ", count, " blocks: too many to follow");
  read_.assign(blocks_.first.size(), Set(exposed_.size(), false));
  written_ = read_;
  for (Block block = 0; block < count; ++block) {
    for (const uint32_t reg : reads[block]) read_[block][exposed_[reg]] = true;
    walk(block, [&](uint32_t reg, bool is_write) {
      if (auto found = exposed_.find(reg); is_write && found != exposed_.end()) written_[block][found->second] = true;
    });
  }
}

// Grows the sets from the blocks behind until nothing changes.
void Liveness::solve() {
  std::vector<std::vector<Block>> ahead(blocks_.graph.size());
  std::vector<Block> work;
  for (Block block = 0; block < blocks_.graph.size(); ++block) {
    for (const Block next : blocks_.graph[block]) ahead[next].push_back(block);
    work.push_back(block);  // the last one is taken first
  }
  while (!work.empty()) {
    const Block block = work.back();
    work.pop_back();
    for (const Block from : ahead[block]) {
      bool grew = false;
      for (size_t i = 0; i < exposed_.size(); ++i) {
        if (!read_[block][i] || written_[from][i] || read_[from][i]) continue;
        read_[from][i] = true;
        grew = true;
      }
      if (grew) work.push_back(from);
    }
  }
}

// Where zeros can go: ahead of `instruction`, into registers that are known there and that nothing has touched so far.
struct Place {
  uint32_t instruction = 0;
  std::vector<bool> registers;
};

Place find_place(const Function& function, uint32_t block_end) {
  Place place;
  place.registers.assign(function.register_types.size(), false);
  unsigned depth = 0;
  uint32_t seen = 0;  // instructions
  for (const ptx::Item& item : function.layout) {
    if (item.kind == ptx::ItemKind::Instruction && ++seen == block_end) break;
    if (item.kind == ptx::ItemKind::OpenScope) ++depth;
    if (item.kind == ptx::ItemKind::CloseScope) --depth;
    if (item.kind != ptx::ItemKind::Registers || depth != 0) continue;
    const ptx::RegisterDecl& declared = function.register_decls[item.index];
    std::fill_n(place.registers.begin() + declared.first, declared.count, true);
    place.instruction = seen;
  }
  for (uint32_t i = 0; i < place.instruction; ++i) {
    const Instruction& instruction = function.instructions[i];
    for (const uint32_t reg : sources_of(instruction)) place.registers[reg] = false;
    for (const uint32_t reg : results_of(instruction)) place.registers[reg] = false;
  }
  return place;
}

std::string zero_of(const Function& function, uint32_t reg) {
  const ptx::Type type = function.register_types[reg];
  const uint32_t width = ptx::type_bits(type);
  const bool is_predicate = type == ptx::Type::Pred;
  if (!is_predicate && width != 16 && width != 32 && width != 64) return {};
  return concat("mov.", is_predicate ? "pred" : concat("b", width), " ", function.register_name(reg), ", 0;\n\t");
}

}  // namespace

std::string define_registers(std::string_view text, const std::string& kernel) {
  const ptx::Module module = ptx::parse(text);
  // A variable of its own: GCC 13 takes the result for a part of the temporary.
  const std::optional<std::string> name = kernel.empty() ? std::nullopt : std::optional(kernel);
  const Function& function = ptx::choose_entry(module, name);
  if (function.instructions.empty()) return std::string(text);
  Liveness liveness(function);
  if (liveness.repeats_start()) return std::string(text);
  const Place place = find_place(function, liveness.first_block_end());
  std::string code;
  for (const uint32_t reg : liveness.at_start()) {
    if (place.registers[reg]) code += zero_of(function, reg);
  }
  TextEdits edits;
  if (!code.empty()) edits.insert(locate_kernel(text, function).instructions[place.instruction].begin, code);
  return edits.apply(text);
}

}  // namespace triton_runner::ir
