#include "ptx/opcodes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "ptx/match.h"
#include "ptx/opcode_table.h"
#include "reading.h"

namespace triton_runner::ptx {
namespace {

TEST(Opcodes, EveryOpcodeHasARow) {
  for (size_t i = 0; i < static_cast<size_t>(Opcode::Count); ++i) {
    const FormRange range = forms_of(static_cast<Opcode>(i));
    ASSERT_LT(range.first, range.last) << opcode_text(static_cast<Opcode>(i));
    for (uint16_t form = range.first; form < range.last; ++form)
      EXPECT_EQ(forms()[form].opcode, static_cast<Opcode>(i));
  }
  EXPECT_EQ(forms().size(), rows().size());
}

TEST(Opcodes, EveryGroupIsUsed) {
  for (const Group& group : groups()) {
    const std::string name = concat("$", group.name);
    EXPECT_TRUE(std::ranges::any_of(rows(), [&](const Row& row) {
      return row.suffixes.find(name) != std::string_view::npos;
    })) << name;
  }
}

// The shortest mnemonic of a row: the first word of every choice that must be made.
std::string shortest_mnemonic(const Form& form) {
  std::string text(opcode_text(form.opcode));
  for (const SuffixRule& rule : form.suffixes) {
    if (rule.optional) continue;
    const Suffix word = rule.words.front();
    text += ".";
    if (word == Suffix(Mod::Shape)) {
      Shape shape = rule.shapes.front();
      if (shape.n == 0) shape.n = 8;
      text += shape_text(shape);
    } else {
      text += word.is_type() ? type_text(word.type()) : mod_text(word.mod());
    }
  }
  return text;
}

TEST(Opcodes, EveryRowIsReachedByItsOwnMnemonic) {
  for (size_t i = 0; i < forms().size(); ++i) {
    const std::string text = shortest_mnemonic(forms()[i]);
    const Mnemonic mnemonic = resolve_mnemonic(text);
    EXPECT_EQ(mnemonic.opcode, forms()[i].opcode) << text;
    EXPECT_NE(std::ranges::find(mnemonic.forms, static_cast<uint16_t>(i)), mnemonic.forms.end()) << text;
  }
}

// An address without a state space would make the access analysis take shared memory for global.
TEST(Opcodes, EveryAddressSaysWhichMemoryItIs) {
  for (const Form& form : forms()) {
    const bool has_space = std::ranges::any_of(form.suffixes, [](const SuffixRule& rule) {
      return std::ranges::any_of(rule.words,
                                 [](Suffix word) { return !word.is_type() && find_space(mod_text(word.mod())); });
    });
    for (const OperandRules& rules : form.operands) {
      for (const OperandRule& rule : rules) {
        const bool is_memory = rule.role == Role::Address && (rule.reads || rule.writes);
        EXPECT_TRUE(!is_memory || rule.space || has_space) << opcode_text(form.opcode) << " " << form.operand_text;
      }
    }
  }
}

TEST(Opcodes, TheTableSaysWhatIsReadAndWritten) {
  auto rules_of = [](Opcode opcode, size_t form = 0) {
    return forms()[forms_of(opcode).first + form].operands.front();
  };
  EXPECT_TRUE(rules_of(Opcode::Ld)[1].reads && !rules_of(Opcode::Ld)[1].writes);
  EXPECT_TRUE(rules_of(Opcode::St)[0].writes && !rules_of(Opcode::St)[0].reads);
  EXPECT_TRUE(rules_of(Opcode::Atom)[1].writes && rules_of(Opcode::Atom)[1].reads);
  EXPECT_FALSE(rules_of(Opcode::Prefetch)[0].reads || rules_of(Opcode::Prefetch)[0].writes);
  EXPECT_EQ(rules_of(Opcode::CpAsync)[0].space, Space::Shared);
  EXPECT_EQ(rules_of(Opcode::CpAsync)[1].space, Space::Global);
  EXPECT_EQ(rules_of(Opcode::CpAsyncBulkTensor, 1)[0].role, Role::TensorAddress);
  EXPECT_TRUE(rules_of(Opcode::CpAsyncBulkTensor, 1)[0].writes);
}

TEST(Opcodes, EveryMnemonicOfTritonsBackEndIsRead) {
  std::ifstream file("tests/csrc/ptx/data/mnemonics.txt");
  std::string line;
  size_t count = 0;
  while (std::getline(file, line)) {
    if (line.starts_with("#")) continue;
    EXPECT_EQ(error_of([&] { resolve_mnemonic(line); }), "accepted");
    ++count;
  }
  EXPECT_GT(count, 1500u);
}

}  // namespace
}  // namespace triton_runner::ptx
