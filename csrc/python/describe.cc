// The words of a specialization's key as Triton's (type, key). Tested in tests/python/test_specialization.py.
#include <c10/core/ScalarType.h>

#include "ops/tensor_arg.h"
#include "python/specialization.h"
#include "python/specialization_words.h"
#include "runtime/error.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

struct Described {
  py::object type;
  py::object key;
};

// Triton calls the elements of a bool tensor u1.
std::string element_name(uint64_t scalar_type) {
  const auto type = static_cast<at::ScalarType>(scalar_type);
  return type == at::kBool ? "u1" : std::string(type_name(element_type_of(type)));
}

py::object mark_text(uint64_t mark, bool small_memory = false) {
  switch (static_cast<Mark>(mark)) {
    case Mark::Absent:
      return py::none();
    case Mark::No:
      return py::str(small_memory ? "S" : "");
    case Mark::Divisible:
      return py::str(small_memory ? "DS" : "D");
  }
  TR_ASSERT(false);
}

const char* int_name(uint64_t width) {
  static constexpr const char* kNames[] = {"i32", "i64", "u64"};
  return kNames[width];
}

// Reads the words in the order in which specialize() wrote them.
class Describer {
 public:
  explicit Describer(const Specialization& from) : word_(from.words.begin()), object_(from.objects.begin()) {}

  Described parameter(const JitParam& param, PyObject* value) {
    Described found = any(value);
    if (!param.is_constexpr && !param.annotation.empty()) found.type = py::str(param.annotation);
    return found;
  }

 private:
  Described any(PyObject* value) {
    const uint64_t word = *word_++;
    switch (leaf_kind(word)) {
      case Leaf::None:
        return {py::str("constexpr"), py::none()};
      case Leaf::Bool:
        return {py::str("u1"), py::none()};
      case Leaf::Int:
        return {py::str(int_name(leaf_byte(word, 1))), mark_text(leaf_byte(word, 2))};
      case Leaf::One:
        return {py::str("constexpr"), py::int_(1)};
      case Leaf::Float:
        return {py::str("fp32"), py::none()};
      case Leaf::Tensor:
        return {py::str(((leaf_byte(word, 3) & 1) != 0 ? "*k" : "*") + element_name(leaf_byte(word, 1))),
                mark_text(leaf_byte(word, 2), (leaf_byte(word, 3) & kSmallMemory) != 0)};
      case Leaf::Tuple:
        return tuple(value, leaf_count(word), {});
      case Leaf::NamedTuple:
        return tuple(value, leaf_count(word), py::reinterpret_borrow<py::object>(*object_++));
      case Leaf::Descriptor:
        return descriptor(word);
      case Leaf::Constant:
      case Leaf::Wrapped:
        return constant(value);
      case Leaf::Annotated:
        return {py::none(), py::none()};
    }
    TR_ASSERT(false);
  }

  Described constant(PyObject* value) {
    const ConstantSize size = constant_size(word_);
    word_ += size.words;
    object_ += size.objects;
    return {py::str("constexpr"), py::reinterpret_borrow<py::object>(value)};
  }

  Described tuple(PyObject* value, uint64_t size, const py::object& type) {
    py::tuple types(size);
    py::tuple keys(size);
    for (size_t i = 0; i < size; ++i) {
      Described item = any(PyTuple_GET_ITEM(value, static_cast<Py_ssize_t>(i)));
      types[i] = std::move(item.type);
      keys[i] = std::move(item.key);
    }
    if (!type) return {std::move(types), std::move(keys)};
    return {type(*types), type(*keys)};
  }

  Described descriptor(uint64_t word) {
    std::string text = concat("tensordesc<", element_name(leaf_byte(word, 1)), "[");
    for (uint64_t i = 0; i < leaf_byte(word, 2); ++i) text += concat(i == 0 ? "" : ", ", *word_++);
    text += "]";
    if (leaf_byte(word, 3) != 0) text += "," + py::repr(*object_++).cast<std::string>();
    return {py::str(text + ">"), py::none()};
  }

  const uint64_t* word_;
  PyObject* const* object_;
};

}  // namespace

py::list describe(const JitPlan& plan, const BoundCall& call, const Specialization& specialization) {
  Describer describer(specialization);
  py::list out;
  for (size_t i = 0; i < plan.params().size(); ++i) {
    Described found = describer.parameter(plan.params()[i], call.values[i]);
    out.append(py::make_tuple(std::move(found.type), std::move(found.key)));
  }
  return out;
}

}  // namespace triton_runner::python
