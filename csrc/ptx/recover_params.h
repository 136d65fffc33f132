// The part of recovery that guesses at parameters from PTX alone: their types, and which of them are Triton's hidden
// scratch slots. Tested in tests/csrc/ptx/test_recover.cc.
#pragma once

#include <cstdint>

#include "ptx/module.h"
#include "runtime/json.h"
#include "runtime/sidecar.h"

namespace triton_runner::ptx {

// Whether any instruction names the parameter.
bool uses_param(const Function& entry, uint32_t index);

// How many of the last parameters are scratch slots, where no version and no signature says it. MetadataError where the
// text leaves it open.
uint32_t hidden_from_text(const Function& entry, const Json& metadata);

// Names and types of the parameters but the last `hidden`. A tensor map with the shape and the strides behind it
// becomes a descriptor where the metadata describes it (tensordesc_meta).
Signature recover_signature(const Module& module, const Function& entry, const Json& metadata, uint32_t hidden);

}  // namespace triton_runner::ptx
