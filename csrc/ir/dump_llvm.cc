// Dump of LLVM IR: every value, per thread.
//
//   define ptx_kernel void @k(ptr addrspace(1) %0, ptr addrspace(1) %triton_runner_dump, ...)
//     %trd.start = call { i64, i64, i64 } asm sideeffect "..."(...)         the place of this thread in the areas
//   34:
//     %trd.loop0 = phi i64 [ 0, %.lr.ph ], [ %trd.loop0.next, %34 ]         the header of a loop counts its iterations
//     %51 = fadd float %44, %46
//     call void asm sideeffect "...", "l,l,l,l,l,r"(...)                    the record of %51
//
// Nothing else changes: what is added has names, so the numbers stay. The record is the straight-line PTX of
// ptx_record.h as inline assembly, which neither splits a block nor keeps LLVM from anything around it. Tested in
// tests/csrc/ir/test_dump_llvm.cc, tests/python/test_dump_llvm.py.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ir/llvm_leaves.h"
#include "ir/llvm_module.h"
#include "ir/llvm_values.h"
#include "ir/protocol.h"
#include "ir/ptx_record.h"
#include "ir/text_edits.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

constexpr const char* kPrefix = "%trd.";

// Text between the quotes of LLVM IR.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\0A";
    } else if (c == '\t') {
      out += "\\09";
    } else {
      out += c;
    }
  }
  return out;
}

class LlvmDump {
 public:
  LlvmDump(std::string_view text, const LlvmKernel& kernel, const Request& request)
      : text_(text), kernel_(kernel), function_(kernel.function), request_(request) {}

  Edit run();

 private:
  void add_parameter();
  void add_prologue();
  void count_iterations(uint32_t loop);
  void add_record(const LlvmValue& value, const Slot& slot, uint32_t index);
  std::string counter(uint32_t loop) const { return concat("%trd.loop", loop); }
  // `code` is whole lines.
  void insert_before(uint32_t instruction, const std::string& code) {
    edits_.insert(function_.instructions[instruction].begin, concat(code.substr(2), "  "));
  }

  std::string_view text_;
  const LlvmKernel& kernel_;
  const LlvmFunction& function_;
  const Request& request_;
  std::vector<bool> counted_;
  LlvmNames names_;
  TextEdits edits_;
};

void LlvmDump::add_parameter() {
  const std::string declaration = concat("ptr addrspace(1) align ", kAlignment, " %", kBufferName);
  TR_CHECK(request_.params <= function_.params.size(), ArgumentError, "kernel '", function_.name, "' has ",
           function_.params.size(), " parameters; the dump buffer cannot follow the ", request_.params, "th");
  if (request_.params < function_.params.size()) {
    edits_.insert(function_.params[request_.params].begin, concat(declaration, ", "));
  } else {
    edits_.insert(function_.params_end, concat(function_.params.empty() ? "" : ", ", declaration));
  }
}

void LlvmDump::add_prologue() {
  const std::string code =
      concat("{\n\t.reg .b64 %trd_ahead, %trd_thread, %trd_threads;\n",
             place_code(static_cast<uint32_t>(request_.num_ctas), request_.chosen.size(),
                        {.base = "$3", .ahead = "%trd_ahead", .thread = "%trd_thread", .threads = "%trd_threads"}),
             "\tmov.b64 $0, %trd_ahead;\n\tmov.b64 $1, %trd_thread;\n\tmov.b64 $2, %trd_threads;\n\t}");
  insert_before(
      0, concat("  %trd.base = ptrtoint ptr addrspace(1) %", kBufferName, " to i64\n",
                "  %trd.start = call { i64, i64, i64 } asm sideeffect \"", escaped(code),
                "\", \"=l,=l,=l,l\"(i64 %trd.base)\n", "  %trd.ahead = extractvalue { i64, i64, i64 } %trd.start, 0\n",
                "  %trd.thread = extractvalue { i64, i64, i64 } %trd.start, 1\n",
                "  %trd.threads = extractvalue { i64, i64, i64 } %trd.start, 2\n"));
}

// One more phi in the header: 0 from outside, one more from inside.
void LlvmDump::count_iterations(uint32_t index) {
  if (counted_[index]) return;
  counted_[index] = true;
  const Loop& loop = kernel_.loops.loops[index];
  const std::string name = counter(index);
  std::string incoming;
  for (Block from = 0; from < function_.blocks.size(); ++from) {
    const bool is_latch = std::ranges::find(loop.latches, from) != loop.latches.end();
    for (const Block to : function_.graph[from]) {
      if (to != loop.header) continue;
      incoming += concat(incoming.empty() ? "" : ", ", "[ ", is_latch ? concat(name, ".next") : "0", ", ",
                         function_.blocks[from].label, " ]");
    }
  }
  const LlvmBlock& header = function_.blocks[loop.header];
  insert_before(header.first, concat("  ", name, " = phi i64 ", incoming, "\n"));
  insert_before(behind_phis(function_, header), concat("  ", name, ".next = add i64 ", name, ", 1\n"));
}

void LlvmDump::add_record(const LlvmValue& value, const Slot& slot, uint32_t index) {
  const bool is_param = value.instruction == kNoInstruction;
  const LlvmInstruction* source = is_param ? nullptr : &function_.instructions[value.instruction];
  std::string code;
  std::string name = value.base;
  if (!value.path.empty()) {
    name = names_.next();
    code += concat("  ", name, " = extractvalue ", value.whole.text, " ", value.base);
    for (const uint32_t field : value.path) code += concat(", ", field);
    code += "\n";
  }
  PtxRecord record;
  record.slot = index;
  record.header_bytes = header_bytes(slot);
  record.record_bytes = record_bytes(slot);
  record.repeats = value.repeats;
  const PtxPlace place = {.base = "$0", .ahead = "$1", .thread = "$2", .threads = "$3"};
  std::string constraints = "l,l,l,l";
  std::string operands = "i64 %trd.base, i64 %trd.ahead, i64 %trd.thread, i64 %trd.threads";
  unsigned count = 4;
  for (const uint32_t loop : value.loops) {
    count_iterations(loop);
    constraints += ",l";
    operands += concat(", i64 ", counter(loop));
    record.iterations.push_back(concat("$", count++));
  }
  for (const LlvmLeaf& leaf : make_leaves(name, value.type, names_, code)) {
    constraints += concat(",", leaf.constraint);
    operands += concat(", ", leaf.type, " ", leaf.operand);
    record.stores.push_back({leaf.store.offset, leaf.store.type, concat("$", count++)});
  }
  const std::string assembly = concat("{\n", record_registers(), record_code(record, place), "\t}");
  code += concat("  call void asm sideeffect \"", escaped(assembly), "\", \"", constraints, "\"(", operands, ")");
  if (source != nullptr && !source->debug.empty()) code += concat(", !dbg ", source->debug);
  insert_before(value.before, concat(code, "\n"));
}

Edit LlvmDump::run() {
  TR_CHECK(text_.find(kPrefix) == std::string_view::npos && text_.find(kBufferName) == std::string_view::npos,
           ArtifactError, "the LLVM IR of kernel '", function_.name, "' has names that start with '", kPrefix,
           "': it is the result of a dump; dump the kernel that it was made from");
  counted_.assign(kernel_.loops.loops.size(), false);
  add_parameter();
  add_prologue();
  Edit edit;
  for (uint32_t i = 0; i < request_.chosen.size(); ++i) {
    TR_CHECK(request_.chosen[i] < kernel_.values.size(), ArgumentError, "the LLVM IR of kernel '", function_.name,
             "' has ", kernel_.values.size(), " values; there is no number ", request_.chosen[i]);
    const LlvmValue& value = kernel_.values[request_.chosen[i]];
    Slot slot = describe(kernel_, value);
    TR_CHECK(slot.refusal.empty(), UnsupportedError, "kernel '", function_.name, "': ", slot.name,
             " cannot be dumped: ", slot.refusal);
    add_record(value, slot, i);
    edit.slots.push_back(std::move(slot));
  }
  edit.text = edits_.apply(text_);
  return edit;
}

}  // namespace

std::vector<Slot> list_llvm(std::string_view text, const std::string& kernel) {
  const LlvmModule module = read_llvm(text);
  const LlvmKernel read = read_llvm_kernel(module, module.kernel(kernel));
  std::vector<Slot> slots;
  for (const LlvmValue& value : read.values) slots.push_back(describe(read, value));
  return slots;
}

Edit dump_llvm(std::string_view text, const Request& request) {
  if (request.chosen.empty()) return {std::string(text), {}};
  const LlvmModule module = read_llvm(text);
  const LlvmKernel kernel = read_llvm_kernel(module, module.kernel(request.kernel));
  return LlvmDump(text, kernel, request).run();
}

}  // namespace triton_runner::ir
