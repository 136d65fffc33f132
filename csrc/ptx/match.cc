#include "ptx/match.h"

#include <algorithm>

#include "runtime/error.h"

namespace triton_runner::ptx {
namespace {

using Words = std::vector<std::string_view>;

Words split_words(std::string_view text) {
  Words words;
  for (size_t start = 0; start <= text.size();) {
    size_t end = std::min(text.find('.', start), text.size());
    words.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

// The longest run of leading words that is an opcode: cp.async.bulk.tensor before cp.async. Sets how many words it
// takes.
Opcode leading_opcode(std::string_view text, const Words& words, size_t& used) {
  constexpr size_t kLongest = 5;  // cp.reduce.async.bulk.tensor
  for (used = std::min(words.size(), kLongest); used > 0; --used) {
    const std::string_view& last = words[used - 1];
    auto opcode = find_opcode(text.substr(0, static_cast<size_t>(last.data() - text.data()) + last.size()));
    if (opcode) return *opcode;
  }
  raise<UnsupportedError>("unknown opcode '", text, "'; expected one of those in docs/ptx-coverage.md");
}

std::string expected_suffixes(Opcode opcode) {
  std::string expected;
  FormRange range = forms_of(opcode);
  for (uint16_t form = range.first; form < range.last; ++form) {
    std::string_view text = forms()[form].suffix_text;
    expected += concat(expected.empty() ? "" : "; or ", text.empty() ? "no modifier" : text);
  }
  return expected;
}

Suffix resolve_word(std::string_view word, std::string_view text, Mnemonic& mnemonic) {
  if (auto type = find_type(word)) return *type;
  if (auto shape = parse_shape(word)) {
    mnemonic.shape = *shape;
    return Mod::Shape;
  }
  auto modifier = find_mod(word);
  TR_CHECK(modifier && *modifier != Mod::Shape, UnsupportedError, "unknown modifier '.", word, "' in '", text,
           "'; expected after ", opcode_text(mnemonic.opcode), ": ", expected_suffixes(mnemonic.opcode));
  return *modifier;
}

// Whether every suffix finds a choice that waits for it, and every required choice its suffix.
bool suffixes_fit(const Form& form, const Mnemonic& mnemonic) {
  constexpr size_t kMost = 64;
  bool filled[kMost] = {};
  TR_ASSERT(form.suffixes.size() <= kMost);
  for (Suffix word : mnemonic.suffixes) {
    size_t at = 0;
    while (at < form.suffixes.size() && (filled[at] || !form.suffixes[at].accepts(word, mnemonic.shape))) ++at;
    if (at == form.suffixes.size()) return false;
    filled[at] = true;
  }
  for (size_t at = 0; at < form.suffixes.size(); ++at) {
    if (!filled[at] && !form.suffixes[at].optional) return false;
  }
  return true;
}

bool is_destination(const Operand& operand) {
  return (operand.kind == OperandKind::Register && !operand.negated) || operand.kind == OperandKind::Discard;
}

bool is_source(const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::Register:
      return !operand.negated;
    case OperandKind::SpecialRegister:
    case OperandKind::Integer:
    case OperandKind::Float:
    case OperandKind::Symbol:
      return true;
    default:
      return false;
  }
}

size_t vector_width(const Instruction& instruction) {
  constexpr std::pair<Mod, size_t> kWidths[] = {{Mod::V2, 2}, {Mod::V4, 4}, {Mod::V8, 8}};
  for (auto [modifier, width] : kWidths) {
    if (instruction.has(modifier)) return width;
  }
  return 0;
}

// .v4 asks for four elements; without it a vector may have any number, as in mov.b64 {lo, hi}.
bool is_vector(const Operand& operand, bool (*fits)(const Operand&), size_t width) {
  return operand.kind == OperandKind::Vector && (width == 0 || operand.elements.size() == width) &&
         std::ranges::all_of(operand.elements, fits);
}

bool is_address(const Operand& operand, bool with_coordinates) {
  return operand.kind == OperandKind::Address && operand.elements.empty() != with_coordinates;
}

bool fits(Role role, const Operand& operand, size_t width) {
  switch (role) {
    case Role::Destination:
      return is_destination(operand);
    case Role::Destinations:
      return is_vector(operand, is_destination, width) || (width == 0 && is_destination(operand));
    case Role::DestinationPair:
      return is_destination(operand) ||
             (operand.kind == OperandKind::Pair && std::ranges::all_of(operand.elements, is_destination));
    case Role::Source:
      return is_source(operand);
    case Role::Sources:
      return is_vector(operand, is_source, width) || (width == 0 && is_source(operand));
    case Role::Predicate:
      return operand.kind == OperandKind::Register || operand.kind == OperandKind::Integer;
    case Role::Immediate:
      return operand.kind == OperandKind::Integer;
    case Role::Vector:
      return is_vector(operand, is_source, 0);
    case Role::Address:
      return is_address(operand, false);
    case Role::TensorAddress:
      return is_address(operand, true);
    case Role::SourceOrAddress:
      return is_source(operand) || is_address(operand, false);
    case Role::Label:
      return operand.kind == OperandKind::Label;
    case Role::BranchTable:
      return operand.kind == OperandKind::BranchTable;
    case Role::Call:
      return operand.kind != OperandKind::Discard;  // parse_call built all of them
  }
  return false;
}

// Tries the rules from `rule` on against the operands from `at` on. An optional rule is tried both ways: a row has few
// of them.
bool match_from(const OperandRules& rules, size_t rule, const Instruction& instruction, size_t at,
                OperandRules& matched) {
  const std::vector<Operand>& operands = instruction.operands;
  if (rule == rules.size()) return at == operands.size();
  if (at < operands.size() && fits(rules[rule].role, operands[at], vector_width(instruction))) {
    matched.push_back(rules[rule]);
    if (match_from(rules, rule + 1, instruction, at + 1, matched)) return true;
    matched.pop_back();
  }
  return rules[rule].optional && match_from(rules, rule + 1, instruction, at, matched);
}

std::string_view kind_name(OperandKind kind) {
  switch (kind) {
    case OperandKind::Register:
      return "register";
    case OperandKind::SpecialRegister:
      return "special register";
    case OperandKind::Integer:
      return "integer";
    case OperandKind::Float:
      return "float";
    case OperandKind::Symbol:
      return "symbol";
    case OperandKind::Label:
      return "label";
    case OperandKind::BranchTable:
      return "branch table";
    case OperandKind::Address:
      return "[address]";
    case OperandKind::Vector:
      return "{vector}";
    case OperandKind::Pair:
      return "pair";
    case OperandKind::Tuple:
      return "(list)";
    case OperandKind::Discard:
      return "_";
  }
  return "";
}

}  // namespace

Mnemonic resolve_mnemonic(std::string_view text) {
  Words words = split_words(text);
  Mnemonic mnemonic;
  size_t used = 0;
  mnemonic.opcode = leading_opcode(text, words, used);
  for (; used < words.size(); ++used) mnemonic.suffixes.push_back(resolve_word(words[used], text, mnemonic));
  FormRange range = forms_of(mnemonic.opcode);
  for (uint16_t form = range.first; form < range.last; ++form) {
    if (suffixes_fit(forms()[form], mnemonic)) mnemonic.forms.push_back(form);
  }
  TR_CHECK(!mnemonic.forms.empty(), UnsupportedError, "the modifiers of '", text,
           "' are no combination that this reader knows", "; expected after ", opcode_text(mnemonic.opcode), ": ",
           expected_suffixes(mnemonic.opcode));
  return mnemonic;
}

std::optional<OperandRules> match_operands(const Form& form, const Instruction& instruction) {
  OperandRules matched;
  for (const OperandRules& rules : form.operands) {
    const bool is_call = !rules.empty() && rules.front().role == Role::Call;
    if (is_call) return OperandRules(instruction.operands.size(), rules.front());
    if (match_from(rules, 0, instruction, 0, matched)) return matched;
  }
  return std::nullopt;
}

OperandRules operand_rules(const Instruction& instruction) {
  auto rules = match_operands(forms()[instruction.form], instruction);
  TR_ASSERT(rules.has_value());
  return *std::move(rules);
}

std::string describe_operands(const Mnemonic& mnemonic, const Instruction& instruction) {
  std::string text = "takes ";
  for (uint16_t form : mnemonic.forms) {
    if (form != mnemonic.forms.front()) text += "; or ";
    std::string_view operands = forms()[form].operand_text;
    text += operands.empty() ? "no operand" : operands;
  }
  text += concat("; found ", instruction.operands.size(), instruction.operands.size() == 1 ? " operand" : " operands");
  for (const Operand& operand : instruction.operands) {
    text += concat(&operand == &instruction.operands.front() ? " (" : ", ", kind_name(operand.kind));
  }
  return instruction.operands.empty() ? text : text + ")";
}

}  // namespace triton_runner::ptx
