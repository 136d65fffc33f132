// The backward pass that is not there, shared by all ops that have none.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/SymIntArrayRef.h>

#include <string_view>

namespace triton_runner {

// A call of an op that raises UnsupportedError when it is run, and where it is only traced gives a tensor of `sizes`.
// `op` is the content key of the kernel that was launched, or the name of a named op.
at::Tensor missing_derivative(const at::Tensor& grad, std::string_view op, c10::SymIntArrayRef sizes);

}  // namespace triton_runner
