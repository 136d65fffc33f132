#include "ptx/words.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ptx/opcodes.h"

namespace triton_runner::ptx {
namespace {

TEST(Words, EverySpellingIsFoundAgain) {
  for (size_t i = 1; i < static_cast<size_t>(Type::Count); ++i) {
    EXPECT_EQ(find_type(type_text(static_cast<Type>(i))), static_cast<Type>(i));
  }
  for (size_t i = 0; i < static_cast<size_t>(Mod::Count); ++i) {
    EXPECT_EQ(find_mod(mod_text(static_cast<Mod>(i))), static_cast<Mod>(i)) << mod_text(static_cast<Mod>(i));
  }
  for (size_t i = 0; i < static_cast<size_t>(Special::Count); ++i) {
    EXPECT_EQ(find_special(special_text(static_cast<Special>(i))), static_cast<Special>(i));
  }
  for (size_t i = 0; i < static_cast<size_t>(Opcode::Count); ++i) {
    EXPECT_EQ(find_opcode(opcode_text(static_cast<Opcode>(i))), static_cast<Opcode>(i));
  }
}

TEST(Words, UnknownSpellingsAreNotFound) {
  EXPECT_EQ(find_type(""), std::nullopt);
  EXPECT_EQ(find_type("b33"), std::nullopt);
  EXPECT_EQ(find_mod("SYNC"), std::nullopt);
  EXPECT_EQ(find_special("%tid"), std::nullopt);
  EXPECT_EQ(find_opcode("ad"), std::nullopt);
}

TEST(Words, EveryModifierIsUsedByTheOpcodeTable) {
  for (size_t i = 0; i < static_cast<size_t>(Mod::Count); ++i) {
    const Mod modifier = static_cast<Mod>(i);
    const bool used = std::ranges::any_of(forms(), [&](const Form& form) {
      return std::ranges::any_of(form.suffixes, [&](const SuffixRule& rule) {
        return std::ranges::find(rule.words, Suffix(modifier)) != rule.words.end();
      });
    });
    EXPECT_TRUE(used) << mod_text(modifier);
  }
}

TEST(Words, NoTypeIsSpelledLikeAModifier) {
  for (size_t i = 1; i < static_cast<size_t>(Type::Count); ++i) {
    EXPECT_EQ(find_mod(type_text(static_cast<Type>(i))), std::nullopt) << type_text(static_cast<Type>(i));
  }
}

TEST(Words, BitsOfTypes) {
  EXPECT_EQ(type_bits(Type::None), 0u);
  EXPECT_EQ(type_bits(Type::Pred), 1u);
  EXPECT_EQ(type_bits(Type::BF16x2), 32u);
  EXPECT_EQ(type_bits(Type::B128), 128u);
  EXPECT_EQ(special_bits(Special::Clock64), 64u);
}

TEST(Words, Shapes) {
  EXPECT_EQ(parse_shape("m16n8k16"), (Shape{16, 8, 16}));
  EXPECT_EQ(parse_shape("m8n8"), (Shape{8, 8, 0}));
  EXPECT_EQ(shape_text({64, 256, 32}), "m64n256k32");
  for (const char* text :
       {"", "m", "m16", "m16n8k", "m16n8k16x", "m016n8", "n8m16", "m16n8k0", "m99999n8", "m16n8k99999"}) {
    EXPECT_EQ(parse_shape(text), std::nullopt) << text;
  }
}

TEST(Words, StateSpaces) {
  EXPECT_EQ(find_space("shared::cluster"), Space::Shared);
  EXPECT_EQ(find_space("param::entry"), Space::Param);
  EXPECT_EQ(find_space("L2"), std::nullopt);
  EXPECT_EQ(space_text(Space::Const), "const");
}

}  // namespace
}  // namespace triton_runner::ptx
