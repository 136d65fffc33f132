// Our own contents of a 128-byte TMA descriptor: written by the CPU driver and by tensormap.replace, read by
// cp.async.bulk.tensor. Dimensions count from the innermost, as PTX does. Tested in
// tests/csrc/executor/test_tensor_map.cc.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/driver.h"

namespace triton_runner::executor {

constexpr int kTensorMapRank = 5;

struct TensorMap {
  uint64_t base = 0;
  uint64_t dims[kTensorMapRank] = {};         // elements
  uint64_t strides[kTensorMapRank - 1] = {};  // bytes, of all dimensions but the innermost
  uint32_t element_strides[kTensorMapRank] = {};
  uint16_t box[kTensorMapRank] = {};  // elements
  uint8_t rank = 0;
  uint8_t element_type = 0;  // as tensormap.replace numbers them
  uint8_t swizzle = 0;       // none, 32, 64, 128 bytes
  uint8_t interleave = 0;
  uint8_t fill = 0;  // 1: what lies outside reads as NaN
  uint8_t reserved[9] = {};
};
static_assert(sizeof(TensorMap) == 128);

// Bytes of an element type; 0 for one that tensor maps do not have.
uint32_t element_bytes(const TensorMap& map);

// ArgumentError where the request is none that TMA can do.
TensorMap make_tensor_map(const TensorMapRequest& request);

}  // namespace triton_runner::executor
