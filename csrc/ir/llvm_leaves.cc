#include "ir/llvm_leaves.h"

#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

using Kind = LlvmType::Kind;

uint32_t whole_bits(uint32_t bits) { return bits <= 8 ? 8 : bits <= 16 ? 16 : bits <= 32 ? 32 : 64; }

class LeafMaker {
 public:
  LeafMaker(LlvmNames& names, std::string& code) : names_(names), code_(code) {}

  std::vector<LlvmLeaf> take() { return std::move(leaves_); }

  void add_list(const std::string& value, const LlvmType& type) {
    const LlvmType& element = type.elements[0];
    const uint32_t bits = element.bits;
    const bool is_packed = type.kind == Kind::Vector && element.kind != Kind::Pointer &&
                           (bits == 8 || bits == 16 || bits == 32 || bits == 64) && bits * type.count % 32 == 0;
    if (is_packed) return add_words(value, type, static_cast<uint32_t>(bits * type.count / 32));
    const uint32_t bytes = whole_bits(bits) / 8;
    for (uint64_t i = 0; i < type.count; ++i) {
      const std::string item = type.kind == Kind::Array
                                   ? define(concat("extractvalue ", type.text, " ", value, ", ", i))
                                   : define(concat("extractelement ", type.text, " ", value, ", i32 ", i));
      add_scalar(item, element, static_cast<uint32_t>(i * bytes));
    }
  }

  void add_scalar(const std::string& value, const LlvmType& type, uint32_t offset) {
    if (type.kind == Kind::Pointer) {
      return add(define(concat("ptrtoint ", type.text, " ", value, " to i64")), 64, offset);
    }
    const uint32_t bits = whole_bits(type.bits);
    if (type.kind == Kind::Float) {
      return add(define(concat("bitcast ", type.text, " ", value, " to i", bits)), bits, offset);
    }
    // No register of PTX has 8 bits.
    const uint32_t held = bits == 8 ? 16 : bits;
    const bool is_held = held == type.bits;
    add(is_held ? value : define(concat("zext ", type.text, " ", value, " to i", held)), bits, offset);
  }

 private:
  void add_words(const std::string& value, const LlvmType& type, uint32_t words) {
    if (words == 1) return add(define(concat("bitcast ", type.text, " ", value, " to i32")), 32, 0);
    const std::string list = concat("<", words, " x i32>");
    const std::string cast = define(concat("bitcast ", type.text, " ", value, " to ", list));
    for (uint32_t i = 0; i < words; ++i) {
      add(define(concat("extractelement ", list, " ", cast, ", i32 ", i)), 32, 4 * i);
    }
  }
  std::string define(const std::string& instruction) {
    std::string name = names_.next();
    code_ += concat("  ", name, " = ", instruction, "\n");
    return name;
  }
  void add(const std::string& operand, uint32_t bits, uint32_t offset) {
    const uint32_t held = bits == 8 ? 16 : bits;
    const char constraint = held == 16 ? 'h' : held == 32 ? 'r' : 'l';
    leaves_.push_back({concat("i", held), operand, constraint, {offset, concat("b", bits), {}}});
  }

  LlvmNames& names_;
  std::string& code_;
  std::vector<LlvmLeaf> leaves_;
};

}  // namespace

std::vector<LlvmLeaf> make_leaves(const std::string& value, const LlvmType& type, LlvmNames& names, std::string& code) {
  LeafMaker maker(names, code);
  if (type.kind == Kind::Vector || type.kind == Kind::Array) {
    maker.add_list(value, type);
  } else {
    maker.add_scalar(value, type, 0);
  }
  return maker.take();
}

}  // namespace triton_runner::ir
