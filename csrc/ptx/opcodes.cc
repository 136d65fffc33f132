// Compiles the text of the opcode table into forms. A mistake in the table is an InternalError at the first use of it,
// which the tests make.
#include "ptx/opcodes.h"

#include <algorithm>
#include <unordered_map>

#include "ptx/opcode_table.h"
#include "runtime/error.h"

namespace triton_runner::ptx {
namespace {

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Splits off the text before the next separator.
std::string_view take(std::string_view& text, char separator) {
  size_t end = std::min(text.find(separator), text.size());
  std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(part);
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

void add_word(std::string_view word, SuffixRule& rule) {
  TR_CHECK(word.starts_with('.'), InternalError, "opcode table: '", word, "' is no word");
  word.remove_prefix(1);
  if (auto type = find_type(word)) {
    rule.words.push_back(*type);
  } else if (auto shape = parse_shape(word)) {
    rule.words.push_back(Mod::Shape);
    rule.shapes.push_back(*shape);
  } else if (word.starts_with("m64nNk")) {
    rule.words.push_back(Mod::Shape);
    rule.shapes.push_back({64, 0, static_cast<uint16_t>(std::stoi(std::string(word.substr(6))))});
  } else {
    auto modifier = find_mod(word);
    TR_CHECK(modifier, InternalError, "opcode table: no word '.", word, "' in words.inc");
    rule.words.push_back(*modifier);
  }
}

SuffixRule compile_suffix(std::string_view text) {
  SuffixRule rule;
  rule.optional = take_suffix(text, "?");
  while (!text.empty()) {
    std::string_view word = take(text, '|');
    if (!word.starts_with('$')) {
      add_word(word, rule);
      continue;
    }
    auto named = [&](const Group& group) { return group.name == word.substr(1); };
    auto group = std::ranges::find_if(groups(), named);
    TR_CHECK(group != groups().end(), InternalError, "opcode table: no group '", word, "'");
    for (std::string_view words = group->words; !words.empty();) add_word(take(words, '|'), rule);
  }
  return rule;
}

// The inside of brackets: "rw", "r,c", "w@shared".
void compile_address(std::string_view text, OperandRule& rule) {
  std::string_view space = text;
  text = take(space, '@');
  if (!space.empty()) {
    rule.space = find_space(space);
    TR_CHECK(rule.space, InternalError, "opcode table: no state space '", space, "'");
  }
  if (take_suffix(text, ",c")) rule.role = Role::TensorAddress;
  for (char letter : text) {
    TR_CHECK(std::string_view("rw-").find(letter) != std::string_view::npos, InternalError,
             "opcode table: unknown access '", text, "'");
    rule.reads |= letter == 'r';
    rule.writes |= letter == 'w';
  }
}

OperandRule compile_operand(std::string_view text) {
  static const std::unordered_map<std::string_view, Role> kRoles = {
      {"d", Role::Destination}, {"D", Role::Destinations}, {"d|p", Role::DestinationPair}, {"a", Role::Source},
      {"A", Role::Sources},     {"p", Role::Predicate},    {"i", Role::Immediate},         {"V", Role::Vector},
      {"l", Role::Label},       {"t", Role::BranchTable},  {"call", Role::Call},
  };
  OperandRule rule;
  rule.optional = take_suffix(text, "?");
  if (take_suffix(text, "]")) {
    rule.role = text.starts_with("a/") ? Role::SourceOrAddress : Role::Address;
    compile_address(text.substr(text.find('[') + 1), rule);
    return rule;
  }
  auto role = kRoles.find(text);
  TR_CHECK(role != kRoles.end(), InternalError, "opcode table: unknown operand '", text, "'");
  rule.role = role->second;
  return rule;
}

// Splits at commas outside of brackets.
OperandRules compile_operands(std::string_view text) {
  OperandRules rules;
  size_t start = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    bool ends = i == text.size();
    if (!ends) depth += (text[i] == '[') - (text[i] == ']');
    if (!ends && (text[i] != ',' || depth > 0)) continue;
    std::string_view part = trim(text.substr(start, i - start));
    if (!part.empty()) rules.push_back(compile_operand(part));
    start = i + 1;
  }
  return rules;
}

Form compile(const Row& row) {
  Form form{row.opcode, row.coverage, row.suffixes, row.operands, {}, {}};
  for (std::string_view text = row.suffixes; !text.empty();) {
    std::string_view part = take(text, ' ');
    if (!part.empty()) form.suffixes.push_back(compile_suffix(part));
  }
  std::string_view text = row.operands;
  do {
    form.operands.push_back(compile_operands(take(text, ';')));
  } while (!text.empty());
  return form;
}

struct Table {
  std::vector<Form> forms;
  std::vector<FormRange> ranges = std::vector<FormRange>(static_cast<size_t>(Opcode::Count));

  Table() {
    for (const Row& row : rows()) {
      FormRange& range = ranges[static_cast<size_t>(row.opcode)];
      auto number = static_cast<uint16_t>(forms.size());
      TR_CHECK(range.last == 0 || range.last == number, InternalError, "opcode table: the rows of '",
               opcode_text(row.opcode), "' do not lie together");
      if (range.last == 0) range.first = number;
      range.last = static_cast<uint16_t>(number + 1);
      forms.push_back(compile(row));
    }
  }
};

const Table& table() {
  static const Table built;
  return built;
}

}  // namespace

bool SuffixRule::accepts(Suffix word, const Shape& shape) const {
  if (word != Suffix(Mod::Shape)) return std::ranges::find(words, word) != words.end();
  return std::ranges::any_of(shapes, [&](const Shape& allowed) {
    if (allowed.n != 0) return allowed == shape;
    return allowed.m == shape.m && allowed.k == shape.k && shape.n % 8 == 0 && shape.n <= 256;
  });
}

std::span<const Form> forms() { return table().forms; }
FormRange forms_of(Opcode opcode) { return table().ranges[static_cast<size_t>(opcode)]; }

}  // namespace triton_runner::ptx
