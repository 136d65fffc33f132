#include "ir/llvm_values.h"

#include <algorithm>
#include <set>
#include <utility>

#include "ir/llvm_addresses.h"
#include "ir/llvm_instruction.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using Kind = LlvmType::Kind;

constexpr uint64_t kMostElements = 512;

// "i32" of a scalar; empty where it has no place in the buffer.
std::string element_name(const LlvmType& type) {
  if (type.kind == Kind::Pointer) return "ptr";
  if (type.text == "half") return "fp16";
  if (type.text == "bfloat") return "bf16";
  if (type.text == "float") return "fp32";
  if (type.text == "double") return "fp64";
  if (type.kind != Kind::Integer || type.bits > 64) return {};
  if (type.bits == 1) return "i1";
  return type.bits <= 8 ? "i8" : type.bits <= 16 ? "i16" : type.bits <= 32 ? "i32" : "i64";
}

bool is_list(const LlvmType& type) { return type.kind == Kind::Vector || type.kind == Kind::Array; }

// Which results are still being written by the tensor cores: those of wgmma.mma_async and tcgen05.ld, and what is put
// together from them before their wait, which for wgmma is an operation with results of its own.
class InFlight {
 public:
  void pass(const LlvmInstruction& instruction) {
    const std::string_view assembly = instruction.assembly;
    auto has = [&](std::string_view word) { return assembly.find(word) != std::string_view::npos; };
    if (has("tcgen05.wait::ld") || instruction.op.starts_with("llvm.nvvm.tcgen05.wait.ld")) tensor_loads_.clear();
    if (instruction.result.empty()) return;
    const bool waits = has("wgmma.wait_group.sync.aligned 0");
    const bool starts_mma = has("wgmma.mma_async") || (has("wgmma.wait_group") && !waits);
    if (starts_mma) return add(matrices_, instruction);
    if (has("tcgen05.ld") || instruction.op.starts_with("llvm.nvvm.tcgen05.ld")) return add(tensor_loads_, instruction);
    const bool moves = instruction.opcode == "extractvalue" || instruction.opcode == "insertvalue" ||
                       instruction.opcode == "bitcast" || instruction.is_phi();
    if (!moves) return;
    for (const std::string& operand : instruction.operands) {
      if (matrices_.contains(operand)) add(matrices_, instruction);
      if (tensor_loads_.contains(operand)) add(tensor_loads_, instruction);
    }
  }
  std::string refusal(const std::string& value) const {
    if (matrices_.contains(value)) {
      return "it is an accumulator of wgmma in flight; dump the result of the wgmma.wait_group 0 behind it";
    }
    if (tensor_loads_.contains(value)) {
      return "tcgen05.ld has not brought it yet; dump what is computed from it behind tcgen05.wait::ld";
    }
    return {};
  }

 private:
  static void add(std::set<std::string>& names, const LlvmInstruction& instruction) {
    names.insert(instruction.result);
  }
  std::set<std::string> matrices_;
  std::set<std::string> tensor_loads_;
};

void add_fields(LlvmValue value, std::vector<LlvmValue>& out) {
  if (value.type.kind == Kind::Struct) {
    const LlvmType whole = value.type;
    for (uint32_t i = 0; i < whole.elements.size(); ++i) {
      LlvmValue field = value;
      field.path.push_back(i);
      field.type = LlvmType(whole.elements[i]);
      add_fields(std::move(field), out);
    }
    return;
  }
  const LlvmType& element = is_list(value.type) ? value.type.elements[0] : value.type;
  if (value.refusal.empty() && element_name(element).empty()) {
    value.refusal = concat("its type ", value.type.text, " has no place in a tensor");
  }
  if (value.refusal.empty() && is_list(value.type) && value.type.count > kMostElements) {
    value.refusal = concat("it has ", value.type.count, " elements, and inline assembly takes ", kMostElements);
  }
  out.push_back(std::move(value));
}

}  // namespace

uint32_t behind_phis(const LlvmFunction& function, const LlvmBlock& block) {
  uint32_t at = block.first;
  while (at + 1 < block.first + block.count && function.instructions[at].is_phi()) ++at;
  return at;
}

LlvmKernel read_llvm_kernel(const LlvmModule& module, const LlvmFunction& function) {
  LlvmKernel kernel{module, function, find_loops(function.graph), values_with_addresses(function), {}};
  for (const LlvmParam& param : function.params) {
    add_fields({param.name, {}, param.type, param.type, kNoInstruction, 0, {}, false, {}}, kernel.values);
  }
  InFlight in_flight;
  for (Block b = 0; b < function.blocks.size(); ++b) {
    const LlvmBlock& block = function.blocks[b];
    const uint32_t phis_end = behind_phis(function, block);
    for (uint32_t i = block.first; i < block.first + block.count; ++i) {
      const LlvmInstruction& instruction = function.instructions[i];
      in_flight.pass(instruction);
      if (instruction.result.empty()) continue;
      LlvmValue value{instruction.result,
                      {},
                      instruction.type,
                      instruction.type,
                      i,
                      std::max(i + 1, phis_end),
                      kernel.loops.around(b),
                      kernel.loops.repeats[b],
                      in_flight.refusal(instruction.result)};
      if (is_terminator(instruction)) value.refusal = "control leaves its block with it";
      add_fields(std::move(value), kernel.values);
    }
  }
  return kernel;
}

Slot describe(const LlvmKernel& kernel, const LlvmValue& value) {
  Slot slot;
  slot.name = value.base;
  for (const uint32_t field : value.path) slot.name += concat("#", field);
  const LlvmType& element = is_list(value.type) ? value.type.elements[0] : value.type;
  slot.element = element_name(element);
  if (is_list(value.type)) slot.shape = {static_cast<int64_t>(value.type.count)};
  slot.layout = value.type.text;
  slot.depth = static_cast<unsigned>(value.loops.size());
  slot.per_thread = true;
  slot.address = kernel.addresses.contains(value.base) && !is_float_element(slot.element);
  slot.refusal = value.refusal;
  if (value.instruction == kNoInstruction) {
    slot.op = "parameter";
    slot.line = kernel.function.line;
    return slot;
  }
  const LlvmInstruction& instruction = kernel.function.instructions[value.instruction];
  slot.op = instruction.op;
  slot.line = instruction.line;
  slot.sources = kernel.module.source_lines(instruction.debug);
  return slot;
}

}  // namespace triton_runner::ir
