// The vocabulary of PTX: every type, modifier, special register and opcode name, each listed once with its spelling.
//
// The X-lists live in words.inc; this header turns them into enums and says how to spell one and how to look one up.
// Tested in tests/csrc/ptx/test_words.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace triton_runner::ptx {

enum class Type : uint8_t {
  None,
#define TR_PTX_TYPE(name, text, bits) name,
#include "ptx/words.inc"
  Count
};

enum class Mod : uint16_t {
#define TR_PTX_MODIFIER(name, text) name,
#include "ptx/words.inc"
  Count
};

enum class Special : uint8_t {
#define TR_PTX_SPECIAL(name, text, bits) name,
#include "ptx/words.inc"
  Count
};

// Instructions whose first words tell different operations apart are different opcodes: bar.sync and bar.arrive,
// cp.async and cp.async.bulk.tensor. What stays in the suffixes refines an operation: atom.add, ld.global.
enum class Opcode : uint16_t {
#define TR_PTX_OPCODE(name, text) name,
#include "ptx/words.inc"
  Count
};

std::string_view type_text(Type type);  // "f16x2"
std::string_view mod_text(Mod modifier);
std::string_view special_text(Special special);  // "%tid.x"
std::string_view opcode_text(Opcode opcode);

std::optional<Type> find_type(std::string_view text);
std::optional<Mod> find_mod(std::string_view text);
std::optional<Special> find_special(std::string_view text);
std::optional<Opcode> find_opcode(std::string_view text);

uint32_t type_bits(Type type);  // 1 for Pred; 0 for None
uint32_t special_bits(Special special);

enum class Space : uint8_t {
  Generic,
  Reg,
  Param,
  Global,
  Shared,
  Const,
  Local,
  Tensor,  // the tensor memory of tcgen05
};
std::string_view space_text(Space space);                // "global"
std::optional<Space> find_space(std::string_view text);  // "shared::cta" and "shared::cluster" are Shared too

// The numbers of a matrix shape: .m16n8k16; k is 0 in .m8n8.
struct Shape {
  uint16_t m = 0;
  uint16_t n = 0;
  uint16_t k = 0;
  bool operator==(const Shape&) const = default;
};
std::optional<Shape> parse_shape(std::string_view text);  // "m16n8k16", "m8n8"
std::string shape_text(const Shape& shape);

// One dot-word behind an opcode: a type or a modifier. A shape is Mod::Shape, with its numbers in the instruction.
class Suffix {
 public:
  Suffix(Type type) : is_type_(true), code_(static_cast<uint16_t>(type)) {}
  Suffix(Mod modifier) : is_type_(false), code_(static_cast<uint16_t>(modifier)) {}
  bool is_type() const { return is_type_; }
  Type type() const { return is_type_ ? static_cast<Type>(code_) : Type::None; }
  Mod mod() const { return static_cast<Mod>(code_); }
  bool operator==(const Suffix&) const = default;

 private:
  bool is_type_;
  uint16_t code_;
};

}  // namespace triton_runner::ptx
