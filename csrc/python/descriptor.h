// A TensorDescriptor of Triton or Gluon, read from Python. Tested in tests/python/test_bind.py.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>
#include <pybind11/pybind11.h>

namespace triton_runner::python {

struct DescriptorArg {
  pybind11::object base_object;  // keeps `base` alive
  const at::Tensor* base = nullptr;
  c10::SmallVector<int64_t, 5> shape;
  c10::SmallVector<int64_t, 5> strides;
  c10::SmallVector<int64_t, 5> block_shape;
  bool nan_padding = false;
};

// False where the object is none, or its base no plain tensor. Never leaves a Python error set.
bool read_descriptor(PyObject* value, DescriptorArg& out);

// What the op takes for it: shape, strides, and the flag for NaN padding.
void append_ints(const DescriptorArg& descriptor, c10::SmallVectorImpl<int64_t>& ints);

}  // namespace triton_runner::python
