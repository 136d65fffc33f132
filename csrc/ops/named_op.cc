#include "ops/named_op.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>

#include "ops/named_op_values.h"
#include "runtime/error.h"
#include "runtime/json.h"

namespace triton_runner {
namespace {

using Kind = ExpressionName::Kind;
using c10::TypeKind;

bool is_float(const Param& param) {
  return param.kind == ParamKind::Scalar && param.element >= ElementType::F16 && param.element <= ElementType::F64;
}

std::optional<Kind> kind_of(const c10::Argument& argument) {
  switch (argument.real_type()->kind()) {
    case TypeKind::TensorType:
      return Kind::Tensor;
    case TypeKind::IntType:
    case TypeKind::SymIntType:
    case TypeKind::BoolType:
      return Kind::Int;
    case TypeKind::FloatType:
    case TypeKind::SymFloatType:
      return Kind::Float;
    default:
      return std::nullopt;
  }
}

}  // namespace

NamedOp::NamedOp(OpDefinition definition, Kernel& kernel) : definition_(std::move(definition)), kernel_(&kernel) {
  read_arguments();
  read_outputs();
  read_params();
  TR_CHECK(!definition_.grid.empty() && definition_.grid.size() <= 3, ArgumentError, where("grid"), " has ",
           definition_.grid.size(), " dimensions, expected one to three");
  for (const std::string& text : definition_.grid) {
    grid_.push_back(Expression::parse(text, names_, Expression::Result::Int, where("grid")));
  }
  check_access();
  check_all_used();
}

std::string NamedOp::where(std::string_view part) const {
  return concat("op ", definition_.name(), " of kernel '", kernel_->spec().name, "', ", part);
}

size_t NamedOp::argument(std::string_view name) const {
  for (size_t i = 0; i < no_argument(); ++i) {
    if (names_[i].name == name) return i;
  }
  return no_argument();
}

bool NamedOp::is_written(size_t argument) const {
  const at::AliasInfo* alias = schema().arguments()[argument].alias_info();
  return alias != nullptr && alias->isWrite();
}

void NamedOp::read_arguments() {
  for (const c10::Argument& argument : schema().arguments()) {
    const std::optional<Kind> kind = kind_of(argument);
    TR_CHECK(kind, ArgumentError, where("argument '"), argument.name(), "': its type is ",
             argument.real_type()->annotation_str(), ", expected Tensor, int, SymInt, float or bool");
    names_.push_back({argument.name(), *kind, 0});
  }
  for (const Param& param : kernel_->spec().params) {
    if (param.kind != ParamKind::Constant) continue;
    const Json constant = Json::parse(param.constant);
    if (const auto* integer = constant.get<int64_t>()) {
      names_.push_back({param.name, Kind::Constant, static_cast<double>(*integer)});
    } else if (const auto* number = constant.get<double>()) {
      names_.push_back({param.name, Kind::Constant, *number});
    }
  }
}

void NamedOp::read_outputs() {
  const auto& returns = schema().returns();
  TR_CHECK(returns.size() == definition_.outputs.size(), ArgumentError, where("outputs"), ": ",
           definition_.outputs.size(), " are described, expected ", returns.size(),
           ", one for each return of the schema");
  for (size_t i = 0; i < returns.size(); ++i) {
    const bool plain = returns[i].real_type()->kind() == TypeKind::TensorType && returns[i].alias_info() == nullptr;
    TR_CHECK(plain, ArgumentError, where("return "), i, ": found ", concat(returns[i]),
             ", expected a new Tensor: what the kernel writes to is an argument, Tensor(a!), and is not returned");
    const std::string fallback = returns.size() == 1 ? "out" : concat("out", i);
    output_names_.push_back(returns[i].name().empty() ? fallback : returns[i].name());
    const OutputDefinition& given = definition_.outputs[i];
    Output output{argument(given.like), given.shape.has_value(), {}, given.dtype};
    TR_CHECK(output.like < no_argument() && is_tensor(output.like), ArgumentError, where("output '"), output_names_[i],
             "': it is like '", given.like, "', expected the name of a Tensor argument");
    for (const std::string& text : given.shape.value_or(std::vector<std::string>())) {
      output.shape.push_back(Expression::parse(text, names_, Expression::Result::Int,
                                               where(concat("shape of output '", output_names_[i], "'"))));
    }
    outputs_.push_back(std::move(output));
  }
}

void NamedOp::read_params() {
  size_t used = 0;
  for (const Param& param : kernel_->spec().params) {
    if (param.kind == ParamKind::Constant) continue;
    const auto given = std::ranges::find(definition_.params, param.name, &std::pair<std::string, std::string>::first);
    TR_CHECK(given != definition_.params.end(), ArgumentError, where("parameter '"), param.name, "' (",
             type_string(param), "): nothing says what it is: give args={'", param.name, "': ...}");
    bindings_.push_back(bind(param, given->second));
    ++used;
  }
  for (const auto& [name, text] : definition_.params) {
    const auto known = std::ranges::find(kernel_->spec().params, name, &Param::name);
    TR_CHECK(known != kernel_->spec().params.end() && known->kind != ParamKind::Constant, ArgumentError, where("args"),
             ": '", name, "' is no parameter that the kernel takes at a launch");
  }
  contiguous_.assign(schema().arguments().size(), false);
  if (definition_.any_strides) return;
  for (const Binding& binding : bindings_) {
    if (binding.kind != Binding::Kind::Argument || binding.descriptor_rank > 0) continue;
    const auto strided = [&](const Expression& e) { return e.reads_strides_of(static_cast<uint32_t>(binding.index)); };
    contiguous_[binding.index] = std::ranges::none_of(ints_, strided);
  }
}

NamedOp::Binding NamedOp::bind(const Param& param, const std::string& text) {
  const std::string place = where(concat("parameter '", param.name, "'"));
  if (param.kind == ParamKind::Pointer || param.kind == ParamKind::Descriptor) return bind_tensor(param, text);
  if (is_float(param)) {
    floats_.push_back(Expression::parse(text, names_, Expression::Result::Float, place));
    return {Binding::Kind::Float, floats_.size() - 1};
  }
  ints_.push_back(Expression::parse(text, names_, Expression::Result::Int, place));
  return {Binding::Kind::Int, ints_.size() - 1};
}

NamedOp::Binding NamedOp::bind_tensor(const Param& param, const std::string& text) const {
  const bool written = writes(param.access);
  const size_t rank = param.kind == ParamKind::Descriptor ? param.block_shape.size() : 0;
  const size_t index = argument(text);
  if (index < no_argument()) {
    TR_CHECK(is_tensor(index), ArgumentError, where("parameter '"), param.name, "': it is ", type_string(param),
             ", but argument '", text, "' is no Tensor");
    return {Binding::Kind::Argument, index, written, rank};
  }
  const auto output = std::ranges::find(output_names_, text);
  TR_CHECK(output != output_names_.end(), ArgumentError, where("parameter '"), param.name, "': found '", text,
           "', expected the name of a Tensor argument or of a return");
  TR_CHECK(written, ArgumentError, where("output '"), text, "': the kernel only reads parameter '", param.name,
           "', so the output would hold nothing");
  return {Binding::Kind::Output, static_cast<size_t>(output - output_names_.begin()), true, rank};
}

// The schema must say of each argument what the code does to it: torch.compile drops and reorders calls by it.
void NamedOp::check_access() const {
  for (size_t i = 0; i < schema().arguments().size(); ++i) {
    if (!is_tensor(i)) continue;
    const std::string& name = names_[i].name;
    const auto writer = std::ranges::find_if(bindings_, [&](const Binding& binding) {
      return binding.kind == Binding::Kind::Argument && binding.index == i && binding.written;
    });
    if (writer == bindings_.end()) {
      TR_CHECK(!is_written(i), ArgumentError, where("argument '"), name,
               "': the schema says that it is written, Tensor(a!), but the kernel only reads it: write 'Tensor ", name,
               "'");
      continue;
    }
    TR_CHECK(is_written(i), ArgumentError, where("argument '"), name,
             "': the kernel writes to it (or cannot be shown not to), but the schema says that it is only read: write "
             "'Tensor(a!) ",
             name, "'");
  }
}

void NamedOp::check_all_used() const {
  for (size_t i = 0; i < output_names_.size(); ++i) {
    const bool bound = std::ranges::any_of(
        bindings_, [&](const Binding& binding) { return binding.kind == Binding::Kind::Output && binding.index == i; });
    TR_CHECK(bound, ArgumentError, where("output '"), output_names_[i], "': no parameter of the kernel is bound to it");
  }
  for (size_t i = 0; i < schema().arguments().size(); ++i) {
    const auto reads = [&](const Expression& expression) { return expression.reads(static_cast<uint32_t>(i)); };
    bool used =
        std::ranges::any_of(ints_, reads) || std::ranges::any_of(floats_, reads) || std::ranges::any_of(grid_, reads);
    for (const Binding& binding : bindings_) used |= binding.kind == Binding::Kind::Argument && binding.index == i;
    for (const Output& output : outputs_) used |= output.like == i || std::ranges::any_of(output.shape, reads);
    TR_CHECK(used, ArgumentError, where("argument '"), names_[i].name,
             "': no parameter of the kernel is bound to it: name one in args={...}");
  }
}

void NamedOp::check_strides(c10::ArrayRef<c10::IValue> arguments) const {
  for (size_t i = 0; i < arguments.size(); ++i) {
    TR_CHECK(!contiguous_[i] || arguments[i].toTensor().is_contiguous(), ArgumentError, where("argument '"),
             names_[i].name,
             "': it is not contiguous, and no parameter of the kernel is its stride: call .contiguous(), ",
             "give a parameter '", names_[i].name, ".stride(0)', or register the op with any_strides=True");
  }
}

// SymInts hold plain integers without allocating, so the outputs of a real call and of a traced one come from one code.
template <typename Ops, typename Reader>
NamedOp::Made NamedOp::allocate(const Reader& read) const {
  Made made;
  for (const Output& output : outputs_) {
    const at::Tensor& like = read.arguments[output.like].toTensor();
    at::TensorOptions options = like.options();
    if (output.dtype) options = options.dtype(output.dtype);
    if (!output.has_shape) {
      made.push_back(at::empty_like(like, options));
      continue;
    }
    c10::SmallVector<c10::SymInt, 5> sizes;
    for (const Expression& size : output.shape) sizes.emplace_back(size.evaluate<Ops>(read));
    made.push_back(at::empty_symint(sizes, options));
  }
  return made;
}

void NamedOp::replace_arguments(torch::jit::Stack& stack, Made& made) const {
  torch::jit::drop(stack, schema().arguments().size());
  for (at::Tensor& tensor : made) stack.emplace_back(std::move(tensor));
}

void NamedOp::trace(torch::jit::Stack& stack) const {
  Made made = allocate<SymOps>(SymReader{torch::jit::last(stack, schema().arguments().size())});
  replace_arguments(stack, made);
}

void NamedOp::run(torch::jit::Stack& stack) const {
  const c10::ArrayRef<c10::IValue> arguments = torch::jit::last(stack, schema().arguments().size());
  const IntReader reader{arguments};
  check_strides(arguments);
  Made made = allocate<IntOps>(reader);

  EagerArgs args;
  for (const Binding& binding : bindings_) {
    if (binding.kind == Binding::Kind::Int) {
      args.ints.push_back(ints_[binding.index].evaluate<IntOps>(reader));
    } else if (binding.kind == Binding::Kind::Float) {
      args.floats.push_back(floats_[binding.index].evaluate<FloatOps>(FloatReader{arguments}));
    } else {
      const bool output = binding.kind == Binding::Kind::Output;
      add_tensor(binding, output ? made[binding.index] : arguments[binding.index].toTensor(), args);
    }
  }
  for (const Expression& extent : grid_) args.grid.push_back(extent.evaluate<IntOps>(reader));
  launch_on(launch_device(args), *kernel_, args);
  replace_arguments(stack, made);
}

void NamedOp::add_tensor(const Binding& binding, const at::Tensor& tensor, EagerArgs& args) const {
  (binding.written ? args.outputs : args.inputs).push_back(&tensor);
  if (binding.descriptor_rank == 0) return;
  TR_CHECK(static_cast<size_t>(tensor.dim()) == binding.descriptor_rank, ArgumentError, where("a tensor has "),
           tensor.dim(), " dimensions, expected ", binding.descriptor_rank, " for its descriptor");
  args.ints.append(tensor.sizes().begin(), tensor.sizes().end());
  args.ints.append(tensor.strides().begin(), tensor.strides().end());
  args.ints.push_back(0);  // what lies outside of it reads as zero
}

}  // namespace triton_runner
