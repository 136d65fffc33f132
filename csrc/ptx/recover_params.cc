#include "ptx/recover_params.h"

#include <algorithm>

#include "ptx/access.h"
#include "ptx/flow.h"
#include "runtime/error.h"

namespace triton_runner::ptx {
namespace {

// LLVM names parameters <kernel>_param_<number>: no name that a user would know.
bool has_generated_name(const Function& entry, size_t index) {
  return entry.params[index].name == concat(entry.name, "_param_", index);
}

bool is_plain_pointer(const Param& param) {
  return param.is_pointer && param.pointer_space == Space::Global && param.pointer_align == 1;
}

std::string hint(std::string_view what) {
  return concat(": ", what,
                "; pass signature={'x': '*fp16', 'n': 'i32', ...}, or put the kernel's JSON beside the PTX");
}

class SignatureBuilder {
 public:
  SignatureBuilder(const Module& module, const Function& entry, const Json& metadata, uint32_t hidden)
      : entry_(entry), count_(entry.params.size() - hidden) {
    if (lacks_ptr(entry)) access_ = param_access(module, entry);
    const Json* maps = metadata.find("tensordesc_meta");
    if (maps != nullptr && maps->get<Json::Array>() != nullptr) maps_ = *maps->get<Json::Array>();
  }

  Signature build() {
    for (size_t at = 0; at < count_;) {
      const size_t fields = add_descriptor(at);
      if (fields == 0) add(at, type_of(at));
      at += std::max<size_t>(fields, 1);
    }
    return std::move(signature_);
  }

 private:
  void add(size_t at, std::string type) {
    signature_.emplace_back(has_generated_name(entry_, at) ? concat("arg", signature_.size()) : entry_.params[at].name,
                            std::move(type));
  }
  size_t add_descriptor(size_t at);
  std::string type_of(size_t at) const;
  std::string word_type(size_t at) const;
  std::string array_type(size_t at) const;
  [[noreturn]] void fail(size_t at, std::string_view what) const {
    raise<MetadataError>("kernel '", entry_.name, "', parameter ", at, hint(what));
  }

  const Function& entry_;
  size_t count_;
  std::vector<Access> access_;  // empty where .ptr tells
  Json::Array maps_;
  size_t next_map_ = 0;
  Signature signature_;
};

bool is_tensor_map(const Param& param) { return param.size == 128 && param.count != 0 && param.align >= 64; }

// A 128-byte map, rank i32 and rank i64, where tensordesc_meta says the rank. Returns how many parameters that is; 0
// where this is no such group.
size_t SignatureBuilder::add_descriptor(size_t at) {
  if (!is_tensor_map(entry_.params[at]) || next_map_ >= maps_.size()) return 0;
  const Json* block = maps_[next_map_].find("block_size");
  const auto* extents = block == nullptr ? nullptr : block->get<Json::Array>();
  if (extents == nullptr || extents->empty() || extents->size() > 5) return 0;
  const size_t rank = extents->size();
  if (at + 1 + 2 * rank > count_) return 0;
  for (size_t i = 0; i < 2 * rank; ++i) {
    if (entry_.params[at + 1 + i].size != (i < rank ? 4 : 8)) return 0;
  }
  ++next_map_;
  add(at, concat("tensordesc<opaque", block->dump(), ">"));
  return 1 + 2 * rank;
}

std::string SignatureBuilder::array_type(size_t at) const {
  const Param& param = entry_.params[at];
  if (is_tensor_map(param)) return "nvTmaDesc";
  if (param.size == 2) fail(at, "2 bytes, and PTX does not tell fp16 from bf16");
  fail(at, concat(param.size, " bytes by value, which no Triton type is"));
}

// 64 bits: a pointer where .ptr says so. Text without any .ptr shows it by what it does with the value.
std::string SignatureBuilder::word_type(size_t at) const {
  const Param& param = entry_.params[at];
  if (param.is_pointer) return "*opaque";
  if (!lacks_ptr(entry_) || access_[at] == Access::None) return "i64";
  if (access_[at] == Access::Unknown) fail(at, "64 bits without .ptr, so PTX does not tell a pointer from an i64");
  return "*opaque";
}

std::string SignatureBuilder::type_of(size_t at) const {
  const Param& param = entry_.params[at];
  if (param.count != 0) return array_type(at);
  switch (param.type) {
    case Type::F16:
      return "fp16";
    case Type::BF16:
      return "bf16";
    case Type::F32:
      return "fp32";
    case Type::F64:
      return "fp64";
    case Type::B16:
      fail(at, "2 bytes, and PTX does not tell fp16 from bf16");
    case Type::B64:
    case Type::U64:
    case Type::S64:
      return word_type(at);
    case Type::B8:
    case Type::U8:
    case Type::S8:
    case Type::U16:
    case Type::S16:
    case Type::B32:
    case Type::U32:
    case Type::S32:
      return concat("i", type_bits(param.type));
    default:
      fail(at, concat("type .", type_text(param.type), ", which no Triton type is"));
  }
}

}  // namespace

bool uses_param(const Function& entry, uint32_t index) {
  auto names_it = [&](const Operand& operand) {
    const bool is_symbol = operand.kind == OperandKind::Symbol ||
                           (operand.kind == OperandKind::Address && operand.base == AddressBase::Symbol);
    return is_symbol && operand.symbol == SymbolKind::Parameter && operand.index == index;
  };
  return std::ranges::any_of(entry.instructions, [&](const Instruction& instruction) {
    return std::ranges::any_of(instruction.operands, names_it);
  });
}

uint32_t hidden_from_text(const Function& entry, const Json& metadata) {
  const size_t count = entry.params.size();
  if (count < 2 || !has_generated_name(entry, count - 1)) return 0;
  if (!is_plain_pointer(entry.params[count - 1]) || !is_plain_pointer(entry.params[count - 2])) return 0;
  auto unused = [&](size_t index) { return !uses_param(entry, static_cast<uint32_t>(index)); };
  if (!unused(count - 1)) return 0;
  if (unused(count - 2) || metadata.find("global_scratch_size") != nullptr) return 2;
  raise<MetadataError>(
      "kernel '", entry.name,
      "': field 'triton_version' is missing: the last parameter is never used, and PTX does not tell whether the last "
      "ones are Triton's scratch slots; put the kernel's JSON beside the PTX, or pass metadata={'triton_version': "
      "'3.6.0', 'global_scratch_size': BYTES}");
}

Signature recover_signature(const Module& module, const Function& entry, const Json& metadata, uint32_t hidden) {
  TR_CHECK(entry.params.size() >= hidden, MetadataError, "kernel '", entry.name, "': the PTX declares ",
           entry.params.size(), " parameters, expected at least the ", hidden,
           " scratch slots that its Triton version adds");
  return SignatureBuilder(module, entry, metadata, hidden).build();
}

}  // namespace triton_runner::ptx
