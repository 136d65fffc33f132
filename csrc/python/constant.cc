#include "python/constant.h"

#include <torch/csrc/autograd/python_variable.h>

#include <bit>

namespace triton_runner::python {
namespace {

enum class Constant : uint64_t {
  None,
  False,
  True,
  Int,
  Float,
  Tuple,
  TupleOfClass,
  Object,
};

bool is_hashable(PyTypeObject* type) {
  return type->tp_hash != nullptr && type->tp_hash != PyObject_HashNotImplemented;
}

bool is_tensor_type(PyTypeObject* type) {
  return PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(THPVariableClass)) != 0;
}

bool add_object(PyObject* value, KeyWords& words, KeyObjects& objects) {
  if (!PyUnicode_CheckExact(value) && (!is_hashable(Py_TYPE(value)) || is_tensor_type(Py_TYPE(value)))) return false;
  words.push(static_cast<uint64_t>(Constant::Object));
  objects.push(value);
  return true;
}

bool add_int(PyObject* value, KeyWords& words, KeyObjects& objects) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow != 0) return add_object(value, words, objects);
  words.push(static_cast<uint64_t>(Constant::Int));
  words.push(static_cast<uint64_t>(number));
  return true;
}

// A tuple of a class of its own, such as a namedtuple, has the class among the objects.
bool add_tuple(PyObject* value, KeyWords& words, KeyObjects& objects) {
  const Py_ssize_t size = PyTuple_GET_SIZE(value);
  const bool plain = PyTuple_CheckExact(value);
  words.push(static_cast<uint64_t>(plain ? Constant::Tuple : Constant::TupleOfClass) | static_cast<uint64_t>(size)
                                                                                           << 8);
  if (!plain) objects.push(reinterpret_cast<PyObject*>(Py_TYPE(value)));
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (!add_constant(PyTuple_GET_ITEM(value, i), words, objects)) return false;
  }
  return true;
}

bool same_text(PyObject* a, PyObject* b) {
  const auto first = pybind11::reinterpret_steal<pybind11::object>(PyObject_Repr(a));
  const auto second = pybind11::reinterpret_steal<pybind11::object>(first ? PyObject_Repr(b) : nullptr);
  return second && PyUnicode_Compare(first.ptr(), second.ptr()) == 0;
}

}  // namespace

bool add_constant(PyObject* value, KeyWords& words, KeyObjects& objects) {
  auto word = [&](Constant kind) {
    words.push(static_cast<uint64_t>(kind));
    return true;
  };
  if (value == Py_None) return word(Constant::None);
  if (value == Py_True) return word(Constant::True);
  if (value == Py_False) return word(Constant::False);
  if (PyLong_CheckExact(value)) return add_int(value, words, objects);
  if (PyFloat_CheckExact(value)) {
    words.push(static_cast<uint64_t>(Constant::Float));
    words.push(std::bit_cast<uint64_t>(PyFloat_AS_DOUBLE(value)));
    return true;
  }
  if (PyTuple_Check(value)) return add_tuple(value, words, objects);
  return add_object(value, words, objects);
}

ConstantSize constant_size(const uint64_t* words) {
  switch (static_cast<Constant>(words[0] & 0xFF)) {
    case Constant::None:
    case Constant::False:
    case Constant::True:
      return {1, 0};
    case Constant::Int:
    case Constant::Float:
      return {2, 0};
    case Constant::Object:
      return {1, 1};
    case Constant::Tuple:
    case Constant::TupleOfClass:
      break;
  }
  ConstantSize size{1, static_cast<Constant>(words[0] & 0xFF) == Constant::TupleOfClass ? size_t{1} : size_t{0}};
  for (uint64_t items = words[0] >> 8; items > 0; --items) {
    const ConstantSize item = constant_size(words + size.words);
    size.words += item.words;
    size.objects += item.objects;
  }
  return size;
}

bool same_object(PyObject* a, PyObject* b) {
  if (a == b) return true;
  if (Py_TYPE(a) != Py_TYPE(b)) return false;
  if (PyUnicode_CheckExact(a)) return PyUnicode_Compare(a, b) == 0;
  // Equality alone may take 1 for True somewhere inside; the text, by which Triton tells constants apart, does not.
  const bool same = PyObject_RichCompareBool(a, b, Py_EQ) == 1 && same_text(a, b);
  if (PyErr_Occurred() != nullptr) PyErr_Clear();
  return same;
}

}  // namespace triton_runner::python
