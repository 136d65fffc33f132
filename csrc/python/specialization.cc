#include "python/specialization.h"

#include <torch/csrc/autograd/python_variable.h>

#include <bit>
#include <cmath>
#include <limits>

#include "ops/eager.h"
#include "ops/tensor_arg.h"
#include "python/specialization_words.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

constexpr uint64_t kDivisor = 16;

// What decides on the key of one value: a parameter has its own, the leaves of a tuple have Triton's defaults.
struct Rules {
  bool is_const = false;
  bool specialize = true;
  bool align = true;
};

Mark mark_of(const Rules& rules, bool divisible) {
  if (!rules.specialize) return Mark::Absent;
  return rules.align && divisible ? Mark::Divisible : Mark::No;
}

uint64_t bits(auto value) { return static_cast<uint64_t>(value); }

bool is_one_of(PyTypeObject* type, const std::vector<py::object>& types) {
  for (const py::object& candidate : types) {
    if (candidate.ptr() == reinterpret_cast<PyObject*>(type)) return true;
  }
  return false;
}

// Walks the arguments and writes the key. Each method returns false for what is left to Triton.
class Specializer {
 public:
  Specializer(const JitTypes& types, Specialization& out) : types_(types), out_(out) {}

  bool parameter(const JitParam& param, PyObject* value) {
    if (param.is_constexpr) return constant(value);
    const Rules rules{param.is_const, param.specialize, param.align};
    return param.annotation.empty() ? any(value, rules) : annotated(param, value, rules);
  }

 private:
  bool any(PyObject* value, const Rules& rules) {
    if (THPVariable_CheckExact(value)) return tensor(value, rules);
    if (PyLong_CheckExact(value)) return integer(value, rules);
    if (value == Py_None) return push(leaf(Leaf::None));
    if (PyBool_Check(value)) return boolean(value);
    if (PyFloat_CheckExact(value)) return floating(value, Leaf::Float);
    if (PyTuple_Check(value)) return tuple(value);
    if (is_wrapped(value)) return constant(value);
    if (is_one_of(Py_TYPE(value), types_.descriptor_types)) return descriptor(value, false);
    if (is_one_of(Py_TYPE(value), types_.layout_descriptor_types)) return descriptor(value, true);
    return false;
  }

  // The annotation is the type. Triton marks integers and addresses as ever, and says nothing of floats and bools.
  bool annotated(const JitParam& param, PyObject* value, const Rules& rules) {
    const std::string& type = param.annotation;
    if (type.front() == '*') return THPVariable_CheckExact(value) && tensor(value, rules);
    if (type == "u1") return PyBool_Check(value) && push(leaf(Leaf::Annotated)) && take_int(value == Py_True);
    if (type.front() == 'f' || type.front() == 'b') {
      out_.has_slots = out_.has_slots && type == "fp32";
      return floating(value, Leaf::Annotated);
    }
    if (!PyLong_CheckExact(value)) return false;
    if (!integer(value, rules)) return false;
    if (leaf_kind(out_.words.back()) == Leaf::One) return take_int(1);  // a constant only where the type is free
    return type.front() == 'i' || static_cast<int64_t>(out_.slots.back()) >= 0 ||
           leaf_byte(out_.words.back(), 1) == bits(IntWidth::U64);
  }

  bool is_wrapped(PyObject* value) const {
    return Py_TYPE(value) == reinterpret_cast<PyTypeObject*>(types_.constexpr_type.ptr());
  }

  bool push(uint64_t word) {
    out_.words.push(word);
    return true;
  }

  bool take_int(int64_t value) { return take(bits(value), SlotKind::Int); }

  bool take(uint64_t slot, SlotKind kind) {
    out_.slots.push(slot);
    out_.kinds.push(kind);
    return true;
  }

  bool boolean(PyObject* value) { return push(leaf(Leaf::Bool)) && take_int(value == Py_True); }

  bool floating(PyObject* value, Leaf kind) {
    double number = 0;
    if (PyFloat_CheckExact(value)) {
      number = PyFloat_AS_DOUBLE(value);
    } else if (kind == Leaf::Annotated && PyLong_CheckExact(value)) {
      number = PyLong_AsDouble(value);
      if (number == -1 && PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        return false;
      }
    } else {
      return false;
    }
    // An infinity that was none before is an error, and so for Python.
    const auto single = static_cast<float>(number);
    if (std::isfinite(number) && !std::isfinite(single)) return false;
    out_.floats.push(number);
    take(std::bit_cast<uint32_t>(single), SlotKind::Float);
    return push(leaf(kind));
  }

  bool integer(PyObject* value, const Rules& rules) {
    int overflow = 0;
    const int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow > 0) return unsigned_integer(value, rules);
    if (overflow < 0) return false;
    if (number == 1 && rules.specialize) return push(leaf(Leaf::One));
    const bool narrow = number >= std::numeric_limits<int32_t>::min() && number <= std::numeric_limits<int32_t>::max();
    const Mark mark = mark_of(rules, number % static_cast<int64_t>(kDivisor) == 0);
    return push(leaf(Leaf::Int, bits(narrow ? IntWidth::I32 : IntWidth::I64), bits(mark))) && take_int(number);
  }

  bool unsigned_integer(PyObject* value, const Rules& rules) {
    const uint64_t number = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      return false;
    }
    const Mark mark = mark_of(rules, number % kDivisor == 0);
    return push(leaf(Leaf::Int, bits(IntWidth::U64), bits(mark))) && take_int(static_cast<int64_t>(number));
  }

  bool tensor(PyObject* value, const Rules& rules) {
    const at::Tensor& found = THPVariable_Unpack(value);
    if (!is_eager(found, grad_mode_)) return false;
    // All on one device, else the launch says which is not.
    if (!out_.tensors.empty() && found.device() != out_.tensors[0]->device()) return false;
    const auto address = reinterpret_cast<uintptr_t>(found.const_data_ptr());
    const bool divisible = address % kDivisor == 0;
    out_.tensors.push(&found);
    take(address, SlotKind::Tensor);
    const uint64_t flags = bits(rules.is_const) | (rules.specialize && is_marked_small(found) ? kSmallMemory : 0);
    return push(leaf(Leaf::Tensor, bits(found.scalar_type()), bits(mark_of(rules, divisible)), flags));
  }

  bool is_marked_small(const at::Tensor& tensor) const {
    constexpr size_t kSmall = std::numeric_limits<int32_t>::max();
    return types_.marks_small_memory && device_of(tensor.device()).type == DeviceType::Hip &&
           tensor.storage().nbytes() <= kSmall;
  }

  bool tuple(PyObject* value) {
    const Py_ssize_t size = PyTuple_GET_SIZE(value);
    const bool plain = PyTuple_CheckExact(value);
    const bool named = !plain && PyObject_HasAttrString(reinterpret_cast<PyObject*>(Py_TYPE(value)), "_fields") != 0;
    push(static_cast<uint64_t>(named ? Leaf::NamedTuple : Leaf::Tuple) | bits(size) << 8);
    if (named) out_.objects.push(reinterpret_cast<PyObject*>(Py_TYPE(value)));
    for (Py_ssize_t i = 0; i < size; ++i) {
      if (!any(PyTuple_GET_ITEM(value, i), {})) return false;
    }
    return true;
  }

  bool constant(PyObject* value) {
    if (!is_wrapped(value)) return push(leaf(Leaf::Constant)) && add_constant(value, out_.words, out_.objects);
    out_.owned.push_back(py::handle(value).attr("value"));
    return push(leaf(Leaf::Wrapped)) && add_constant(out_.owned.back().ptr(), out_.words, out_.objects);
  }

  bool descriptor(PyObject* value, bool has_layout) {
    DescriptorArg found;
    if (!read_descriptor(value, found) || !is_eager(*found.base, grad_mode_)) return false;
    push(leaf(Leaf::Descriptor, bits(found.base->scalar_type()), found.block_shape.size(), bits(has_layout)));
    for (const int64_t extent : found.block_shape) push(bits(extent));
    if (has_layout) {
      out_.owned.push_back(py::handle(value).attr("layout"));
      out_.objects.push(out_.owned.back().ptr());
    }
    out_.has_slots = false;
    c10::SmallVector<int64_t, 11> ints;
    append_ints(found, ints);
    take(reinterpret_cast<uintptr_t>(found.base->const_data_ptr()), SlotKind::Tensor);
    for (const int64_t number : ints) take_int(number);
    out_.tensors.push(found.base);
    out_.owned.push_back(std::move(found.base_object));
    return true;
  }

  const JitTypes& types_;
  Specialization& out_;
  const bool grad_mode_ = at::GradMode::is_enabled();
};

std::vector<std::string> names_of(const std::vector<JitParam>& params) {
  std::vector<std::string> names;
  for (const JitParam& param : params) names.push_back(param.name);
  return names;
}

}  // namespace

JitPlan::JitPlan(std::vector<JitParam> params, JitTypes types)
    : params_(std::move(params)), types_(std::move(types)), names_(names_of(params_)) {}

bool JitPlan::complete(BoundCall& call) const {
  for (size_t i = 0; i < params_.size(); ++i) {
    if (call.values[i] != nullptr) continue;
    call.values[i] = params_[i].default_value.ptr();
    if (call.values[i] == nullptr) return false;
  }
  return true;
}

bool specialize(const JitPlan& plan, const BoundCall& call, Specialization& out) {
  Specializer specializer(plan.types(), out);
  for (size_t i = 0; i < plan.params().size(); ++i) {
    if (!specializer.parameter(plan.params()[i], call.values[i])) return false;
  }
  return true;
}

}  // namespace triton_runner::python
