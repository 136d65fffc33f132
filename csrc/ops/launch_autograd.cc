// triton_runner::launch under autograd: forward works, backward says that there is none.
//
// Outputs of a launch whose inputs require grad get a node that refuses. Without it they would be constants to
// autograd, and a model would train with silently missing gradients. The refusal is an operator of its own, so that
// torch.compile traces forward and backward, and only a backward pass that is really run raises. The second kernel
// moves the version counters of the outputs, by which autograd finds a saved tensor that was overwritten. Tested in
// tests/python/test_op.py.
#include "ops/launch_autograd.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/new_empty.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "ops/eager.h"
#include "ops/launch.h"
#include "runtime/error.h"
#include "runtime/kernel.h"

namespace triton_runner {

at::Tensor missing_derivative(const at::Tensor& grad, std::string_view op, c10::SymIntArrayRef sizes) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("triton_runner::missing_derivative", "")
                                 .typed<at::Tensor(const at::Tensor&, std::string_view, c10::SymIntArrayRef)>();
  return handle.call(grad, op, sizes);
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Call {
  std::string_view key;
  at::TensorList inputs;
  at::TensorList outputs;
  c10::SymIntArrayRef ints;
  at::ArrayRef<double> floats;
  c10::SymIntArrayRef grid;

  void redispatch() const {
    using Signature = void(std::string_view, at::TensorList, at::TensorList, c10::SymIntArrayRef, at::ArrayRef<double>,
                           c10::SymIntArrayRef);
    static const auto op =
        c10::Dispatcher::singleton().findSchemaOrThrow("triton_runner::launch", "").typed<Signature>();
    op.call(key, inputs, outputs, ints, floats, grid);
  }
};

class Launch : public torch::autograd::Function<Launch> {
 public:
  // The tensors are arguments of their own, because autograd looks for them there.
  static variable_list forward(AutogradContext* context, const Call& call, at::TensorList inputs,
                               at::TensorList outputs) {
    {
      const at::AutoDispatchBelowADInplaceOrView below;
      call.redispatch();
    }
    std::vector<at::IValue> sizes;
    for (const at::TensorList list : {inputs, outputs}) {
      for (const at::Tensor& tensor : list) sizes.emplace_back(tensor.sym_sizes());
    }
    context->saved_data["key"] = std::string(call.key);
    context->saved_data["sizes"] = c10::ivalue::Tuple::create(std::move(sizes));
    context->mark_dirty(outputs.vec());
    return outputs.vec();
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const std::string key = context->saved_data["key"].toStringRef();
    const auto sizes = context->saved_data["sizes"].toTuple();
    const size_t count = sizes->elements().size();
    variable_list out(1 + count);  // the first belongs to `call`, which is no tensor
    for (size_t i = 0; i < count; ++i) {
      if (context->needs_input_grad(i))
        out[1 + i] = missing_derivative(grads[0], key, sizes->elements()[i].toSymIntVector());
    }
    return out;
  }
};

bool requires_grad(at::TensorList tensors) {
  for (const at::Tensor& tensor : tensors) {
    if (tensor.requires_grad()) return true;
  }
  return false;
}

// Whether the device's own kernel comes next in the dispatcher's order: then it is called without another look-up.
bool device_is_next(c10::DispatchKeySet keys) {
  constexpr c10::DispatchKeySet kDevices({c10::DispatchKey::CPU, c10::DispatchKey::CUDA});
  const c10::DispatchKeySet below = keys & c10::after_ADInplaceOrView_keyset;
  return below.has(c10::DispatchKey::Dense) && is_subset(below, kDevices);
}

void launch_inplace(c10::DispatchKeySet keys, std::string_view key, at::TensorList inputs, at::TensorList outputs,
                    c10::SymIntArrayRef ints, at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  if (device_is_next(keys)) {
    launch_tensors(key, inputs, outputs, ints, floats, grid);
  } else {
    const at::AutoDispatchBelowADInplaceOrView below;
    Call{key, inputs, outputs, ints, floats, grid}.redispatch();
  }
  for (const at::Tensor& tensor : outputs) torch::autograd::impl::bump_version(tensor);
}

void launch_autograd(c10::DispatchKeySet keys, std::string_view key, at::TensorList inputs, at::TensorList outputs,
                     c10::SymIntArrayRef ints, at::ArrayRef<double> floats, c10::SymIntArrayRef grid) {
  if (!outputs.empty() && at::GradMode::is_enabled() && (requires_grad(inputs) || requires_grad(outputs))) {
    Launch::apply(Call{key, inputs, outputs, ints, floats, grid}, inputs, outputs);
    return;
  }
  launch_inplace(keys, key, inputs, outputs, ints, floats, grid);  // directly: one dispatch less in the common case
}

at::Tensor raise_missing_derivative(const at::Tensor&, std::string_view key, at::IntArrayRef) {
  if (key.find("::") != std::string_view::npos) {
    raise<UnsupportedError>("op ", key, " has no derivative: register it with backward=..., or call it under ",
                            "torch.no_grad()");
  }
  raise<UnsupportedError>("triton_runner::launch of kernel '", find_kernel(key).spec().name,
                          "' has no derivative: launch the kernel of its ",
                          "backward pass from a torch.autograd.Function, or call it under torch.no_grad()");
}

at::Tensor trace_missing_derivative(const at::Tensor& grad, std::string_view, c10::SymIntArrayRef sizes) {
  return grad.new_empty_symint(sizes);
}

}  // namespace
}  // namespace triton_runner

TORCH_LIBRARY_IMPL(triton_runner, Autograd, library) { library.impl("launch", triton_runner::launch_autograd); }
TORCH_LIBRARY_IMPL(triton_runner, ADInplaceOrView, library) { library.impl("launch", triton_runner::launch_inplace); }
TORCH_LIBRARY_IMPL(triton_runner, CompositeExplicitAutograd, library) {
  library.impl("missing_derivative", triton_runner::raise_missing_derivative);
}
TORCH_LIBRARY_IMPL(triton_runner, Meta, library) {
  library.impl("missing_derivative", triton_runner::trace_missing_derivative);
}
