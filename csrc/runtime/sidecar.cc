#include "runtime/sidecar.h"

#include <algorithm>
#include <limits>

#include "runtime/error.h"
#include "runtime/record_json.h"

namespace triton_runner {
namespace {

bool is_type(const std::string& text) {
  try {
    Param probe;
    set_type(probe, text);
    return true;
  } catch (const MetadataError&) {
    return false;
  }
}

// `specialization` is "D", "", null, or the value of a constexpr.
Param param_from_specialization(const std::string& name, const std::string& type, const Json& specialization) {
  Param param = param_from_signature(name, type);
  if (param.kind == ParamKind::Constant) {
    param.constant = specialization.dump();
  } else if (const auto* flags = specialization.get<std::string>()) {
    param.divisible_by_16 |= flags->find('D') != std::string::npos;
  }
  return param;
}

Param param_from_entry(size_t index, const Json& entry) {
  const std::string fallback = concat("arg", index);
  if (const auto* type = entry.get<std::string>()) return param_from_signature(fallback, *type);
  const auto* parts = entry.get<Json::Array>();
  TR_CHECK(parts != nullptr && parts->size() >= 2 && parts->size() <= 3, MetadataError, "kernel_signature[", index,
           "] is ", entry.dump().substr(0, 80),
           ", expected a type, [type, specialization] or [name, type, specialization]");
  const auto* first = (*parts)[0].get<std::string>();
  TR_CHECK(first != nullptr, MetadataError, "kernel_signature[", index, "] starts with ",
           (*parts)[0].dump().substr(0, 80), ", expected a string");
  if (parts->size() == 2 && is_type(*first)) return param_from_specialization(fallback, *first, (*parts)[1]);
  const auto* type = (*parts)[1].get<std::string>();
  TR_CHECK(type != nullptr, MetadataError, "kernel_signature[", index, "] has type ", (*parts)[1].dump().substr(0, 80),
           ", expected a string");
  return param_from_specialization(*first, *type, parts->size() == 3 ? (*parts)[2] : Json());
}

Param param_from_member(const std::string& name, const Json& value) {
  if (const auto* type = value.get<std::string>()) return param_from_signature(name, *type);
  const auto* parts = value.get<Json::Array>();
  const std::string* type = parts != nullptr && parts->size() == 2 ? (*parts)[0].get<std::string>() : nullptr;
  TR_CHECK(type != nullptr, MetadataError, "kernel_signature['", name, "'] is ", value.dump().substr(0, 80),
           ", expected a type or [type, specialization]");
  return param_from_specialization(name, *type, (*parts)[1]);
}

std::vector<Param> params_from_kernel_signature(const Json& value) {
  std::vector<Param> params;
  if (const auto* entries = value.get<Json::Array>()) {
    for (size_t i = 0; i < entries->size(); ++i) params.push_back(param_from_entry(i, (*entries)[i]));
  } else if (const auto* members = value.get<Json::Object>()) {
    for (const auto& [name, member] : *members) params.push_back(param_from_member(name, member));
  } else {
    raise<MetadataError>("kernel_signature is ", value.type_name(), ", expected an array or an object");
  }
  return params;
}

Scratch scratch_from_metadata(const Fields& fields, const std::string& prefix, bool present) {
  if (!present) return {};
  Scratch scratch{true, 0, 1};
  if (fields.has(prefix + "_size"))
    scratch.size = fields.integer(prefix + "_size", 0, std::numeric_limits<int64_t>::max());
  if (fields.has(prefix + "_align")) scratch.align = fields.integer(prefix + "_align", 1, 1 << 20);
  return scratch;
}

void set_scratch(KernelSpec& spec, const Fields& fields) {
  const auto version = version_of(spec.triton_version);
  const bool global = version ? *version >= std::pair(3, 3) : fields.has("global_scratch_size");
  const bool profile = version ? *version >= std::pair(3, 5) : fields.has("profile_scratch_size");
  spec.global_scratch = scratch_from_metadata(fields, "global_scratch", global);
  spec.profile_scratch = scratch_from_metadata(fields, "profile_scratch", profile);
}

// "target" is an object, or the list that a namedtuple becomes in JSON; arch is an integer (80) or a string ("sm80",
// "gfx942").
Target target_from_metadata(const Fields& fields) {
  const Json& value = fields.require("target");
  Json::Object members;
  if (const auto* list = value.get<Json::Array>(); list != nullptr && list->size() == 3) {
    members = {{"backend", (*list)[0]}, {"arch", (*list)[1]}, {"warp_size", (*list)[2]}};
  } else if (const auto* object = value.get<Json::Object>()) {
    members = *object;
  } else {
    fields.fail("target", "an object with backend, arch and warp_size");
  }
  const Json object(std::move(members));
  const Fields target(object, "target");
  Target out{target.text("backend"), "", static_cast<int>(target.integer("warp_size", 32, 64))};
  const Json& arch = target.require("arch");
  if (const auto* number = arch.get<int64_t>()) {
    out.arch = std::to_string(*number);
  } else if (const auto* text = arch.get<std::string>()) {
    out.arch = text->starts_with("sm") ? text->substr(text->starts_with("sm_") ? 3 : 2) : *text;
  } else {
    target.fail("arch", "an integer or a string");
  }
  return out;
}

// tensordesc_meta lists the descriptors in the order of the parameters; null means that one is passed decomposed.
void set_tensor_maps(KernelSpec& spec, const Fields& fields) {
  const Json* list = fields.find("tensordesc_meta");
  const auto* entries = list == nullptr ? nullptr : list->get<Json::Array>();
  if (entries == nullptr || entries->empty()) return;
  size_t next = 0;
  for (Param& param : spec.params) {
    if (param.kind != ParamKind::Descriptor) continue;
    if (next == entries->size())
      fields.fail("tensordesc_meta", "one entry for each tensor descriptor of the signature");
    const Json& entry = (*entries)[next++];
    if (!entry.is_null()) param.tensor_map = tensor_map_from_value(entry);
  }
  if (next != entries->size()) fields.fail("tensordesc_meta", "one entry for each tensor descriptor of the signature");
}

std::vector<Param> params_from(const Fields& fields, const std::optional<Signature>& signature) {
  std::vector<Param> params;
  if (signature) {
    for (const auto& [name, type] : *signature) params.push_back(param_from_signature(name, type));
    return params;
  }
  if (const Json* entry = fields.find("kernel_signature")) return params_from_kernel_signature(*entry);
  raise<MetadataError>(fields.where(), ": the parameters' types are missing (Triton's own metadata carries none); ",
                       "pass signature={'x_ptr': '*fp32:16', 'n': 'i32', ...}");
}

KernelSpec spec_from_metadata(const Fields& fields, const std::optional<Signature>& signature) {
  KernelSpec spec;
  spec.name = fields.text("name");
  if (fields.has("triton_version")) spec.triton_version = fields.text("triton_version");
  spec.num_warps = static_cast<int>(fields.integer("num_warps", 1, 64));
  spec.num_ctas = fields.has("num_ctas") ? static_cast<int>(fields.integer("num_ctas", 1, 16)) : 1;
  if (spec.num_ctas > 1 && fields.has("cluster_dims")) spec.cluster_dims = fields.cluster_dims("cluster_dims");
  spec.shared = fields.integer("shared", 0, std::numeric_limits<int32_t>::max());
  spec.cooperative = fields.has("launch_cooperative_grid") && fields.boolean("launch_cooperative_grid");
  spec.pdl = fields.has("launch_pdl") && fields.boolean("launch_pdl");
  spec.target = target_from_metadata(fields);
  set_scratch(spec, fields);
  spec.params = params_from(fields, signature);
  set_tensor_maps(spec, fields);
  validate(spec);
  return spec;
}

}  // namespace

Param param_from_signature(const std::string& name, std::string_view type) {
  Param param;
  param.name = name;
  const size_t colon = type.rfind(':');
  const std::string_view suffix = colon == std::string_view::npos ? "" : type.substr(colon + 1);
  set_type(param, type.substr(0, colon));
  if (suffix == "16") {
    param.divisible_by_16 = true;
  } else if (suffix == "1" && param.kind == ParamKind::Scalar) {
    param.kind = ParamKind::Constant;
    param.constant = "1";
  } else if (!suffix.empty() || colon != std::string_view::npos) {
    raise<MetadataError>("parameter '", name, "' has type '", type, "': the suffix is '", suffix,
                         "', expected :16 or :1");
  }
  if (param.kind == ParamKind::Constant && param.constant.empty()) param.constant = "null";
  return param;
}

KernelSpec read_sidecar(std::string_view text, std::optional<std::string_view> kernel_name,
                        const std::optional<Signature>& signature) {
  const Json value = Json::parse(text);
  const Fields fields(value, "kernel metadata");
  const Json* record = fields.find("triton_runner");
  KernelSpec spec = record != nullptr ? spec_from_value(*record) : spec_from_metadata(fields, signature);
  if (record != nullptr && signature) {
    spec.params.clear();
    for (const auto& [name, type] : *signature) spec.params.push_back(param_from_signature(name, type));
    set_tensor_maps(spec, fields);
    validate(spec);
  }
  TR_CHECK(!kernel_name || spec.name == *kernel_name, MetadataError, "the metadata is of kernel '", spec.name,
           "', expected kernel '", kernel_name.value_or(""), "': give the JSON that was written beside this artifact");
  return spec;
}

}  // namespace triton_runner
