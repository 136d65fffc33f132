// The kernel record of PTX text: what the text says itself, completed by what the caller knows.
//
// PTX gives the name, the sizes of the parameters, which are pointers (.ptr), the block and the cluster, and the
// target. It gives neither the element types of pointers (they become *opaque), nor dynamic shared memory, nor scratch
// sizes, nor whether a 2-byte scalar is fp16 or bf16: where the record needs one of these and the caller does not give
// it, a MetadataError names the field and says how to give it. Tested in tests/csrc/ptx/test_recover.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ptx/module.h"
#include "runtime/sidecar.h"
#include "runtime/spec.h"

namespace triton_runner::ptx {

// `metadata` is a JSON object with any of the fields of Triton's metadata, or empty; `signature` replaces the types of
// the text.
KernelSpec recover(std::string_view text, const std::optional<std::string>& name,
                   const std::optional<Signature>& signature, std::string_view metadata);

// The spec with the access of its pointers filled in from the text. MetadataError where its parameters are not the
// text's.
KernelSpec with_access(KernelSpec spec, std::string_view text);

}  // namespace triton_runner::ptx
