// KernelSpec to JSON and back: the "triton_runner" entry of a sidecar.
//
// {"version":1,"name":..,"params":[{"name":..,"type":"*fp16","divisible_by_16":true,"access":"read"},..],"num_warps":..,
//  "num_ctas":..,"cluster_dims":[x,y,z] (absent: a row on
//  x),"shared":..,"cooperative":..,"pdl":..,"global_scratch":{"size","align"}|null,"profile_scratch":..,
//  "target":{"backend","arch","warp_size"},"triton_version":..}
// A parameter's absent keys have their defaults. Errors: MetadataError that names the field, what was found and
// expected. Tested in tests/csrc/runtime/test_record_json.cc.
#pragma once

#include <string>
#include <string_view>

#include "runtime/json.h"
#include "runtime/spec.h"

namespace triton_runner {

std::string spec_to_json(const KernelSpec& spec);  // canonical: equal specs give equal bytes
Json spec_to_value(const KernelSpec& spec);
KernelSpec spec_from_value(const Json& value);
KernelSpec spec_from_json(std::string_view text);

// Typed access to one JSON object; every error names the object and the field. Shared by the readers of all sidecars.
class Fields {
 public:
  Fields(const Json& object, std::string where);
  const Json* find(std::string_view name) const { return object_.find(name); }
  const Json& require(std::string_view name) const;
  std::string text(std::string_view name) const;
  int64_t integer(std::string_view name, int64_t low, int64_t high) const;
  bool boolean(std::string_view name) const;
  // Three counts of CTAs; nothing where they lie in a row on x, or are null.
  std::optional<std::array<int, 3>> cluster_dims(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const std::string& where() const { return where_; }
  [[noreturn]] void fail(std::string_view name, std::string_view expected) const;

 private:
  const Json& object_;
  std::string where_;
};

// Checks that hold for every spec, wherever it came from. MetadataError names the field.
void validate(const KernelSpec& spec);

TensorMapMeta tensor_map_from_value(const Json& value);

}  // namespace triton_runner
