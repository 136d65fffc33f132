// The binary interface of a kernel: what each byte of its parameter buffer holds, and which list of the op it comes
// from.
//
// Triton expands one descriptor parameter into several binary ones and appends scratch slots. From Triton's own
// launchers:
//   tensor descriptor with a TMA map:  the 128-byte map, ndim x i32 shape, ndim x i64 strides
//   tensor descriptor without:         base pointer, ndim x i64 shape, ndim x i64 strides, i1 NaN padding (3.5 on),
//                                      i1 rounding to tf32 (3.7 on), ndim x i32 shape, ndim x i64 strides
//   tail:                              global scratch (3.3 on), profile scratch (3.5 on): pointers, NULL where the size
//   is 0
// Fields have natural alignment in order, as PTX lays out .param (PTX ISA, "Kernel Function Parameters").
//
// In the lists of the op a pointer takes one tensor, from `outputs` where the kernel may write it and from `inputs`
// where it only reads; a scalar takes one entry of `ints` or `floats`; a descriptor takes one tensor, and from `ints`
// ndim of shape, ndim of strides (elements, outermost first) and one flag, 1 for NaN padding. Constants take nothing.
// Tested in tests/csrc/runtime/test_layout.cc and by hypothesis in tests/python/test_packing.py.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/spec.h"

namespace triton_runner {

enum class FieldKind : uint8_t {
  Pointer,       // address of a tensor
  Int,           // from ints
  Float,         // from floats
  TensorMap,     // 128 bytes that the driver encodes
  RawTensorMap,  // 128 bytes copied from a tensor on the CPU
  GlobalScratch,
  ProfileScratch,
  Unset,  // a flag that is never set
};

struct Field {
  FieldKind kind = FieldKind::Int;
  ElementType element = ElementType::Opaque;
  uint32_t offset = 0;
  uint32_t size = 0;
  uint32_t param = 0;    // index into KernelSpec::params
  uint32_t source = 0;   // index into inputs, outputs, ints or floats
  bool output = false;   // Pointer, TensorMap: the tensor is in outputs
  bool checked = false;  // Int: the first time that this source is packed, so that checks run once
};

struct Layout {
  std::vector<Field> fields;
  std::vector<uint32_t> offsets;  // of each field, as Driver wants them
  uint32_t bytes = 0;
  uint32_t inputs = 0;  // what the lists of the op must hold
  uint32_t outputs = 0;
  uint32_t ints = 0;
  uint32_t floats = 0;
};

Layout make_layout(const KernelSpec& spec);

}  // namespace triton_runner
