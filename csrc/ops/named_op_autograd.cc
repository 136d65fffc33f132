#include "ops/named_op_autograd.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "ops/launch_autograd.h"
#include "runtime/error.h"

namespace triton_runner {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Kind = NamedOpAutograd::Source::Kind;

struct Call {
  const NamedOpAutograd* kernel;
  const c10::OperatorHandle* handle;
  c10::DispatchKeySet keys;
  torch::jit::Stack* stack;

  void redispatch() const {
    const at::AutoDispatchBelowAutograd below;
    handle->redispatchBoxed(keys & c10::after_autograd_keyset, stack);
  }
};

class Node : public torch::autograd::Function<Node> {
 public:
  // `tensors` are the Tensor arguments of the stack, given once more because autograd looks for them here. Returns the
  // outputs, and after them what the kernel has written to.
  static variable_list forward(AutogradContext* context, const Call& call, at::TensorList tensors) {
    const NamedOp& op = call.kernel->op();
    const std::vector<c10::IValue> arguments(call.stack->end() - static_cast<int64_t>(op.no_argument()),
                                             call.stack->end());
    call.redispatch();
    variable_list outputs;
    for (const c10::IValue& value : torch::jit::last(*call.stack, op.output_names().size())) {
      outputs.push_back(value.toTensor());
    }
    save(context, *call.kernel, arguments, outputs, tensors);
    variable_list written;
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (op.is_tensor(i) && op.is_written(i)) written.push_back(arguments[i].toTensor());
    }
    context->mark_dirty(written);
    outputs.insert(outputs.end(), written.begin(), written.end());
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto* kernel = reinterpret_cast<const NamedOpAutograd*>(context->saved_data["kernel"].toInt());
    const auto sizes = context->saved_data["sizes"].toTuple();
    variable_list out(1 + sizes->elements().size());  // the first belongs to `call`, which is no tensor
    if (kernel->backward()) {
      fill(context, *kernel, grads, out);
      return out;
    }
    for (size_t i = 0; i + 1 < out.size(); ++i) {
      if (context->needs_input_grad(i)) {
        const auto shape = sizes->elements()[i].toSymIntVector();
        out[1 + i] = missing_derivative(grads[0], kernel->op().definition().name(), shape);
      }
    }
    return out;
  }

 private:
  static void save(AutogradContext* context, const NamedOpAutograd& kernel, const std::vector<c10::IValue>& arguments,
                   const variable_list& outputs, at::TensorList tensors) {
    variable_list saved;
    std::vector<c10::IValue> others;
    for (const NamedOpAutograd::Source& source : kernel.sources()) {
      if (source.kind == Kind::Output) saved.push_back(outputs[source.index]);
      if (source.kind != Kind::Argument) continue;
      const c10::IValue& value = arguments[source.index];
      if (value.isTensor()) {
        saved.push_back(value.toTensor());
      } else {
        others.push_back(value);
      }
    }
    context->save_for_backward(std::move(saved));
    std::vector<c10::IValue> sizes;
    for (const at::Tensor& tensor : tensors) sizes.emplace_back(tensor.sym_sizes());
    context->saved_data["others"] = c10::ivalue::Tuple::create(std::move(others));
    context->saved_data["sizes"] = c10::ivalue::Tuple::create(std::move(sizes));
    // The dispatcher owns the kernel, for the life of the process.
    context->saved_data["kernel"] = static_cast<int64_t>(reinterpret_cast<intptr_t>(&kernel));
  }

  static void fill(AutogradContext* context, const NamedOpAutograd& kernel, const variable_list& grads,
                   variable_list& out) {
    const variable_list saved = context->get_saved_variables();
    const auto others = context->saved_data["others"].toTuple();
    size_t next_saved = 0;
    size_t next_other = 0;
    torch::jit::Stack stack;
    for (const NamedOpAutograd::Source& source : kernel.sources()) {
      if (source.kind == Kind::Grad) {
        stack.emplace_back(grads[source.index].contiguous());
      } else if (source.kind == Kind::Output || kernel.op().is_tensor(source.index)) {
        stack.emplace_back(saved[next_saved++]);
      } else {
        stack.push_back(others->elements()[next_other++]);
      }
    }
    kernel.backward()->callBoxed(stack);
    size_t position = 0;  // among the tensors
    for (size_t i = 0; i < kernel.op().no_argument(); ++i) {
      if (!kernel.op().is_tensor(i)) continue;
      const auto target = std::ranges::find(kernel.targets(), i);
      if (target != kernel.targets().end()) {
        out[1 + position] = stack[static_cast<size_t>(target - kernel.targets().begin())].toTensor();
      }
      ++position;
    }
  }
};

}  // namespace

NamedOpAutograd::NamedOpAutograd(std::shared_ptr<const NamedOp> op) : op_(std::move(op)) {
  const std::optional<std::string>& name = op_->definition().backward;
  if (!name) return;
  backward_ = c10::Dispatcher::singleton().findSchema({*name, ""});
  TR_CHECK(backward_, ArgumentError, "op ", op_->definition().name(), ": its backward is ", *name,
           ", which is no op: register that one first");
  for (const c10::Argument& argument : backward_->schema().arguments()) sources_.push_back(source_of(argument.name()));
  find_targets();
}

NamedOpAutograd::Source NamedOpAutograd::source_of(const std::string& name) const {
  const std::vector<std::string>& outputs = op_->output_names();
  if (const size_t argument = op_->argument(name); argument < op_->no_argument()) return {Kind::Argument, argument};
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (name == outputs[i]) return {Kind::Output, i};
    if (name == concat("grad_", outputs[i]) || (name == "grad" && outputs.size() == 1)) return {Kind::Grad, i};
  }
  raise<ArgumentError>("op ", op_->definition().name(), ": its backward takes '", name,
                       "', expected grad, grad_<output>, or the name of an argument or output of the op");
}

void NamedOpAutograd::find_targets() {
  std::vector<size_t> read_only;
  for (size_t i = 0; i < op_->no_argument(); ++i) {
    if (op_->is_tensor(i) && !op_->is_written(i)) read_only.push_back(i);
  }
  const auto& returns = backward_->schema().returns();
  for (size_t i = 0; i < returns.size(); ++i) {
    const std::string& name = returns[i].name();
    size_t target = i < read_only.size() ? read_only[i] : op_->no_argument();
    if (!name.empty()) target = name.starts_with("grad_") ? op_->argument(name.substr(5)) : op_->no_argument();
    TR_CHECK(target < op_->no_argument(), ArgumentError, "op ", op_->definition().name(), ": its backward returns ",
             returns.size(), " tensors, and '", name,
             "' is the gradient of no argument: name the returns grad_<argument>");
    targets_.push_back(target);
  }
}

void NamedOpAutograd::operator()(const c10::OperatorHandle& handle, c10::DispatchKeySet keys,
                                 torch::jit::Stack* stack) {
  const Call call{this, &handle, keys, stack};
  const auto wants_grad = [](const c10::IValue& value) { return value.isTensor() && value.toTensor().requires_grad(); };
  if (!at::GradMode::is_enabled() || std::ranges::none_of(torch::jit::last(*stack, op_->no_argument()), wants_grad)) {
    call.redispatch();
    return;
  }
  variable_list tensors;
  for (const c10::IValue& value : torch::jit::last(*stack, op_->no_argument())) {
    if (value.isTensor()) tensors.push_back(value.toTensor());
  }
  const variable_list out = Node::apply(call, at::TensorList(tensors));
  const size_t outputs = op_->output_names().size();
  for (size_t i = 0; i < outputs; ++i) stack->at(stack->size() - outputs + i) = out[i];
}

}  // namespace triton_runner
