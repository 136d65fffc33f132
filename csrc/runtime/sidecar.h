// Reads the metadata that lies beside an artifact. Three forms are understood:
//   1. ours: Triton's metadata plus a "triton_runner" entry, the kernel record (record_json.h);
//   2. Triton's metadata plus a "kernel_signature" entry: a list of [name, type, specialization] or of [type,
//   specialization],
//      or an object name -> type or name -> [type, specialization], where "D" means divisible by 16 and the
//      specialization of a constexpr is its value;
//   3. Triton's own cache JSON, which carries no parameter types in any version: the caller gives the signature.
// Which hidden parameters the binary has follows from triton_version (or, where that is absent, from the scratch
// fields). Errors: MetadataError. Tested in tests/csrc/runtime/test_sidecar.cc, fuzzed by tests/fuzz/sidecar_reader.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/spec.h"

namespace triton_runner {

// (parameter name, type text). A type text is Triton's spelling with an optional suffix: "*fp16:16" and "i32:16" are
// divisible by 16, "i32:1" is the constant 1.
using Signature = std::vector<std::pair<std::string, std::string>>;

Param param_from_signature(const std::string& name, std::string_view type);

// `kernel_name`, where given, must be the name that the metadata has. `signature`, where given, replaces what the
// metadata says.
KernelSpec read_sidecar(std::string_view text, std::optional<std::string_view> kernel_name,
                        const std::optional<Signature>& signature);

}  // namespace triton_runner
