#include "ir/llvm_instruction.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <utility>

#include "ir/llvm_type_reader.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

// How the type of the result follows from the text.
enum class ResultRule : uint8_t {
  First,       // of the first type behind the opcode and its flags
  Second,      // of the second operand: select
  Cast,        // behind "to"
  Comparison,  // i1, or a vector of them as long as the operands
  Address,     // of the pointer behind the first type: getelementptr
  Element,     // of the vector: extractelement
  Shuffle,     // elements of the vectors, as many as the mask has
  Field,       // behind the indices: extractvalue
  Pointer,     // alloca
  OldValue,    // of the second operand: atomicrmw
  Exchange,    // {the second operand, i1}: cmpxchg
  Call,
};
struct OpcodeRule {
  std::string_view opcode;
  ResultRule rule;
};
constexpr OpcodeRule kRules[] = {
    {"add", ResultRule::First},
    {"sub", ResultRule::First},
    {"mul", ResultRule::First},
    {"udiv", ResultRule::First},
    {"sdiv", ResultRule::First},
    {"urem", ResultRule::First},
    {"srem", ResultRule::First},
    {"shl", ResultRule::First},
    {"lshr", ResultRule::First},
    {"ashr", ResultRule::First},
    {"and", ResultRule::First},
    {"or", ResultRule::First},
    {"xor", ResultRule::First},
    {"fadd", ResultRule::First},
    {"fsub", ResultRule::First},
    {"fmul", ResultRule::First},
    {"fdiv", ResultRule::First},
    {"frem", ResultRule::First},
    {"fneg", ResultRule::First},
    {"freeze", ResultRule::First},
    {"load", ResultRule::First},
    {"phi", ResultRule::First},
    {"insertvalue", ResultRule::First},
    {"insertelement", ResultRule::First},
    {"select", ResultRule::Second},
    {"icmp", ResultRule::Comparison},
    {"fcmp", ResultRule::Comparison},
    {"trunc", ResultRule::Cast},
    {"zext", ResultRule::Cast},
    {"sext", ResultRule::Cast},
    {"fptrunc", ResultRule::Cast},
    {"fpext", ResultRule::Cast},
    {"fptoui", ResultRule::Cast},
    {"fptosi", ResultRule::Cast},
    {"uitofp", ResultRule::Cast},
    {"sitofp", ResultRule::Cast},
    {"ptrtoint", ResultRule::Cast},
    {"inttoptr", ResultRule::Cast},
    {"bitcast", ResultRule::Cast},
    {"addrspacecast", ResultRule::Cast},
    {"ptrtoaddr", ResultRule::Cast},
    {"getelementptr", ResultRule::Address},
    {"extractelement", ResultRule::Element},
    {"shufflevector", ResultRule::Shuffle},
    {"extractvalue", ResultRule::Field},
    {"alloca", ResultRule::Pointer},
    {"atomicrmw", ResultRule::OldValue},
    {"cmpxchg", ResultRule::Exchange},
    {"call", ResultRule::Call},
};

LlvmType unknown() { return {LlvmType::Kind::Other, "unknown", 0, 0, 0, {}}; }

// The type of the operand behind the next comma.
LlvmType next_operand(LlvmTokens& tokens) {
  if (!tokens.skip_past_comma() || !tokens.is_type_ahead()) return unknown();
  return tokens.read_type();
}

LlvmType field_of(LlvmType type, LlvmTokens& tokens) {
  while (tokens.skip_past_comma()) {
    const std::string_view text = tokens.peek().text;
    size_t index = 0;
    const bool is_index = std::from_chars(text.data(), text.data() + text.size(), index).ec == std::errc();
    if (!is_index) break;  // ", !dbg !7"
    const bool is_array = type.kind == LlvmType::Kind::Array;
    if (type.elements.empty() || (!is_array && index >= type.elements.size())) return unknown();
    type = LlvmType(type.elements[is_array ? 0 : index]);
  }
  return type;
}

LlvmType like(const LlvmType& type, const LlvmType& element) {
  return type.kind == LlvmType::Kind::Vector ? vector_type(type.count, element) : element;
}

LlvmType result_type(ResultRule rule, LlvmTokens& tokens) {
  tokens.skip_to_type();
  LlvmType first = tokens.read_type();
  switch (rule) {
    case ResultRule::First:
    case ResultRule::Call:
      return first;
    case ResultRule::Second:
    case ResultRule::OldValue:
      return next_operand(tokens);
    case ResultRule::Comparison:
      return like(first, integer_type(1));
    case ResultRule::Cast:
      while (!tokens.at_end() && !tokens.accept_word("to")) {
        if (opens(tokens.peek())) {
          tokens.skip_group();
        } else {
          tokens.take();
        }
      }
      return tokens.is_type_ahead() ? tokens.read_type() : unknown();
    case ResultRule::Address:
      return next_operand(tokens);
    case ResultRule::Element:
      return first.kind == LlvmType::Kind::Vector ? LlvmType(first.elements[0]) : unknown();
    case ResultRule::Shuffle: {
      if (first.kind != LlvmType::Kind::Vector) return unknown();
      next_operand(tokens);
      const LlvmType mask = next_operand(tokens);
      return mask.kind == LlvmType::Kind::Vector ? vector_type(mask.count, first.elements[0]) : unknown();
    }
    case ResultRule::Field:
      return field_of(std::move(first), tokens);
    case ResultRule::Pointer: {
      // alloca T, i32 n, align 4, addrspace(5)
      while (tokens.skip_past_comma()) {
        if (tokens.peek().is_word("addrspace")) {
          const std::string_view digits = tokens.peek(2).text;
          uint32_t space = 0;
          std::from_chars(digits.data(), digits.data() + digits.size(), space);
          return pointer_type(space);
        }
      }
      return pointer_type(0);
    }
    case ResultRule::Exchange: {
      const LlvmType value = next_operand(tokens);
      return value.kind == LlvmType::Kind::Other ? value : struct_type({value, integer_type(1)});
    }
  }
  return unknown();
}

// What is called, behind the type of the call: an intrinsic gives the operation its name.
void read_callee(LlvmTokens tokens, LlvmInstruction& out) {
  if (tokens.peek().is('(')) tokens.skip_group();  // of a function type
  const LlvmToken callee = tokens.take();
  if (callee.kind == LlvmTokenKind::Global && callee.text.starts_with("@llvm.")) out.op = callee.text.substr(1);
  if (!callee.is_word("asm")) return;
  out.op = "asm";
  while (tokens.peek().kind == LlvmTokenKind::Word) tokens.take();  // sideeffect
  if (tokens.peek().kind == LlvmTokenKind::String) out.assembly = tokens.peek().text;
}

void read_names(const std::vector<LlvmToken>& tokens, size_t first, LlvmInstruction& out) {
  for (size_t i = first; i < tokens.size(); ++i) {
    const LlvmToken& token = tokens[i];
    if (token.is_word("label") && i + 1 < tokens.size()) {
      out.successors.emplace_back(tokens[++i].text);
    } else if (token.kind == LlvmTokenKind::Local) {
      out.operands.emplace_back(token.text);
    } else if (token.kind == LlvmTokenKind::Global) {
      out.uses_global = true;
    } else if (token.kind == LlvmTokenKind::Metadata && token.text == "!dbg" && i + 1 < tokens.size()) {
      out.debug = tokens[++i].text;
    }
  }
}

}  // namespace

bool is_terminator(const LlvmInstruction& instruction) {
  static constexpr std::string_view kOpcodes[] = {"ret",         "br",       "switch",      "indirectbr",
                                                  "invoke",      "resume",   "unreachable", "callbr",
                                                  "catchswitch", "catchret", "cleanupret"};
  return std::ranges::find(kOpcodes, instruction.opcode) != std::end(kOpcodes);
}

LlvmInstruction read_llvm_instruction(std::string_view text, const std::vector<LlvmToken>& list) {
  LlvmInstruction out;
  out.line = list.front().line;
  out.begin = static_cast<size_t>(list.front().text.data() - text.data());
  out.end = static_cast<size_t>(list.back().text.data() - text.data()) + list.back().text.size();
  LlvmTokens tokens(list);
  if (tokens.peek().kind == LlvmTokenKind::Local && tokens.peek(1).is('=')) {
    out.result = tokens.take().text;
    tokens.take();
  }
  size_t first = out.result.empty() ? 1 : 3;
  LlvmToken opcode = tokens.take();
  if (opcode.is_word("tail") || opcode.is_word("musttail") || opcode.is_word("notail")) {
    opcode = tokens.take();
    ++first;
  }
  TR_CHECK(opcode.kind == LlvmTokenKind::Word, ArtifactError, llvm_where(text, out.line),
           "expected an instruction; is this LLVM IR as LLVM prints it, one instruction a line?");
  out.opcode = out.op = opcode.text;
  read_names(list, first, out);
  auto rule = std::ranges::find(kRules, opcode.text, &OpcodeRule::opcode);
  if (rule == std::end(kRules)) {
    out.type = unknown();
    return out;
  }
  out.type = result_type(rule->rule, tokens);
  if (rule->rule == ResultRule::Call) read_callee(tokens, out);
  return out;
}

}  // namespace triton_runner::ir
