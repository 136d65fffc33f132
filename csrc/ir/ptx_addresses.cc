#include "ir/ptx_addresses.h"

#include <algorithm>
#include <utility>

#include "ir/ptx_late.h"
#include "ptx/flow.h"
#include "ptx/opcodes.h"

namespace triton_runner::ir {
namespace {

using ptx::Function;
using ptx::Instruction;
using ptx::Opcode;
using ptx::Operand;
using ptx::OperandKind;
using ptx::Special;

bool varies(Special special) {
  static constexpr Special kVarying[] = {
      Special::Warpid,        Special::Nwarpid,       Special::Smid,          Special::Nsmid,
      Special::Gridid,        Special::Clock,         Special::ClockHi,       Special::Clock64,
      Special::Globaltimer,   Special::GlobaltimerLo, Special::GlobaltimerHi, Special::DynamicSmemSize,
      Special::TotalSmemSize, Special::AggrSmemSize,
  };
  return std::ranges::find(kVarying, special) != std::end(kVarying);
}

// Which threads are active, and whether a barrier is through already.
bool depends_on_time(Opcode opcode) {
  return opcode == Opcode::Activemask || ptx::opcode_text(opcode).starts_with("mbarrier.");
}

class Addresses {
 public:
  explicit Addresses(const Function& function) : function_(function), found_(function.register_types.size(), false) {}

  std::vector<bool> run() {
    // Registers only ever become addresses, so this ends.
    for (bool grew = true; grew;) {
      grew = false;
      for (const Instruction& instruction : function_.instructions) {
        if (!gives_address(instruction)) continue;
        for (const uint32_t reg : results_of(instruction)) {
          grew |= !found_[reg];
          found_[reg] = true;
        }
      }
    }
    return std::move(found_);
  }

 private:
  bool gives_address(const Instruction& instruction) const;
  bool is_address(const Operand& operand) const;
  bool loads_pointer(const Operand& address) const;

  const Function& function_;
  std::vector<bool> found_;
};

bool Addresses::is_address(const Operand& operand) const {
  if (operand.kind == OperandKind::Register) return found_[operand.index];
  if (operand.kind == OperandKind::Symbol) return true;
  if (operand.kind == OperandKind::SpecialRegister) return varies(operand.special);
  return std::ranges::any_of(operand.elements, [&](const Operand& element) { return is_address(element); });
}

bool Addresses::loads_pointer(const Operand& address) const {
  return address.base == ptx::AddressBase::Symbol && address.symbol == ptx::SymbolKind::Parameter &&
         ptx::may_be_pointer(function_, function_.params[address.index]);
}

bool Addresses::gives_address(const Instruction& instruction) const {
  if (depends_on_time(instruction.opcode)) return true;
  if (instruction.opcode == Opcode::WgmmaMmaAsync) return false;  // it reads memory through its descriptors
  if (instruction.opcode == Opcode::Call) return is_address(instruction.operands[2]);
  const ptx::OperandRules rules = ptx::operand_rules(instruction);
  bool from_source = false;
  for (size_t i = 0; i < rules.size(); ++i) {
    const Operand& operand = instruction.operands[i];
    const ptx::Role role = rules[i].role;
    if (operand.kind == OperandKind::Address) {
      if (rules[i].reads) return loads_pointer(operand);  // what lies in memory is data
      from_source |= operand.base == ptx::AddressBase::Symbol ||
                     (operand.base == ptx::AddressBase::Register && found_[operand.index]);
    } else if (role != ptx::Role::Destination && role != ptx::Role::Destinations &&
               role != ptx::Role::DestinationPair && role != ptx::Role::Label && role != ptx::Role::BranchTable) {
      from_source |= is_address(operand);
    }
  }
  return from_source;
}

}  // namespace

std::vector<bool> registers_with_addresses(const Function& function) { return Addresses(function).run(); }

}  // namespace triton_runner::ir
