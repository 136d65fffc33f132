// A named op under autograd: its backward is the op that its definition names, or an error that says that there is
// none.
//
// The arguments of a backward op are found by name: those of the forward op and its outputs, which are saved, `grad` or
// `grad_<output>`, the gradients of the outputs. It returns one gradient for each Tensor that the forward op only
// reads, in order, or those that its returns name: `grad_<argument>`. Tested in tests/python/test_register_op.py.
#pragma once

#include <ATen/core/boxing/OperatorKernel.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <memory>

#include "ops/named_op.h"

namespace triton_runner {

class NamedOpAutograd : public c10::OperatorKernel {
 public:
  // ArgumentError where the backward op is missing, or its arguments and returns do not fit.
  explicit NamedOpAutograd(std::shared_ptr<const NamedOp> op);
  void operator()(const c10::OperatorHandle& handle, c10::DispatchKeySet keys, torch::jit::Stack* stack);

  // Where an argument of the backward op comes from.
  struct Source {
    enum class Kind : uint8_t {
      Grad,
      Argument,
      Output
    };
    Kind kind = Kind::Grad;
    size_t index = 0;
  };

  const NamedOp& op() const { return *op_; }
  const std::vector<Source>& sources() const { return sources_; }
  // Which argument each return of the backward op is the gradient of.
  const std::vector<size_t>& targets() const { return targets_; }
  const std::optional<c10::OperatorHandle>& backward() const { return backward_; }

 private:
  Source source_of(const std::string& name) const;
  void find_targets();

  std::shared_ptr<const NamedOp> op_;
  std::optional<c10::OperatorHandle> backward_;
  std::vector<Source> sources_;
  std::vector<size_t> targets_;
};

}  // namespace triton_runner
