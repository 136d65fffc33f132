#include "runtime/spec.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "runtime/error.h"
#include "runtime/record_json.h"
#include "runtime/sha256.h"

namespace triton_runner {
namespace {

struct TypeRow {
  ElementType type;
  std::string_view name;   // Triton's
  std::string_view alias;  // MLIR's, as IR texts spell it
  uint8_t bits;
};

constexpr TypeRow kTypes[] = {
    {ElementType::Opaque, "opaque", "", 0},
    {ElementType::I1, "i1", "", 8},
    {ElementType::I8, "i8", "si8", 8},
    {ElementType::I16, "i16", "si16", 16},
    {ElementType::I32, "i32", "si32", 32},
    {ElementType::I64, "i64", "si64", 64},
    {ElementType::U1, "u1", "", 8},
    {ElementType::U8, "u8", "ui8", 8},
    {ElementType::U16, "u16", "ui16", 16},
    {ElementType::U32, "u32", "ui32", 32},
    {ElementType::U64, "u64", "ui64", 64},
    {ElementType::F16, "fp16", "f16", 16},
    {ElementType::BF16, "bf16", "", 16},
    {ElementType::F32, "fp32", "f32", 32},
    {ElementType::F64, "fp64", "f64", 64},
    {ElementType::F8E4M3, "fp8e4nv", "f8E4M3FN", 8},
    {ElementType::F8E5M2, "fp8e5", "f8E5M2", 8},
    {ElementType::F8E4M3FNUZ, "fp8e4b8", "f8E4M3FNUZ", 8},
    {ElementType::F8E5M2FNUZ, "fp8e5b16", "f8E5M2FNUZ", 8},
    {ElementType::F8E4B15, "fp8e4b15", "", 8},
};

const TypeRow& row_of(ElementType type) { return kTypes[static_cast<size_t>(type)]; }

[[noreturn]] void raise_type(const Param& param, std::string_view type) {
  raise<MetadataError>("parameter '", param.name, "' has type '", type,
                       "', expected a pointer (*fp16), a scalar (i1 to i64, u1 to u64, fp16, bf16, fp32, fp64), "
                       "tensordesc<fp16[64,64]>, nvTmaDesc or constexpr");
}

// tensordesc<fp16[64, 64]> or tensordesc<fp16[64, 64],layout>
void set_descriptor(Param& param, std::string_view type) {
  std::string_view body = type.substr(std::string_view("tensordesc<").size());
  const size_t open = body.find('[');
  const size_t close = body.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) raise_type(param, type);
  const auto element = parse_element_type(body.substr(0, open));
  if (!element) raise_type(param, type);
  param.kind = ParamKind::Descriptor;
  param.element = *element;
  param.block_shape.clear();
  std::string_view dims = body.substr(open + 1, close - open - 1);
  while (true) {
    while (dims.starts_with(' ')) dims.remove_prefix(1);
    int64_t extent = 0;
    const auto [stop, error] = std::from_chars(dims.data(), dims.data() + dims.size(), extent);
    if (error != std::errc() || extent <= 0 || param.block_shape.size() == 5) raise_type(param, type);
    param.block_shape.push_back(extent);
    dims.remove_prefix(static_cast<size_t>(stop - dims.data()));
    if (dims.empty()) return;
    if (!dims.starts_with(',')) raise_type(param, type);
    dims.remove_prefix(1);
  }
}

}  // namespace

std::string_view type_name(ElementType type) { return row_of(type).name; }

size_t element_bits(ElementType type) { return row_of(type).bits; }

std::optional<ElementType> parse_element_type(std::string_view name) {
  const auto* row = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeRow& r) {
    return r.name == name || (!r.alias.empty() && r.alias == name);
  });
  if (row == std::end(kTypes)) return std::nullopt;
  return row->type;
}

std::string_view access_name(Access access) {
  static constexpr std::string_view kNames[] = {"unknown", "none", "read", "write", "readwrite"};
  return kNames[static_cast<size_t>(access)];
}

bool writes(Access access) {
  return access == Access::Unknown || access == Access::Write || access == Access::ReadWrite;
}

std::string type_string(const Param& param) {
  std::string element(type_name(param.element));
  switch (param.kind) {
    case ParamKind::Pointer:
      return "*" + element;
    case ParamKind::Scalar:
      return element;
    case ParamKind::Constant:
      return "constexpr";
    case ParamKind::Descriptor:
      break;
  }
  if (param.block_shape.empty()) return "nvTmaDesc";
  std::string out = "tensordesc<" + element + "[";
  for (size_t i = 0; i < param.block_shape.size(); ++i) {
    if (i > 0) out += ',';
    out += std::to_string(param.block_shape[i]);
  }
  return out + "]>";
}

void set_type(Param& param, std::string_view type) {
  if (type == "constexpr") {
    param.kind = ParamKind::Constant;
    return;
  }
  if (type == "nvTmaDesc") {
    param.kind = ParamKind::Descriptor;
    return;
  }
  if (type.starts_with("tensordesc<")) {
    set_descriptor(param, type);
    return;
  }
  std::string_view element = type;
  param.kind = type.starts_with('*') ? ParamKind::Pointer : ParamKind::Scalar;
  if (param.kind == ParamKind::Pointer) {
    element.remove_prefix(1);
    if (element.starts_with("k")) {  // Triton's mark of a pointer to const
      element.remove_prefix(1);
      param.access = Access::Read;
    }
    if (element.starts_with('*')) element = "i64";  // a pointer to addresses
  }
  const auto parsed = parse_element_type(element);
  if (!parsed) raise_type(param, type);
  param.element = *parsed;
  const bool is_fp8 = element_bits(*parsed) == 8 && *parsed >= ElementType::F8E4M3;
  if (param.kind == ParamKind::Scalar && (*parsed == ElementType::Opaque || is_fp8)) raise_type(param, type);
}

std::optional<std::pair<int, int>> version_of(std::string_view text) {
  int major = 0;
  int minor = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto first = std::from_chars(begin, end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
  if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc()) return std::nullopt;
  return std::pair(major, minor);
}

std::string target_name(const Target& target) { return target.backend == "cuda" ? "sm_" + target.arch : target.arch; }

KernelRecord make_record(KernelSpec spec, std::map<std::string, std::string> images) {
  TR_CHECK(!images.empty(), ArtifactError, "kernel '", spec.name, "' has no image: give its PTX, cubin or hsaco");
  Sha256 hash;
  hash.update(spec_to_json(spec));
  for (const auto& [level, bytes] : images) {
    TR_CHECK(!bytes.empty(), ArtifactError, "kernel '", spec.name, "' has an empty ", level, " image");
    hash.update(concat("\n", level, " ", bytes.size(), "\n")).update(bytes);
  }
  return KernelRecord{std::move(spec), std::move(images), hash.hex()};
}

}  // namespace triton_runner
