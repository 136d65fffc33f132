#include "ops/register_named_op.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/library.h>

#include <map>
#include <mutex>

#include "ops/load_ops.h"
#include "ops/named_op_autograd.h"
#include "runtime/error.h"
#include "runtime/kernel_folder.h"

namespace triton_runner {
namespace {

using Op = std::shared_ptr<const NamedOp>;

class DeviceKernel : public c10::OperatorKernel {
 public:
  explicit DeviceKernel(Op op) : op_(std::move(op)) {}
  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack* stack) { op_->run(*stack); }

 private:
  Op op_;
};

class MetaKernel : public c10::OperatorKernel {
 public:
  explicit MetaKernel(Op op) : op_(std::move(op)) {}
  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack* stack) { op_->trace(*stack); }

 private:
  Op op_;
};

// Moves the version counters of what was written, by which autograd finds a saved tensor that was overwritten.
class InplaceKernel : public c10::OperatorKernel {
 public:
  explicit InplaceKernel(Op op) : op_(std::move(op)) {}

  void operator()(const c10::OperatorHandle& handle, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
    c10::SmallVector<at::Tensor, 4> written;
    for (size_t i = 0; i < op_->no_argument(); ++i) {
      if (op_->is_tensor(i) && op_->is_written(i)) {
        written.push_back(torch::jit::peek(*stack, i, op_->no_argument()).toTensor());
      }
    }
    {
      const at::AutoDispatchBelowADInplaceOrView below;
      handle.redispatchBoxed(keys & c10::after_ADInplaceOrView_keyset, stack);
    }
    for (const at::Tensor& tensor : written) torch::autograd::impl::bump_version(tensor);
  }

 private:
  Op op_;
};

// Never destroyed, as the dispatcher itself: a library that goes takes its ops with it.
struct Registered {
  std::string definition;
  std::string key;
  torch::Library library;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Registered> ops;
};

Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

template <typename Functor>
void add_kernel(torch::Library& library, const char* name, c10::DispatchKey key, const Op& op) {
  library.impl(name, torch::dispatch(key, torch::CppFunction::makeFromBoxedFunctor(std::make_unique<Functor>(op))));
}

torch::Library define(const Op& op, bool own_autograd) {
  const std::string full = op->definition().name();
  const size_t colons = full.find("::");
  TR_CHECK(colons != std::string::npos && colons > 0, ArgumentError, "the op is named '", full,
           "', expected a namespace before it: 'mylib::", full, "'");
  TR_CHECK(!c10::Dispatcher::singleton().findSchema({full, ""}), ArgumentError, "there is an op ", full,
           " already, which is none of triton_runner's: choose another name");
  torch::Library library(torch::Library::FRAGMENT, full.substr(0, colons), std::nullopt, __FILE__, __LINE__);
  c10::FunctionSchema schema = op->schema();
  library.def(std::move(schema), {at::Tag::pt2_compliant_tag, at::Tag::needs_exact_strides});
  const std::string name = full.substr(colons + 2);
  add_kernel<DeviceKernel>(library, name.c_str(), c10::DispatchKey::CPU, op);
  add_kernel<DeviceKernel>(library, name.c_str(), c10::DispatchKey::CUDA, op);
  add_kernel<MetaKernel>(library, name.c_str(), c10::DispatchKey::Meta, op);
  add_kernel<InplaceKernel>(library, name.c_str(), c10::DispatchKey::ADInplaceOrView, op);
  if (!own_autograd) add_kernel<NamedOpAutograd>(library, name.c_str(), c10::DispatchKey::Autograd, op);
  return library;
}

}  // namespace

void register_named_op(const Json& definition, Kernel& kernel, bool own_autograd) {
  const Op op = std::make_shared<NamedOp>(op_definition_from(definition), kernel);
  const std::string name = op->definition().name();
  const std::string text = definition.dump();
  const std::string& key = kernel.record().key;
  Registry& known = registry();
  const std::lock_guard lock(known.mutex);
  const auto found = known.ops.find(name);
  if (found != known.ops.end()) {
    TR_CHECK(found->second.definition == text && found->second.key == key, ArgumentError, "there is an op ", name,
             " already, with another ", found->second.key == key ? "definition" : "kernel",
             ": a name stands for one kernel for as long as the process lives");
    return;
  }
  known.ops.emplace(name, Registered{text, key, define(op, own_autograd)});
}

std::vector<std::string> load_ops(const std::string& folder) {
  std::vector<std::string> out;
  const std::vector<StoredKernel> stored = register_kernel_folder(folder);
  // What others name as their backward comes first.
  for (const bool with_backward : {false, true}) {
    for (const StoredKernel& each : stored) {
      const Json* op = each.sidecar.find(kOpEntry);
      const Json* backward = op == nullptr ? nullptr : op->find("backward");
      if ((backward != nullptr && !backward->is_null()) != with_backward) continue;
      if (op != nullptr) register_named_op(*op, *each.kernel);
      out.push_back(op == nullptr ? each.kernel->record().key : op_definition_from(*op).name());
    }
  }
  return out;
}

}  // namespace triton_runner

TORCH_LIBRARY_IMPL(triton_runner, CompositeExplicitAutograd, library) {
  library.impl("load_ops", triton_runner::load_ops);
}
