// A kernel as an op of a schema of its own: what each of the kernel's parameters is, in terms of the op's arguments.
//
// Made once from its definition, with every check that can be made ahead. A call reads the arguments from the
// dispatcher's stack, allocates the outputs, and launches; beyond the outputs nothing is allocated. The kernels of the
// dispatcher stand in register_named_op.cc. Tested in tests/python/test_register_op.py.
#pragma once

#include <ATen/core/stack.h>

#include <string>
#include <vector>

#include "ops/eager.h"
#include "ops/op_definition.h"
#include "runtime/expression.h"
#include "runtime/kernel.h"

namespace triton_runner {

class NamedOp {
 public:
  // ArgumentError that names the argument or parameter: a type that no kernel takes, an argument or a parameter without
  // the other, an access that the schema does not state.
  NamedOp(OpDefinition definition, Kernel& kernel);

  const OpDefinition& definition() const { return definition_; }
  const c10::FunctionSchema& schema() const { return definition_.schema; }
  Kernel& kernel() const { return *kernel_; }
  bool is_tensor(size_t argument) const { return names_[argument].kind == ExpressionName::Kind::Tensor; }
  bool is_written(size_t argument) const;
  // The index of the argument of that name, or no_argument().
  size_t argument(std::string_view name) const;
  size_t no_argument() const { return schema().arguments().size(); }
  const std::vector<std::string>& output_names() const { return output_names_; }

  // Both take the arguments from the end of the stack and put the outputs there.
  void run(torch::jit::Stack& stack) const;
  void trace(torch::jit::Stack& stack) const;  // allocates, and launches nothing

 private:
  struct Output {
    size_t like = 0;
    bool has_shape = false;
    std::vector<Expression> shape;
    std::optional<at::ScalarType> dtype;
  };
  // Of one parameter of the kernel, in its order.
  struct Binding {
    enum class Kind : uint8_t {
      Argument,
      Output,
      Int,
      Float
    };
    Kind kind = Kind::Argument;
    size_t index = 0;  // of the argument or output; of the expression
    bool written = false;
    size_t descriptor_rank = 0;  // 0 for a plain pointer
  };

  void read_arguments();
  void read_outputs();
  void read_params();
  Binding bind(const Param& param, const std::string& text);
  Binding bind_tensor(const Param& param, const std::string& text) const;
  void check_access() const;
  void check_all_used() const;
  std::string where(std::string_view part) const;
  using Made = c10::SmallVector<at::Tensor, 4>;
  template <typename Ops, typename Reader>
  Made allocate(const Reader& read) const;
  void add_tensor(const Binding& binding, const at::Tensor& tensor, EagerArgs& args) const;
  void replace_arguments(torch::jit::Stack& stack, Made& made) const;
  void check_strides(c10::ArrayRef<c10::IValue> arguments) const;

  OpDefinition definition_;
  Kernel* kernel_;
  std::vector<ExpressionName> names_;  // the arguments, then the kernel's constants
  std::vector<std::string> output_names_;
  std::vector<Output> outputs_;
  std::vector<Binding> bindings_;
  std::vector<Expression> ints_;
  std::vector<Expression> floats_;
  std::vector<Expression> grid_;
  std::vector<bool> contiguous_;  // of each argument: whether the kernel takes it to be
};

}  // namespace triton_runner
