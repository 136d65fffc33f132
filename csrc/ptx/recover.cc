#include "ptx/recover.h"

#include <algorithm>
#include <cstdio>

#include "ptx/access.h"
#include "ptx/parser.h"
#include "ptx/recover_params.h"
#include "runtime/error.h"
#include "runtime/json.h"
#include "runtime/layout.h"
#include "runtime/record_json.h"

namespace triton_runner::ptx {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 48;

// Fields whose meaning depends on whether the text has scratch slots, which only this file can tell.
bool is_scratch_field(std::string_view name) {
  return name == "triton_version" || name.starts_with("global_scratch_") || name.starts_with("profile_scratch_");
}

// The launched block is a row of warps, and a cluster a row of CTAs.
int64_t row_length(const Function& entry, const Extent& extent, std::string_view directive) {
  TR_CHECK(extent[1] == 1 && extent[2] == 1, UnsupportedError, "kernel '", entry.name, "': .", directive, " ",
           extent[0], ", ", extent[1], ", ", extent[2],
           " has more than one dimension; Triton's blocks and clusters have one");
  return extent[0];
}

Json num_warps_of(const Function& entry) {
  const Directives& directives = entry.directives;
  const auto& extent = directives.reqntid ? directives.reqntid : directives.maxntid;
  TR_CHECK(extent, MetadataError, "kernel '", entry.name,
           "': field 'num_warps' is missing, and the PTX has no .reqntid; pass metadata={'num_warps': ...}");
  const int64_t threads = row_length(entry, *extent, directives.reqntid ? "reqntid" : "maxntid");
  TR_CHECK(threads % 32 == 0, UnsupportedError, "kernel '", entry.name, "': a block of ", threads,
           " threads, expected a multiple of 32");
  return threads / 32;
}

Json num_ctas_of(const Function& entry) {
  const auto& extent = entry.directives.reqnctapercluster;
  return extent ? row_length(entry, *extent, "reqnctapercluster") : int64_t{1};
}

bool uses_dynamic_shared(const Module& module) {
  auto names_it = [&](const Operand& operand) {
    const bool is_symbol = operand.kind == OperandKind::Symbol ||
                           (operand.kind == OperandKind::Address && operand.base == AddressBase::Symbol);
    if (!is_symbol || operand.symbol != SymbolKind::Variable) return false;
    const Variable& variable = module.variables[operand.index];
    return variable.unsized && variable.space == Space::Shared;
  };
  return std::ranges::any_of(module.functions, [&](const Function& function) {
    return std::ranges::any_of(function.instructions, [&](const Instruction& instruction) {
      return std::ranges::any_of(instruction.operands, names_it);
    });
  });
}

Json shared_of(const Module& module, const Function& entry) {
  TR_CHECK(!uses_dynamic_shared(module), MetadataError, "kernel '", entry.name,
           "': field 'shared' is missing: the kernel uses dynamic shared memory, whose size PTX does not tell; put the "
           "kernel's JSON "
           "beside the PTX, or pass metadata={'shared': BYTES}");
  return int64_t{0};
}

Json target_of(const Module& module) {
  TR_CHECK(module.target.starts_with("sm_"), ArtifactError, "the PTX is for target '", module.target,
           "', expected sm_80 or alike");
  return Json::Object{{"backend", "cuda"}, {"arch", module.target.substr(3)}, {"warp_size", 32}};
}

// The number in front of an architecture's suffix: "90a" and "90" agree.
std::string_view arch_number(std::string_view arch) { return arch.substr(0, arch.find_first_not_of("0123456789")); }

class Recovery {
 public:
  Recovery(const Module& module, const Function& entry, const Json& metadata)
      : module_(module), entry_(entry), metadata_(metadata), fields_(metadata, "kernel metadata") {}

  KernelSpec run(const std::optional<Signature>& signature) {
    const bool is_typed = signature || fields_.has("kernel_signature");
    uint32_t hidden = is_typed ? 0 : hidden_from_version().value_or(kNone);
    if (hidden == kNone) hidden = hidden_from_text(entry_, metadata_);
    const auto types = is_typed ? signature : recover_signature(module_, entry_, metadata_, hidden);
    KernelSpec spec = read_sidecar(complete_metadata().dump(), entry_.name, types);
    check_agreement(spec);
    if (is_typed) hidden = hidden_from_count(spec);
    if (fields_.has("triton_version")) spec.triton_version = fields_.text("triton_version");
    if (hidden >= 1) spec.global_scratch = scratch(0, hidden, "global_scratch");
    if (hidden >= 2) spec.profile_scratch = scratch(1, hidden, "profile_scratch");
    return spec;
  }

 private:
  Json complete_metadata() const;
  void check_agreement(const KernelSpec& spec) const;
  std::optional<uint32_t> hidden_from_version() const;
  uint32_t hidden_from_count(const KernelSpec& spec) const;
  Scratch scratch(uint32_t slot, uint32_t hidden, const std::string& name) const;

  const Module& module_;
  const Function& entry_;
  const Json& metadata_;
  Fields fields_;
};

Json Recovery::complete_metadata() const {
  Json::Object complete;
  for (const auto& [name, value] : *metadata_.get<Json::Object>()) {
    if (!is_scratch_field(name)) complete.emplace_back(name, value);
  }
  auto fill = [&](const char* name, auto recovered) {
    if (!fields_.has(name)) complete.emplace_back(name, recovered());
  };
  fill("name", [&] { return Json(entry_.name); });
  fill("num_warps", [&] { return num_warps_of(entry_); });
  fill("num_ctas", [&] { return num_ctas_of(entry_); });
  fill("shared", [&] { return shared_of(module_, entry_); });
  fill("target", [&] { return target_of(module_); });
  return complete;
}

// What metadata and text both say must be the same.
void Recovery::check_agreement(const KernelSpec& spec) const {
  auto check = [&](const char* field, int64_t stated, int64_t declared) {
    TR_CHECK(stated == declared, MetadataError, "kernel '", entry_.name, "': ", field, " is ", stated,
             " in the metadata and ", declared, " in the PTX: give the JSON that was written beside this artifact");
  };
  if (entry_.directives.reqntid) check("num_warps", spec.num_warps, *num_warps_of(entry_).get<int64_t>());
  if (entry_.directives.reqnctapercluster) check("num_ctas", spec.num_ctas, *num_ctas_of(entry_).get<int64_t>());
  const std::string_view declared =
      arch_number(std::string_view(module_.target).substr(std::min<size_t>(3, module_.target.size())));
  TR_CHECK(spec.target.backend == "cuda" && arch_number(spec.target.arch) == declared, MetadataError, "kernel '",
           entry_.name, "': the metadata is for ", target_name(spec.target), " and the PTX for ", module_.target,
           ": give the JSON that was written beside this artifact");
}

std::optional<uint32_t> Recovery::hidden_from_version() const {
  if (!fields_.has("triton_version")) return std::nullopt;
  const std::string version = fields_.text("triton_version");
  int major = 0;
  int minor = 0;
  TR_CHECK(std::sscanf(version.c_str(), "%4d.%4d", &major, &minor) == 2, MetadataError,
           "kernel metadata: triton_version is '", version, "', expected one such as 3.6.0");
  if (major > 3 || (major == 3 && minor >= 5)) return 2;
  return major == 3 && minor >= 3 ? 1 : 0;
}

// With the user's parameters known, the rest of the text's are hidden.
uint32_t Recovery::hidden_from_count(const KernelSpec& spec) const {
  const size_t visible = make_layout(spec).fields.size();
  const size_t declared = entry_.params.size();
  const auto stated = hidden_from_version();
  TR_CHECK(declared >= visible && declared - visible <= 2 && declared - visible == stated.value_or(declared - visible),
           MetadataError, "kernel '", entry_.name, "': the signature makes ", visible,
           " parameters, and the PTX declares ", declared,
           stated ? concat(" with the ", *stated, " scratch slots of Triton ", fields_.text("triton_version")) : "",
           ": give the signature of this kernel");
  return static_cast<uint32_t>(declared - visible);
}

Scratch Recovery::scratch(uint32_t slot, uint32_t hidden, const std::string& name) const {
  Scratch result{true, 0, 1};
  const std::string size = name + "_size";
  const size_t param = entry_.params.size() - hidden + slot;
  TR_CHECK(fields_.has(size) || !uses_param(entry_, static_cast<uint32_t>(param)), MetadataError, "kernel '",
           entry_.name, "': field '", size,
           "' is missing, and the kernel uses that memory; put the kernel's JSON beside the PTX, or pass metadata={'",
           size, "': BYTES}");
  if (fields_.has(size)) result.size = fields_.integer(size, 0, kMostBytes);
  if (fields_.has(name + "_align")) result.align = fields_.integer(name + "_align", 1, 1 << 20);
  return result;
}

// Every binary parameter that the record makes must lie where the text declares one of its size.
void check_layout(const KernelSpec& spec, const Function& entry, const Layout& layout) {
  TR_CHECK(layout.fields.size() == entry.params.size(), MetadataError, "kernel '", spec.name, "': the record makes ",
           layout.fields.size(), " parameters, and the PTX declares ", entry.params.size(),
           ": give the signature of this kernel");
  for (size_t i = 0; i < entry.params.size(); ++i) {
    const Field& field = layout.fields[i];
    const Param& param = entry.params[i];
    const std::string whose =
        field.param < spec.params.size() ? concat("'", spec.params[field.param].name, "'") : "a scratch slot";
    TR_CHECK(field.size == param.size && field.offset == param.offset, MetadataError, "kernel '", spec.name,
             "': ", whose, " takes ", field.size, " bytes at offset ", field.offset,
             " of the parameters, and the PTX declares ", param.size, " bytes at offset ", param.offset, " ('",
             param.name, "'): give the signature of this kernel");
  }
}

void fill_access(KernelSpec& spec, const Module& module, const Function& entry) {
  const Layout layout = make_layout(spec);
  check_layout(spec, entry, layout);
  const std::vector<Access> access = param_access(module, entry);
  for (size_t i = 0; i < access.size(); ++i) {
    const FieldKind kind = layout.fields[i].kind;
    const bool is_memory =
        kind == FieldKind::Pointer || kind == FieldKind::TensorMap || kind == FieldKind::RawTensorMap;
    if (is_memory) spec.params[layout.fields[i].param].access = access[i];
  }
}

}  // namespace

KernelSpec recover(std::string_view text, const std::optional<std::string>& name,
                   const std::optional<Signature>& signature, std::string_view metadata) {
  const Module module = parse(text);
  const Function& entry = choose_entry(module, name);
  const Json given = metadata.empty() ? Json(Json::Object{}) : Json::parse(metadata);
  KernelSpec spec = Recovery(module, entry, given).run(signature);
  fill_access(spec, module, entry);
  return spec;
}

KernelSpec with_access(KernelSpec spec, std::string_view text) {
  const Module module = parse(text);
  fill_access(spec, module, choose_entry(module, spec.name));
  return spec;
}

}  // namespace triton_runner::ptx
