// The device kernel of triton_runner::launch, for the kernels that stand above it in the dispatcher's order.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/SymIntArrayRef.h>

#include <string_view>

namespace triton_runner {

// The tensors are real ones on the CPU or on CUDA devices. Errors as runtime/launch.h says.
void launch_tensors(std::string_view key, at::TensorList inputs, at::TensorList outputs, c10::SymIntArrayRef ints,
                    at::ArrayRef<double> floats, c10::SymIntArrayRef grid);

}  // namespace triton_runner
