#include "ir/llvm_addresses.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

namespace triton_runner::ir {
namespace {

bool has_any(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool reads_memory(const LlvmInstruction& instruction) {
  static constexpr std::string_view kWords[] = {"[", "wgmma"};
  if (instruction.op == "asm") return has_any(instruction.assembly, kWords);
  return instruction.opcode == "load" || instruction.opcode == "atomicrmw" || instruction.opcode == "cmpxchg";
}

// Special registers that tell two launches apart, and barriers, which a thread finds open or not.
bool depends_on_launch(const LlvmInstruction& instruction) {
  if (instruction.opcode != "call") return false;
  static constexpr std::string_view kWords[] = {"clock",  "globaltimer", "smid",      "warpid",
                                                "gridid", "mbarrier",    "activemask"};
  return has_any(instruction.op, kWords) || has_any(instruction.assembly, kWords);
}

class Addresses {
 public:
  explicit Addresses(const LlvmFunction& function) : function_(function) {
    for (const LlvmParam& param : function.params) add(param.name, param.type);
    for (const LlvmInstruction& instruction : function.instructions) add(instruction.result, instruction.type);
  }

  std::set<std::string> run() {
    for (bool grew = true; grew;) {
      grew = false;
      for (const LlvmInstruction& instruction : function_.instructions) {
        if (instruction.result.empty() || found_.contains(instruction.result) || !gives_address(instruction)) continue;
        grew = true;
        found_.insert(instruction.result);
      }
    }
    return std::move(found_);
  }

 private:
  void add(const std::string& name, const LlvmType& type) {
    if (type.kind != LlvmType::Kind::Pointer) return;
    pointers_.insert(name);
    found_.insert(name);
  }
  bool gives_address(const LlvmInstruction& instruction) const;

  const LlvmFunction& function_;
  std::set<std::string> pointers_;
  std::set<std::string> found_;
};

bool Addresses::gives_address(const LlvmInstruction& instruction) const {
  if (depends_on_launch(instruction)) return true;
  if (reads_memory(instruction)) return false;
  const bool is_call = instruction.opcode == "call";
  if (instruction.uses_global && !is_call) return true;  // ptrtoint of a variable
  return std::ranges::any_of(instruction.operands, [&](const std::string& operand) {
    const bool is_memory = is_call && instruction.op != "asm" && pointers_.contains(operand);  // ldmatrix
    return found_.contains(operand) && !is_memory;
  });
}

}  // namespace

std::set<std::string> values_with_addresses(const LlvmFunction& function) { return Addresses(function).run(); }

}  // namespace triton_runner::ir
