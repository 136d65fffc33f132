#include "ptx/words.h"

#include <array>
#include <charconv>
#include <unordered_map>

namespace triton_runner::ptx {
namespace {

constexpr std::string_view kTypeTexts[] = {
    "",
#define TR_PTX_TYPE(name, text, bits) text,
#include "ptx/words.inc"
};
constexpr uint32_t kTypeBits[] = {
    0,
#define TR_PTX_TYPE(name, text, bits) bits,
#include "ptx/words.inc"
};
constexpr std::string_view kModTexts[] = {
#define TR_PTX_MODIFIER(name, text) text,
#include "ptx/words.inc"
};
constexpr std::string_view kSpecialTexts[] = {
#define TR_PTX_SPECIAL(name, text, bits) text,
#include "ptx/words.inc"
};
constexpr uint32_t kSpecialBits[] = {
#define TR_PTX_SPECIAL(name, text, bits) bits,
#include "ptx/words.inc"
};
constexpr std::string_view kOpcodeTexts[] = {
#define TR_PTX_OPCODE(name, text) text,
#include "ptx/words.inc"
};
constexpr std::string_view kSpaceTexts[] = {"generic", "reg", "param", "global", "shared", "const", "local", "tensor"};

// Looks a spelling up in one of the tables above; the map is built once.
template <typename Enum, size_t N>
std::optional<Enum> find_in(const std::string_view (&texts)[N], std::string_view text) {
  static const auto map = [&] {
    std::unordered_map<std::string_view, Enum> built;
    for (size_t i = 0; i < N; ++i) {
      if (!texts[i].empty()) built.emplace(texts[i], static_cast<Enum>(i));
    }
    return built;
  }();
  auto found = map.find(text);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::string_view type_text(Type type) { return kTypeTexts[static_cast<size_t>(type)]; }
std::string_view mod_text(Mod modifier) { return kModTexts[static_cast<size_t>(modifier)]; }
std::string_view special_text(Special special) { return kSpecialTexts[static_cast<size_t>(special)]; }
std::string_view opcode_text(Opcode opcode) { return kOpcodeTexts[static_cast<size_t>(opcode)]; }
std::string_view space_text(Space space) { return kSpaceTexts[static_cast<size_t>(space)]; }

std::optional<Type> find_type(std::string_view text) { return find_in<Type>(kTypeTexts, text); }
std::optional<Mod> find_mod(std::string_view text) { return find_in<Mod>(kModTexts, text); }
std::optional<Special> find_special(std::string_view text) { return find_in<Special>(kSpecialTexts, text); }
std::optional<Opcode> find_opcode(std::string_view text) { return find_in<Opcode>(kOpcodeTexts, text); }
std::optional<Space> find_space(std::string_view text) {
  return find_in<Space>(kSpaceTexts, text.substr(0, text.find("::")));
}

uint32_t type_bits(Type type) { return kTypeBits[static_cast<size_t>(type)]; }
uint32_t special_bits(Special special) { return kSpecialBits[static_cast<size_t>(special)]; }

std::optional<Shape> parse_shape(std::string_view text) {
  Shape shape;
  const char* at = text.data();
  const char* end = at + text.size();
  auto number = [&](char letter, uint16_t& value) {
    if (at == end || *at != letter) return false;
    auto [rest, error] = std::from_chars(at + 1, end, value);
    if (error != std::errc() || value == 0) return false;
    at = rest;
    return true;
  };
  if (!number('m', shape.m) || !number('n', shape.n)) return std::nullopt;
  if (at != end && !number('k', shape.k)) return std::nullopt;
  if (at != end || shape_text(shape) != text) return std::nullopt;
  return shape;
}

std::string shape_text(const Shape& shape) {
  std::string text = "m" + std::to_string(shape.m) + "n" + std::to_string(shape.n);
  if (shape.k != 0) text += "k" + std::to_string(shape.k);
  return text;
}

}  // namespace triton_runner::ptx
