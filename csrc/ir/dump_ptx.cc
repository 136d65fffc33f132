// Dump of PTX: every register, per thread.
//
//   .visible .entry k(.param .u64 .ptr .global .align 1 a, ...)       the parameter triton_runner_dump is added
//   {                                                                 the place of this thread in the areas is computed
//   $L__BB0_2:                                                        the header of a loop counts its iterations
//       @%p1 ld.global.b32 %r5, [%rd1];                               behind it, a record of %r5 where %p1 holds
//
// All else stays byte for byte. The record is straight-line code without a branch, so that `.aligned` instructions find
// the warp as before. Tested in tests/csrc/ir/test_dump_ptx.cc, tests/python/test_dump_ptx.py.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ir/protocol.h"
#include "ir/ptx_record.h"
#include "ir/ptx_values.h"
#include "ir/text_edits.h"
#include "ptx/access.h"
#include "ptx/parser.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using ptx::Instruction;

constexpr const char* kBase = "%trd_base";
constexpr const char* kPrefix = "%trd_";

const PtxPlace& place() {
  static const PtxPlace registers = {kBase, "%trd_ahead", "%trd_thread", "%trd_threads"};
  return registers;
}

const ptx::Function& choose(const ptx::Module& module, const std::string& kernel) {
  return ptx::choose_entry(module, kernel.empty() ? std::nullopt : std::optional(kernel));
}

std::vector<SourceLine> source_lines(const ptx::Module& module, uint32_t loc) {
  std::vector<SourceLine> lines;
  // Text that was made to be hostile could chain all of its lines.
  constexpr size_t kLongest = 64;
  while (loc != ptx::kNone && lines.size() < kLongest) {
    const ptx::Loc& at = module.locs[loc];
    const ptx::File* file = module.find_file(at.file);
    if (file != nullptr && at.line != 0) lines.push_back({file->path, static_cast<int>(at.line)});
    loc = at.parent;
  }
  return lines;
}

Slot describe(const PtxKernel& kernel, const PtxValue& value) {
  const Instruction& instruction = kernel.function.instructions[value.instruction];
  Slot slot;
  slot.name = value.name;
  slot.op = mnemonic(instruction);
  slot.line = instruction.line.number;
  slot.sources = source_lines(kernel.module, instruction.loc);
  slot.element = value.type.element;
  if (value.type.lanes > 1) slot.shape = {value.type.lanes};
  slot.layout = concat(".", ptx::type_text(kernel.function.register_types[value.reg]));
  slot.depth = static_cast<unsigned>(value.loops.size());
  slot.per_thread = true;
  slot.address = kernel.addresses[value.reg] && !is_float_element(slot.element);
  slot.refusal = value.refusal;
  return slot;
}

class PtxDump {
 public:
  PtxDump(std::string_view text, const PtxKernel& kernel, const Request& request)
      : text_(text), kernel_(kernel), request_(request) {}

  Edit run();

 private:
  void add_parameter();
  void add_prologue();
  void count_iterations(uint32_t loop);
  void add_record(const PtxValue& value, const Slot& slot, uint32_t index);
  std::string save_guard(const PtxValue& value);
  std::string counter(uint32_t loop) const { return concat("%trd_loop", loop); }
  // Behind an instruction, on lines of its own.
  void insert_behind(uint32_t instruction, const std::string& code) {
    edits_.insert(kernel_.text.instructions[instruction].end, concat("\n", code.substr(0, code.size() - 1)));
  }
  void insert_before(uint32_t instruction, const std::string& code) {
    edits_.insert(kernel_.text.instructions[instruction].begin, concat(code.substr(1), "\t"));
  }

  std::string_view text_;
  const PtxKernel& kernel_;
  const Request& request_;
  std::map<uint32_t, bool> counted_;  // loops whose iterations are counted
  uint32_t guards_ = 0;               // copies of guards that their own instruction overwrites
  TextEdits edits_;
};

void PtxDump::add_parameter() {
  const PtxKernelText& at = kernel_.text;
  const std::string declaration = concat(".param .u64 .ptr .global .align ", kAlignment, " ", kBufferName);
  TR_CHECK(request_.params <= at.params.size(), ArgumentError, "kernel '", kernel_.function.name, "' has ",
           at.params.size(), " parameters; the dump buffer cannot follow the ", request_.params, "th");
  if (request_.params < at.params.size()) {
    edits_.insert(at.params[request_.params], concat(declaration, ",\n\t"));
  } else if (at.has_params) {
    edits_.insert(at.params_end, concat(at.params.empty() ? "" : ",\n\t", declaration, "\n"));
  } else {
    edits_.insert(at.name_end, concat("(", declaration, ")"));
  }
}

void PtxDump::add_prologue() {
  std::string code = concat("\n", record_registers(), "\t.reg .b64 ", kBase, ", ", place().ahead, ", ", place().thread,
                            ", ", place().threads, ";\n");
  if (guards_ > 0) code += concat("\t.reg .pred %trd_saved<", guards_, ">;\n");
  for (const auto& [loop, counted] : counted_) code += concat("\t.reg .b64 ", counter(loop), ";\n");
  code +=
      concat("\tld.param.b64 ", kBase, ", [", kBufferName, "];\n", "\tcvta.to.global.u64 ", kBase, ", ", kBase, ";\n");
  code += place_code(static_cast<uint32_t>(request_.num_ctas), request_.chosen.size(), place());
  for (const auto& [loop, counted] : counted_) code += concat("\tmov.b64 ", counter(loop), ", -1;\n");
  edits_.insert(kernel_.text.body, code);
}

// The header adds one; each way into the loop starts again from -1.
void PtxDump::count_iterations(uint32_t index) {
  if (!counted_.emplace(index, true).second) return;
  const Loop& loop = kernel_.loops.loops[index];
  insert_before(kernel_.blocks.first[loop.header],
                concat("\tadd.s64 ", counter(index), ", ", counter(index), ", 1;\n"));
  const std::string reset = concat("\tmov.b64 ", counter(index), ", -1;\n");
  for (const Block entry : loop.entries) {
    const uint32_t last = kernel_.blocks.last(entry);
    if (ends_block(kernel_.function.instructions[last])) {
      insert_before(last, reset);
    } else {
      insert_behind(last, reset);
    }
  }
}

// The guard as it was before the instruction, which may write it.
std::string PtxDump::save_guard(const PtxValue& value) {
  const uint32_t guard = kernel_.function.instructions[value.instruction].guard;
  if (guard == ptx::kNone) return {};
  std::string name = kernel_.function.register_name(guard);
  const bool changes = std::ranges::any_of(kernel_.values, [&](const PtxValue& other) {
    return other.instruction == value.instruction && other.reg == guard;
  });
  if (!changes) return name;
  const std::string saved = concat("%trd_saved", guards_++);
  insert_before(value.instruction, concat("\tmov.pred ", saved, ", ", name, ";\n"));
  return saved;
}

void PtxDump::add_record(const PtxValue& value, const Slot& slot, uint32_t index) {
  const std::string reg = kernel_.function.register_name(value.reg);
  const ptx::Type declared = kernel_.function.register_types[value.reg];
  const uint32_t width = ptx::type_bits(declared);
  PtxRecord record;
  record.slot = index;
  record.header_bytes = header_bytes(slot);
  record.record_bytes = record_bytes(slot);
  record.repeats = value.repeats;
  record.guard = save_guard(value);
  record.guard_negated = kernel_.function.instructions[value.instruction].guard_negated;
  for (const uint32_t loop : value.loops) {
    count_iterations(loop);
    record.iterations.push_back(counter(loop));
  }
  std::string code;
  if (declared == ptx::Type::Pred) {
    record.stores = {{0, "pred", reg}};
  } else if (width == 128) {
    code = concat("\t{\n\t.reg .b64 %trd_low, %trd_high;\n\tmov.b128 {%trd_low, %trd_high}, ", reg, ";\n");
    record.stores = {{0, "b64", "%trd_low"}, {8, "b64", "%trd_high"}};
  } else {
    record.stores = {{0, concat("b", width), reg}};
  }
  code += record_code(record, place());
  if (width == 128) code += "\t}\n";
  insert_behind(value.instruction, code);
}

Edit PtxDump::run() {
  TR_CHECK(text_.find(kPrefix) == std::string_view::npos && text_.find(kBufferName) == std::string_view::npos,
           ArtifactError, "the PTX of kernel '", kernel_.function.name, "' has names that start with '", kPrefix,
           "': it is the result of a dump; dump the kernel that it was made from");
  Edit edit;
  for (uint32_t i = 0; i < request_.chosen.size(); ++i) {
    TR_CHECK(request_.chosen[i] < kernel_.values.size(), ArgumentError, "the PTX of kernel '", kernel_.function.name,
             "' has ", kernel_.values.size(), " values; there is no number ", request_.chosen[i]);
    const PtxValue& value = kernel_.values[request_.chosen[i]];
    Slot slot = describe(kernel_, value);
    TR_CHECK(slot.refusal.empty(), UnsupportedError, "kernel '", kernel_.function.name, "': ", slot.name,
             " cannot be dumped: ", slot.refusal);
    add_record(value, slot, i);
    edit.slots.push_back(std::move(slot));
  }
  add_parameter();
  add_prologue();
  edit.text = edits_.apply(text_);
  return edit;
}

}  // namespace

std::vector<Slot> list_ptx(std::string_view text, const std::string& kernel) {
  const ptx::Module module = ptx::parse(text);
  const PtxKernel read = read_ptx_kernel(module, choose(module, kernel), text);
  std::vector<Slot> slots;
  for (const PtxValue& value : read.values) slots.push_back(describe(read, value));
  return slots;
}

Edit dump_ptx(std::string_view text, const Request& request) {
  if (request.chosen.empty()) return {std::string(text), {}};
  const ptx::Module module = ptx::parse(text);
  const PtxKernel kernel = read_ptx_kernel(module, choose(module, request.kernel), text);
  return PtxDump(text, kernel, request).run();
}

}  // namespace triton_runner::ir
