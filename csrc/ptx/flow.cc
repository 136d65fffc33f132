#include "ptx/flow.h"

#include <algorithm>
#include <utility>

#include "ptx/opcodes.h"

namespace triton_runner::ptx {
namespace {

class FlowBuilder {
 public:
  FlowBuilder(const Module& module, const Function& entry) : module_(module), entry_(entry) {
    add_nodes();
    for (const Instruction& instruction : entry.instructions) add_instruction(instruction);
  }
  Flow take() { return std::move(flow_); }

 private:
  void add_nodes();
  Taint taint_of(const Param& param, size_t index) const;
  void add_instruction(const Instruction& instruction);
  void add_call(const Instruction& instruction);
  void add_arithmetic(const Instruction& instruction, std::vector<Node> from, std::vector<Node> to);
  void add_step(Step::Kind kind, std::vector<Node> from, std::vector<Node> to);
  Node value_node(const Operand& operand) const;
  void add_values(const Operand& operand, std::vector<Node>& out) const;
  void add_destinations(const Operand& operand, std::vector<Node>& out) const;
  void add_memory(const Operand& operand, Space space, std::vector<Node>& out) const;
  void add_touch(const Operand& operand, const OperandRule& rule, Space space);

  // Nodes: the registers, then the function's locals, then the parameters, then these.
  Node local_node(uint32_t index) const { return static_cast<Node>(entry_.register_types.size()) + index; }
  Node param_node(uint32_t index) const { return local_node(static_cast<uint32_t>(entry_.locals.size())) + index; }
  Node index_node() const { return param_node(static_cast<uint32_t>(entry_.params.size())); }
  Node internal_node() const { return index_node() + 1; }
  Node on_chip_node() const { return index_node() + 2; }  // what lies in shared and local memory
  Node global_node() const { return index_node() + 3; }   // what lies in global memory

  const Module& module_;
  const Function& entry_;
  Flow flow_;
};

Taint FlowBuilder::taint_of(const Param& param, size_t index) const {
  if (param.is_pointer || holds_addresses(param)) return {param_bit(index), Taint::kBased};
  if (param.size < 8) return {0, Taint::kIndex};
  if (lacks_ptr(entry_)) return {param_bit(index), Taint::kMaybe};
  return {0, Taint::kLoaded};
}

void FlowBuilder::add_nodes() {
  flow_.nodes.resize(global_node() + 1);
  for (size_t i = 0; i < entry_.params.size(); ++i) {
    flow_.nodes[param_node(static_cast<uint32_t>(i))] = taint_of(entry_.params[i], i);
  }
  flow_.nodes[index_node()] = {0, Taint::kIndex};
  flow_.nodes[internal_node()] = {0, Taint::kInternal};
  flow_.nodes[global_node()] = {0, Taint::kLoaded};
  flow_.global_memory = global_node();
}

Node FlowBuilder::value_node(const Operand& operand) const {
  if (operand.kind == OperandKind::Register) return operand.index;
  if (operand.kind != OperandKind::Symbol) return index_node();
  return operand.symbol == SymbolKind::Parameter ? param_node(operand.index) : internal_node();
}

void FlowBuilder::add_values(const Operand& operand, std::vector<Node>& out) const {
  if (operand.kind == OperandKind::Vector || operand.kind == OperandKind::Tuple) {
    for (const Operand& element : operand.elements) out.push_back(value_node(element));
  } else {
    out.push_back(value_node(operand));
  }
}

void FlowBuilder::add_destinations(const Operand& operand, std::vector<Node>& out) const {
  if (operand.kind == OperandKind::Register) out.push_back(operand.index);
  for (const Operand& element : operand.elements) {
    if (element.kind == OperandKind::Register) out.push_back(element.index);
  }
}

Node address_node(const Operand& operand, Node none) {
  return operand.base == AddressBase::Register ? operand.index : none;
}

// The nodes of what may lie behind an address.
void FlowBuilder::add_memory(const Operand& operand, Space space, std::vector<Node>& out) const {
  const bool is_symbol = operand.base == AddressBase::Symbol;
  switch (space) {
    case Space::Param:
      if (is_symbol && operand.symbol == SymbolKind::Parameter) out.push_back(param_node(operand.index));
      if (is_symbol && operand.symbol == SymbolKind::Local) out.push_back(local_node(operand.index));
      // ld.param of a computed address gives what the parameter holds, and the address knows which parameter it is.
      if (!is_symbol) out.push_back(address_node(operand, index_node()));
      return;
    case Space::Shared:
    case Space::Local:
    case Space::Tensor:
      return out.push_back(on_chip_node());
    case Space::Generic:
      out.push_back(on_chip_node());
      out.push_back(address_node(operand, internal_node()));
      [[fallthrough]];
    default:
      return out.push_back(global_node());
  }
}

void FlowBuilder::add_touch(const Operand& operand, const OperandRule& rule, Space space) {
  const bool is_tensor = rule.role == Role::TensorAddress;
  if (!rule.reads && !rule.writes) return;
  if (!is_tensor && space != Space::Global && space != Space::Generic) return;
  Node address = index_node();
  if (operand.base == AddressBase::Register) address = operand.index;
  if (operand.base == AddressBase::Symbol) {
    address = operand.symbol == SymbolKind::Parameter ? param_node(operand.index) : internal_node();
  }
  flow_.touches.push_back({address, rule.reads, rule.writes, is_tensor});
}

void FlowBuilder::add_step(Step::Kind kind, std::vector<Node> from, std::vector<Node> to) {
  if (!from.empty() && !to.empty()) flow_.steps.push_back({kind, std::move(from), std::move(to)});
}

// vprintf and __assertfail only read what they are given; of any other function we do not know.
void FlowBuilder::add_call(const Instruction& instruction) {
  const Operand& callee = instruction.operands[1];
  const bool is_known = callee.kind == OperandKind::Symbol && (module_.functions[callee.index].name == "vprintf" ||
                                                               module_.functions[callee.index].name == "__assertfail");
  flow_.unknown_call |= !is_known;
  std::vector<Node> results;
  for (const Operand& result : instruction.operands[0].elements) {
    if (result.kind == OperandKind::Symbol && result.symbol == SymbolKind::Local)
      results.push_back(local_node(result.index));
    if (result.kind == OperandKind::Register) results.push_back(result.index);
  }
  add_step(Step::Kind::Copy, {global_node()}, std::move(results));
}

void FlowBuilder::add_instruction(const Instruction& instruction) {
  if (instruction.opcode == Opcode::Call) return add_call(instruction);
  const OperandRules rules = operand_rules(instruction);
  std::vector<Node> from;
  std::vector<Node> to;
  bool touches_memory = false;
  for (size_t i = 0; i < rules.size(); ++i) {
    const Operand& operand = instruction.operands[i];
    const OperandRule& rule = rules[i];
    if (operand.kind == OperandKind::Address) {
      const Space space = rule.role == Role::TensorAddress ? Space::Global : rule.space.value_or(instruction.space());
      touches_memory |= rule.reads || rule.writes;
      if (rule.reads) add_memory(operand, space, from);
      if (rule.writes) add_memory(operand, space, to);
      add_touch(operand, rule, space);
    } else if (rule.role == Role::Destination || rule.role == Role::Destinations ||
               rule.role == Role::DestinationPair) {
      add_destinations(operand, to);
    } else if (rule.role != Role::Label && rule.role != Role::BranchTable) {
      add_values(operand, from);
    }
  }
  if (touches_memory) return add_step(Step::Kind::Copy, std::move(from), std::move(to));
  add_arithmetic(instruction, std::move(from), std::move(to));
}

void FlowBuilder::add_arithmetic(const Instruction& instruction, std::vector<Node> from, std::vector<Node> to) {
  switch (instruction.opcode) {
    case Opcode::Mov:
    case Opcode::Cvt:
    case Opcode::Cvta:
    case Opcode::Min:
    case Opcode::Max:
      return add_step(Step::Kind::Copy, std::move(from), std::move(to));
    case Opcode::Selp:
    case Opcode::Slct:
      from.resize(2);  // not the condition
      return add_step(Step::Kind::Copy, std::move(from), std::move(to));
    case Opcode::ShflSync:
      from.resize(1);  // not the lane
      return add_step(Step::Kind::Copy, std::move(from), std::move(to));
    // A pointer is also added to with `or` (aligned bases), masked with `and`, and swizzled with `xor`.
    case Opcode::Add:
    case Opcode::And:
    case Opcode::Or:
    case Opcode::Xor:
      return add_step(Step::Kind::Sum, std::move(from), std::move(to));
    case Opcode::Sub:
      return add_step(Step::Kind::Minus, std::move(from), std::move(to));
    case Opcode::Mad:
      return add_step(Step::Kind::MulAdd, std::move(from), std::move(to));
    case Opcode::Mapa:
      return add_step(Step::Kind::Copy, {internal_node()}, std::move(to));
    default:
      from.push_back(index_node());  // a result always is something, even of an operation without sources
      return add_step(Step::Kind::Derive, std::move(from), std::move(to));
  }
}

Taint result_of(const Step& step, const std::vector<Taint>& nodes) {
  Taint result;
  switch (step.kind) {
    case Step::Kind::Copy:
      for (Node node : step.from) result.merge(nodes[node]);
      return result;
    case Step::Kind::Sum:
      return sum(nodes[step.from[0]], nodes[step.from[1]]);
    case Step::Kind::Minus:
      return sum(nodes[step.from[0]], derive(nodes[step.from[1]]));
    case Step::Kind::MulAdd:
      result = derive(nodes[step.from[0]]);
      result.merge(derive(nodes[step.from[1]]));
      return sum(result, nodes[step.from[2]]);
    case Step::Kind::Derive:
      for (Node node : step.from) result.merge(derive(nodes[node]));
      return result;
  }
  return result;
}

}  // namespace

bool holds_addresses(const Param& param) { return param.count != 0 && param.size >= 8; }

bool lacks_ptr(const Function& entry) { return std::ranges::none_of(entry.params, &Param::is_pointer); }

bool may_be_pointer(const Function& entry, const Param& param) {
  return param.is_pointer || holds_addresses(param) || (param.size == 8 && lacks_ptr(entry));
}

Flow build_flow(const Module& module, const Function& entry) { return FlowBuilder(module, entry).take(); }

// A step runs again only when one of its sources grew; a taint grows at most as often as it has bits.
void solve(Flow& flow) {
  std::vector<std::vector<uint32_t>> users(flow.nodes.size());
  std::vector<uint32_t> work;
  for (uint32_t i = 0; i < flow.steps.size(); ++i) {
    for (Node node : flow.steps[i].from) users[node].push_back(i);
    work.push_back(i);
  }
  std::ranges::reverse(work);  // so that the first pass is in the order of the text
  while (!work.empty()) {
    const Step& step = flow.steps[work.back()];
    work.pop_back();
    const Taint result = result_of(step, flow.nodes);
    for (Node node : step.to) {
      if (flow.nodes[node].merge(result)) work.insert(work.end(), users[node].begin(), users[node].end());
    }
  }
}

}  // namespace triton_runner::ptx
