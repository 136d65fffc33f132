#include "ir/mlir_types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "ir/mlir_text.h"

namespace triton_runner::ir::mlir {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kElements{{
    {"i1", "i1"},
    {"i8", "i8"},
    {"i16", "i16"},
    {"i32", "i32"},
    {"i64", "i64"},
    {"index", "i64"},
    {"f16", "fp16"},
    {"bf16", "bf16"},
    {"f32", "fp32"},
    {"f64", "fp64"},
    {"f8E4M3FN", "fp8e4nv"},
    {"f8E5M2", "fp8e5"},
    {"f8E4M3FNUZ", "fp8e4b8"},
    {"f8E5M2FNUZ", "fp8e5b16"},
    {"f8E4M3B11FNUZ", "fp8e4b15"},
}};

// "64x32xf16": the extents, and what follows them.
std::string_view read_extents(std::string_view text, std::vector<int64_t>& extents) {
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    int64_t extent = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), extent);
    const auto used = static_cast<size_t>(parsed.ptr - text.data());
    if (parsed.ec != std::errc{} || used >= text.size() || text[used] != 'x') break;
    extents.push_back(extent);
    text.remove_prefix(used + 1);
  }
  return text;
}

Type parse_shaped(Shape shape, std::string_view inner) {
  const auto parts = split_outside(inner);
  Type type;
  if (parts.empty()) return type;
  type.shape = shape;
  type.element = read_extents(parts[0], type.extents);
  if (parts.size() > 1) type.encoding = parts[1];
  if (parts.size() > 2 && shape == Shape::Memdesc) type.memory_space = parts[2];
  return type;
}

}  // namespace

Type parse_type(std::string_view text) {
  text = trim(text);
  const auto inner = [&](std::string_view head) {
    return text.substr(head.size(), text.size() - head.size() - 1);  // without the >
  };
  if (text.ends_with('>')) {
    for (const auto& [head, shape] : {std::pair<std::string_view, Shape>{"tensor<", Shape::Tensor},
                                      {"!ttg.memdesc<", Shape::Memdesc},
                                      {"<", Shape::Memdesc}}) {
      if (text.starts_with(head)) return parse_shaped(shape, inner(head));
    }
  }
  Type type;
  if (!element_name(text).empty()) {
    type.shape = Shape::Scalar;
    type.element = text;
  }
  return type;
}

std::string_view element_name(std::string_view mlir) {
  // A pointer to a tensor is a descriptor of the older kind, no address.
  if (mlir.starts_with("!tt.ptr<") && !mlir.starts_with("!tt.ptr<tensor")) return "ptr";
  const auto* found = std::ranges::find(kElements, mlir, &decltype(kElements)::value_type::first);
  return found == kElements.end() ? std::string_view{} : found->second;
}

std::string with_element(const Type& type, std::string_view element) {
  if (type.shape == Shape::Scalar) return std::string(element);
  std::string out = "tensor<";
  for (const int64_t extent : type.extents) out += std::to_string(extent) + "x";
  out += element;
  if (!type.encoding.empty()) out.append(", ").append(type.encoding);
  return out + ">";
}

}  // namespace triton_runner::ir::mlir
