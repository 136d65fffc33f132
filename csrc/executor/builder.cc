#include "executor/builder.h"

#include <algorithm>
#include <cstring>

#include "executor/decode_table.h"
#include "executor/executor.h"
#include "executor/lanes.h"
#include "ptx/opcodes.h"
#include "ptx/printer.h"
#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

using ptx::Space;
using ptx::SymbolKind;
using ptx::Type;

constexpr uint64_t kDynamicSharedAlignment = 16;

uint64_t align_up(uint64_t value, uint64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

// Bytes of one lane in a column; 0 for a predicate, which is one mask. Eight bits lie in sixteen.
uint32_t lane_bytes(Type type) {
  const uint32_t bits = ptx::type_bits(type);
  if (type == Type::Pred) return 0;
  return bits <= 16 ? 2 : bits / 8;
}

bool reaches_other_ctas(const ptx::Instruction& instruction) {
  using ptx::Mod;
  using ptx::Opcode;
  static constexpr Opcode kOpcodes[] = {Opcode::Mapa, Opcode::Getctarank, Opcode::BarrierClusterArrive,
                                        Opcode::BarrierClusterWait};
  return std::ranges::find(kOpcodes, instruction.opcode) != std::end(kOpcodes) ||
         instruction.has(Mod::MulticastCluster) || instruction.has(Mod::MulticastClusterAll);
}

// An address in another CTA's shared memory comes from mapa alone.
std::string find_reach(const ptx::Module& module) {
  for (const ptx::Function& function : module.functions) {
    for (const ptx::Instruction& instruction : function.instructions) {
      if (!reaches_other_ctas(instruction)) continue;
      return concat(ptx::opcode_text(instruction.opcode), " in PTX line ", instruction.line.number);
    }
  }
  return {};
}

bool expands(const Frame* frame, const ptx::Function& function) {
  for (; frame != nullptr; frame = frame->caller) {
    if (&frame->function == &function) return true;
  }
  return false;
}

}  // namespace

std::shared_ptr<const Program> build_program(const ptx::Module& module, std::string_view entry) {
  return ProgramBuilder(module).build(entry);
}

std::shared_ptr<const Program> ProgramBuilder::build(std::string_view entry) {
  const ptx::Function* function = module_.find_entry(entry);
  TR_CHECK(function != nullptr, ArtifactError, "the PTX has no kernel named ", entry);
  program_->name = function->name;
  program_->param_bytes = function->param_bytes;
  program_->required_block = function->directives.reqntid;
  program_->across_ctas = find_reach(module_);
  lay_out_variables();

  Frame frame = enter(*function, nullptr);
  for (const ptx::Param& param : function->params) frame.params.push_back(param.offset);
  expand(frame);
  for (size_t i = 0; i < program_->code.size(); ++i)
    program_->code[i].operand = program_->operands.data() + operand_starts_[i];
  program_->registers.image.resize(align_up(program_->registers.image.size(), 64));
  return program_;
}

void ProgramBuilder::lay_out_variables() {
  for (const ptx::Variable& variable : module_.variables) {
    uint64_t address = 0;
    if (variable.space == Space::Shared) {
      if (!variable.unsized) place_shared(variable, address);
    } else {
      make_module_variable(variable, address);
    }
    variable_addresses_.push_back(address);
  }
  for (const ptx::Function& function : module_.functions) {
    for (const ptx::Variable& variable : function.locals) {
      if (variable.space == Space::Shared) place_shared(variable, shared_locals_[&variable]);
    }
  }
  lay_out_dynamic_shared();
  apply_relocations();
}

void ProgramBuilder::check_limit(std::string_view what, uint64_t bytes, uint64_t most) const {
  TR_CHECK(bytes <= most, ResourceError, "kernel ", program_->name, ": ", bytes, " bytes of ", what,
           "; the CPU executor has ", most);
}

void ProgramBuilder::place_shared(const ptx::Variable& variable, uint64_t& address) {
  check_limit("shared memory", variable.size, kMostSharedBytes);
  address = align_up(program_->static_shared_bytes, variable.align);
  check_limit("shared memory", address + variable.size, kMostSharedBytes);
  program_->static_shared_bytes = address + variable.size;
}

// All arrays without a size begin where the static ones end.
void ProgramBuilder::lay_out_dynamic_shared() {
  uint64_t alignment = kDynamicSharedAlignment;
  for (const ptx::Variable& variable : module_.variables) {
    if (variable.unsized) alignment = std::max<uint64_t>(alignment, variable.align);
  }
  program_->static_shared_bytes = align_up(program_->static_shared_bytes, alignment);
  for (size_t i = 0; i < module_.variables.size(); ++i) {
    if (module_.variables[i].unsized) variable_addresses_[i] = program_->static_shared_bytes;
  }
}

void ProgramBuilder::make_module_variable(const ptx::Variable& variable, uint64_t& address) {
  check_limit("one variable", variable.size, kMostVariableBytes);
  ModuleVariable made;
  made.name = variable.name;
  made.bytes = variable.size;
  made.writable = variable.space != Space::Const;
  made.storage = std::make_unique<std::byte[]>(variable.size + variable.align);
  address = align_up(reinterpret_cast<uintptr_t>(made.storage.get()), variable.align);
  made.base = reinterpret_cast<std::byte*>(address);
  std::copy(variable.init.begin(), variable.init.end(), made.base);
  program_->variables.push_back(std::move(made));
}

void ProgramBuilder::apply_relocations() {
  size_t made = 0;
  for (const ptx::Variable& variable : module_.variables) {
    if (variable.space == Space::Shared) continue;
    std::byte* base = program_->variables[made++].base;
    for (const ptx::Relocation& relocation : variable.relocations) {
      TR_CHECK(relocation.symbol == SymbolKind::Variable, UnsupportedError, "PTX line ", variable.line.number,
               ": variable ", variable.name, " holds the address of a function, which the CPU executor has none for");
      const Space space = module_.variables[relocation.index].space;
      uint64_t address = variable_addresses_[relocation.index] + static_cast<uint64_t>(relocation.addend);
      if (relocation.generic) address += window_of(space);
      std::memcpy(base + relocation.offset, &address, sizeof(address));
    }
  }
}

Slot ProgramBuilder::allocate_register(Type type) {
  std::vector<std::byte>& image = program_->registers.image;
  const uint64_t bytes = type == Type::Pred ? sizeof(LaneMask) : uint64_t{lane_bytes(type)} * kLanes;
  const uint64_t slot = align_up(image.size(), std::min<uint64_t>(bytes, 64));
  check_limit("registers", slot + bytes, kMostRegisterBytes);
  image.resize(slot + bytes);
  return static_cast<Slot>(slot);
}

Slot ProgramBuilder::constant(uint64_t bits, Type type) {
  const uint32_t width = lane_bytes(type);
  if (width < 8) bits &= width == 0 ? 1 : (uint64_t{1} << (8 * width)) - 1;
  const auto [entry, is_new] = constants_.try_emplace({bits, width}, kNoSlot);
  if (!is_new) return entry->second;
  const Slot slot = entry->second = allocate_register(type);
  std::byte* column = program_->registers.image.data() + slot;
  if (type == Type::Pred) {
    const LaneMask mask = bits != 0 ? kAllLanes : 0;
    std::memcpy(column, &mask, sizeof(mask));
    return slot;
  }
  for (int lane = 0; lane < kLanes; ++lane)
    std::memcpy(column + lane * width, &bits, std::min<size_t>(width, sizeof(bits)));
  return slot;
}

Slot ProgramBuilder::special(ptx::Special special) {
  const auto [entry, is_new] = specials_.try_emplace(special, kNoSlot);
  if (is_new) {
    const uint32_t bits = ptx::special_bits(special);
    entry->second = allocate_register(bits == 1 ? Type::Pred : bits == 64 ? Type::B64 : Type::B32);
    program_->registers.specials.push_back({special, entry->second});
  }
  return entry->second;
}

// Where results go that nobody wants.
Slot ProgramBuilder::sink() {
  if (sink_ == kNoSlot) sink_ = allocate_register(Type::B128);
  return sink_;
}

uint64_t ProgramBuilder::allocate_local(uint64_t bytes, uint64_t alignment) {
  check_limit("local memory", bytes, kMostLocalBytes);
  const uint64_t address = align_up(program_->local_bytes, alignment);
  check_limit("local memory", address + bytes, kMostLocalBytes);
  program_->local_bytes = align_up(address + bytes, 16);  // the next lane's memory starts here: keep it aligned
  return address;
}

Frame ProgramBuilder::enter(const ptx::Function& function, const Frame* caller) {
  Frame frame{function, caller, {}, {}, {}, {}, {}};
  for (const Type type : function.register_types) frame.registers.push_back(allocate_register(type));
  for (const ptx::Variable& variable : function.locals) {
    switch (variable.space) {
      case Space::Shared:
        frame.locals.push_back(shared_locals_.at(&variable));
        break;
      case Space::Local:
      case Space::Param:
        frame.locals.push_back(allocate_local(variable.size, variable.align));
        break;
      default:
        raise<UnsupportedError>("PTX line ", variable.line.number, ": variable ", variable.name,
                                " inside a function; the CPU executor knows .local, .shared and .param there");
    }
  }
  return frame;
}

void ProgramBuilder::expand(Frame& frame) {
  for (const ptx::Instruction& in : frame.function.instructions) {
    frame.starts.push_back(static_cast<uint32_t>(program_->code.size()));
    Decoder decoder(*this, frame, in);
    const DecodeFunction decode = find_decoder(in.opcode);
    if (decode == nullptr || ptx::forms()[in.form].coverage != ptx::Coverage::Executed) {
      decoder.unsupported("the CPU executor does not run this instruction");
    }
    decode(decoder);
    decoder.check_all_taken();
  }
  frame.starts.push_back(static_cast<uint32_t>(program_->code.size()));
  if (frame.caller == nullptr) {
    ptx::Instruction end;
    end.opcode = ptx::Opcode::Exit;
    end.line = frame.function.instructions.empty() ? frame.function.line : frame.function.instructions.back().line;
    Decoder decoder(*this, frame, end);
    decode_exit(decoder);
  }
  apply_fixups(frame);
}

void ProgramBuilder::apply_fixups(const Frame& frame) {
  std::erase_if(fixups_, [&](const Fixup& fixup) {
    if (fixup.frame != &frame) return false;
    const uint32_t target = frame.starts[fixup.instruction];
    if (fixup.table_entry >= 0) {
      program_->branch_tables[fixup.position][fixup.table_entry] = target;
    } else {
      program_->code[fixup.position].immediate = target;
    }
    return true;
  });
}

SymbolAddress ProgramBuilder::address_of(const Frame& frame, SymbolKind kind, uint32_t index) const {
  const Space params = frame.caller == nullptr ? Space::Param : Space::Local;
  switch (kind) {
    case SymbolKind::Variable:
      return {variable_addresses_[index], module_.variables[index].space};
    case SymbolKind::Parameter:
      return {frame.params[index], params};
    case SymbolKind::Result:
      return {frame.results[index], Space::Local};
    case SymbolKind::Local: {
      const Space space = frame.function.locals[index].space;
      return {frame.locals[index], space == Space::Param ? Space::Local : space};
    }
    default:
      raise<UnsupportedError>("the address of a function; the CPU executor calls functions by name only");
  }
}

Statement ProgramBuilder::statement_of(const Frame& frame, const ptx::Instruction& in) const {
  Statement statement{in.line.number, ptx::print(module_, frame.function, in), {}};
  for (uint32_t index = in.loc; index != ptx::kNone; index = module_.locs[index].parent) {
    const ptx::Loc& loc = module_.locs[index];
    const ptx::File* file = module_.find_file(loc.file);
    statement.source +=
        concat(statement.source.empty() ? "" : ", inlined at ", file != nullptr ? file->path : "?", ":", loc.line);
  }
  return statement;
}

Instruction& ProgramBuilder::emit(const Frame& frame, const ptx::Instruction& in, Handler handler,
                                  std::span<const Slot> operands) {
  operand_starts_.push_back(static_cast<uint32_t>(program_->operands.size()));
  program_->operands.insert(program_->operands.end(), operands.begin(), operands.end());
  program_->statements.push_back(statement_of(frame, in));
  Instruction& made = program_->code.emplace_back();
  made.execute = handler;
  if (in.guard != ptx::kNone) {
    made.guard = frame.registers[in.guard];
    made.guard_negated = in.guard_negated;
  }
  return made;
}

void ProgramBuilder::branch_to_label(const Frame& frame, uint32_t label) {
  const uint32_t position = static_cast<uint32_t>(program_->code.size()) - 1;
  fixups_.push_back({&frame, position, frame.function.labels[label].instruction, -1});
}

void ProgramBuilder::branch_to_end(const Frame& frame) {
  const uint32_t position = static_cast<uint32_t>(program_->code.size()) - 1;
  fixups_.push_back({&frame, position, static_cast<uint32_t>(frame.function.instructions.size()), -1});
}

uint32_t ProgramBuilder::add_branch_table(const Frame& frame, const ptx::BranchTable& table) {
  const uint32_t position = static_cast<uint32_t>(program_->branch_tables.size());
  program_->branch_tables.emplace_back(table.labels.size());
  for (size_t i = 0; i < table.labels.size(); ++i) {
    const uint32_t instruction = frame.function.labels[table.labels[i]].instruction;
    fixups_.push_back({&frame, position, instruction, static_cast<int32_t>(i)});
  }
  return position;
}

// The callee's body takes the place of the call, with registers of its own. Its parameters and results are the caller's
// .param variables themselves, so that st.param before the call and ld.param inside meet in the same bytes.
void ProgramBuilder::expand_call(const Frame& caller, const ptx::Instruction& in, const ptx::Function& callee) {
  if (expands(&caller, callee)) {
    raise<UnsupportedError>("PTX line ", in.line.number, ": ", callee.name,
                            " calls itself; the CPU executor expands calls in place");
  }
  Frame frame = enter(callee, &caller);
  const auto bind = [&](const ptx::Operand& tuple, const std::vector<ptx::Param>& formals,
                        std::vector<uint64_t>& addresses) {
    TR_CHECK(tuple.elements.size() == formals.size(), ArtifactError, "PTX line ", in.line.number, ": call of ",
             callee.name, " with ", tuple.elements.size(), " arguments or results, expected ", formals.size());
    for (size_t i = 0; i < formals.size(); ++i) {
      const ptx::Operand& actual = tuple.elements[i];
      TR_CHECK(formals[i].space == Space::Param && actual.kind == ptx::OperandKind::Symbol, UnsupportedError,
               "PTX line ", in.line.number, ": call of ", callee.name,
               " with arguments in registers; the CPU executor takes .param variables");
      addresses.push_back(address_of(caller, actual.symbol, actual.index).address + actual.bits);
    }
  };
  bind(in.operands.at(0), callee.results, frame.results);
  bind(in.operands.at(2), callee.params, frame.params);
  expand(frame);
}

}  // namespace triton_runner::executor
