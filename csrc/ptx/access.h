// Which pointer parameters a kernel reads and writes, from its PTX.
//
// Never misses a write: taint flows from the parameters through arithmetic, moves, conversions, shuffles and memory to
// every address (flow.h); a store to an address that is surely based on parameters writes those, any other store makes
// all of them Unknown, which counts as written. A tensor map passed by value stands for the tensor that it describes; a
// map that the kernel builds in its scratch memory, for the tensors whose addresses it put into memory. What it trusts:
// a pointer stays within the allocation that it points into, and what lies in Triton's scratch memory was written by
// the kernel itself. Tested in tests/csrc/ptx/test_access.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ptx/module.h"
#include "runtime/spec.h"

namespace triton_runner::ptx {

// One for each parameter of the entry, in order; None for what is no pointer.
std::vector<Access> param_access(const Module& module, const Function& entry);
std::vector<Access> param_access(std::string_view text, const std::optional<std::string>& name);

// The entry of that name, or the only one. ArtifactError that lists the entries where there is none such.
const Function& choose_entry(const Module& module, const std::optional<std::string>& name);

}  // namespace triton_runner::ptx
