#include "runtime/record_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <limits>

#include "runtime/error.h"

namespace triton_runner {
namespace {

constexpr int kVersion = 1;
constexpr int64_t kMaxInt = std::numeric_limits<int32_t>::max();

Json integers(const std::vector<int64_t>& values) { return Json::Array(values.begin(), values.end()); }

Json scratch_value(const Scratch& scratch) {
  if (!scratch.present) return nullptr;
  return Json::Object{{"size", scratch.size}, {"align", scratch.align}};
}

Scratch scratch_from(const Fields& fields, std::string_view name) {
  const Json& value = fields.require(name);
  if (value.is_null()) return {};
  const Fields scratch(value, concat(fields.where(), ".", name));
  return {true, scratch.integer("size", 0, std::numeric_limits<int64_t>::max()), scratch.integer("align", 1, 1 << 20)};
}

Json param_value(const Param& param) {
  Json::Object out{{"name", param.name}, {"type", type_string(param)}};
  if (param.divisible_by_16) out.emplace_back("divisible_by_16", true);
  if (param.pointer_range != 0) out.emplace_back("pointer_range", param.pointer_range);
  if (param.kind == ParamKind::Constant) out.emplace_back("constant", Json::parse(param.constant));
  const bool in_memory = param.kind == ParamKind::Pointer || param.kind == ParamKind::Descriptor;
  if (in_memory && param.access != Access::Unknown) out.emplace_back("access", access_name(param.access));
  if (param.tensor_map) {
    const TensorMapMeta& map = *param.tensor_map;
    out.emplace_back("tensor_map", Json::Object{{"swizzle", map.swizzle},
                                                {"elem_size", map.element_size},
                                                {"elem_type", map.element_type},
                                                {"block_size", integers(map.block_size)},
                                                {"fp4_padded", map.fp4_padded}});
  }
  return out;
}

Access access_from(const Fields& fields) {
  const std::string name = fields.text("access");
  for (const Access access : {Access::Unknown, Access::None, Access::Read, Access::Write, Access::ReadWrite}) {
    if (name == access_name(access)) return access;
  }
  fields.fail("access", "one of unknown, none, read, write, readwrite");
}

Param param_from(const Json& value, const std::string& where) {
  const Fields fields(value, where);
  Param param;
  param.name = fields.text("name");
  set_type(param, fields.text("type"));
  if (fields.has("divisible_by_16")) param.divisible_by_16 = fields.boolean("divisible_by_16");
  if (fields.has("pointer_range")) param.pointer_range = static_cast<int>(fields.integer("pointer_range", 32, 32));
  if (fields.has("access")) param.access = access_from(fields);
  if (param.kind == ParamKind::Constant) param.constant = fields.require("constant").dump();
  if (fields.has("tensor_map")) param.tensor_map = tensor_map_from_value(fields.require("tensor_map"));
  return param;
}

}  // namespace

Fields::Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  TR_CHECK(object.get<Json::Object>() != nullptr, MetadataError, where_, " is ", object.type_name(),
           ", expected an object");
}

void Fields::fail(std::string_view name, std::string_view expected) const {
  const Json* found = find(name);
  raise<MetadataError>(where_, ": field '", name, "' is ", found == nullptr ? "missing" : found->dump().substr(0, 80),
                       ", expected ", expected);
}

const Json& Fields::require(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr) fail(name, "it to be there; add it to the JSON, or pass it as metadata={...}");
  return *value;
}

std::string Fields::text(std::string_view name) const {
  const auto* value = require(name).get<std::string>();
  if (value == nullptr) fail(name, "a string");
  return *value;
}

int64_t Fields::integer(std::string_view name, int64_t low, int64_t high) const {
  const auto* value = require(name).get<int64_t>();
  if (value == nullptr || *value < low || *value > high) fail(name, concat("an integer from ", low, " to ", high));
  return *value;
}

bool Fields::boolean(std::string_view name) const {
  const auto* value = require(name).get<bool>();
  if (value == nullptr) fail(name, "true or false");
  return *value;
}

std::optional<std::array<int, 3>> Fields::cluster_dims(std::string_view name) const {
  const Json& value = require(name);
  if (value.is_null()) return std::nullopt;
  const auto* list = value.get<Json::Array>();
  std::array<int, 3> dims{1, 1, 1};
  if (list == nullptr || list->size() != dims.size()) fail(name, "three integers");
  for (size_t i = 0; i < dims.size(); ++i) {
    const auto* extent = (*list)[i].get<int64_t>();
    if (extent == nullptr || *extent < 1 || *extent > 16) fail(name, "integers from 1 to 16");
    dims[i] = static_cast<int>(*extent);
  }
  return dims[1] == 1 && dims[2] == 1 ? std::nullopt : std::optional(dims);
}

TensorMapMeta tensor_map_from_value(const Json& value) {
  const Fields fields(value, "tensor_map");
  TensorMapMeta map;
  map.swizzle = static_cast<int>(fields.integer("swizzle", 0, 16));
  map.element_size = static_cast<int>(fields.integer("elem_size", 1, 16));
  map.element_type = static_cast<int>(fields.integer("elem_type", 0, 64));
  map.fp4_padded = fields.boolean("fp4_padded");
  TR_CHECK(!fields.has("is_im2col") || !fields.boolean("is_im2col"), UnsupportedError,
           "a TMA map of im2col kind, which this version does not encode: use a tiled tensor descriptor");
  const auto* sizes = fields.require("block_size").get<Json::Array>();
  if (sizes == nullptr || sizes->empty() || sizes->size() > 5) fields.fail("block_size", "one to five integers");
  for (const Json& size : *sizes) {
    const auto* extent = size.get<int64_t>();
    if (extent == nullptr || *extent < 1 || *extent > 256) fields.fail("block_size", "integers from 1 to 256");
    map.block_size.push_back(*extent);
  }
  return map;
}

Json spec_to_value(const KernelSpec& spec) {
  Json::Array params;
  for (const Param& param : spec.params) params.push_back(param_value(param));
  Json::Object out{{"version", kVersion},
                   {"name", spec.name},
                   {"params", std::move(params)},
                   {"num_warps", spec.num_warps},
                   {"num_ctas", spec.num_ctas}};
  if (spec.cluster_dims) {
    out.emplace_back("cluster_dims", integers({spec.cluster_dims->begin(), spec.cluster_dims->end()}));
  }
  Json::Object rest{{"shared", spec.shared},
                    {"cooperative", spec.cooperative},
                    {"pdl", spec.pdl},
                    {"global_scratch", scratch_value(spec.global_scratch)},
                    {"profile_scratch", scratch_value(spec.profile_scratch)},
                    {"target", Json::Object{{"backend", spec.target.backend},
                                            {"arch", spec.target.arch},
                                            {"warp_size", spec.target.warp_size}}},
                    {"triton_version", spec.triton_version}};
  std::ranges::move(rest, std::back_inserter(out));
  return out;
}

std::string spec_to_json(const KernelSpec& spec) { return spec_to_value(spec).dump(); }

KernelSpec spec_from_value(const Json& value) {
  const Fields fields(value, "kernel record");
  fields.integer("version", kVersion, kVersion);
  KernelSpec spec;
  spec.name = fields.text("name");
  const auto* params = fields.require("params").get<Json::Array>();
  if (params == nullptr) fields.fail("params", "an array");
  for (size_t i = 0; i < params->size(); ++i) {
    spec.params.push_back(param_from((*params)[i], concat("kernel '", spec.name, "', params[", i, "]")));
  }
  spec.num_warps = static_cast<int>(fields.integer("num_warps", 1, 64));
  spec.num_ctas = static_cast<int>(fields.integer("num_ctas", 1, kMaxInt));
  if (fields.has("cluster_dims")) spec.cluster_dims = fields.cluster_dims("cluster_dims");
  spec.shared = fields.integer("shared", 0, kMaxInt);
  spec.cooperative = fields.boolean("cooperative");
  spec.pdl = fields.boolean("pdl");
  spec.global_scratch = scratch_from(fields, "global_scratch");
  spec.profile_scratch = scratch_from(fields, "profile_scratch");
  const Fields target(fields.require("target"), "kernel record.target");
  spec.target = {target.text("backend"), target.text("arch"), static_cast<int>(target.integer("warp_size", 1, 64))};
  spec.triton_version = fields.text("triton_version");
  validate(spec);
  return spec;
}

KernelSpec spec_from_json(std::string_view text) { return spec_from_value(Json::parse(text)); }

void validate(const KernelSpec& spec) {
  auto check = [&](bool good, std::string_view field, const auto& found, std::string_view expected) {
    TR_CHECK(good, MetadataError, "kernel '", spec.name, "': ", field, " is ", found, ", expected ", expected);
  };
  check(!spec.name.empty(), "name", "empty", "the name of the function in the artifact");
  check(spec.target.backend == "cuda" || spec.target.backend == "hip", "target.backend", spec.target.backend,
        "cuda or hip");
  check(spec.target.warp_size == 32 || spec.target.warp_size == 64, "target.warp_size", spec.target.warp_size,
        "32 or 64");
  check(spec.num_warps >= 1 && spec.num_warps * spec.target.warp_size <= 1024, "num_warps", spec.num_warps,
        "at least one warp and at most 1024 threads");
  check(spec.num_ctas >= 1 && spec.num_ctas <= 16, "num_ctas", spec.num_ctas, "1 to 16");
  if (spec.cluster_dims) {
    const auto& dims = *spec.cluster_dims;
    check(dims[0] * dims[1] * dims[2] == spec.num_ctas, "cluster_dims", concat(dims[0], "x", dims[1], "x", dims[2]),
          concat("a product of ", spec.num_ctas, ", which is num_ctas"));
  }
  for (const Scratch& scratch : {spec.global_scratch, spec.profile_scratch}) {
    check(std::has_single_bit(static_cast<uint64_t>(scratch.align)), "scratch align", scratch.align, "a power of two");
  }
  for (size_t i = 0; i < spec.params.size(); ++i) {
    const Param& param = spec.params[i];
    for (size_t j = 0; j < i; ++j)
      check(spec.params[j].name != param.name, "a parameter's name twice", param.name, "each name once");
    if (param.tensor_map && !param.block_shape.empty()) {
      check(param.tensor_map->block_size.size() == param.block_shape.size(), concat("tensor_map of '", param.name, "'"),
            "of another rank", concat(param.block_shape.size(), " dimensions"));
    }
  }
}

}  // namespace triton_runner
