// How an expression reads the arguments of a call, as integers, floats and torch's symbolic integers.
// Tested in tests/python/test_register_op.py.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include "runtime/expression.h"

namespace triton_runner {

// What both readers of numbers share; a dimension out of range is torch's IndexError, which names the range.
inline int64_t tensor_property(const at::Tensor& tensor, const Leaf& leaf) {
  switch (leaf.property) {
    case Property::Numel:
      return tensor.numel();
    case Property::Dim:
      return tensor.dim();
    case Property::ElementSize:
      return static_cast<int64_t>(tensor.element_size());
    case Property::Size:
      return tensor.size(leaf.dimension);
    case Property::Stride:
      return tensor.stride(leaf.dimension);
    default:
      TR_ASSERT(false);
  }
}

inline int64_t as_integer(const c10::IValue& value) {
  if (value.isBool()) return value.toBool() ? 1 : 0;
  return value.isInt() ? value.toInt() : value.toSymInt().guard_int(__FILE__, __LINE__);
}

struct IntReader {
  c10::ArrayRef<c10::IValue> arguments;

  int64_t operator()(const Leaf& leaf) const {
    const c10::IValue& value = arguments[leaf.arg];
    return leaf.property == Property::Value ? as_integer(value) : tensor_property(value.toTensor(), leaf);
  }
};

struct FloatReader {
  c10::ArrayRef<c10::IValue> arguments;

  double operator()(const Leaf& leaf) const {
    const c10::IValue& value = arguments[leaf.arg];
    if (leaf.property != Property::Value) return static_cast<double>(tensor_property(value.toTensor(), leaf));
    if (value.isDouble()) return value.toDouble();
    if (value.isSymFloat()) return value.toSymFloat().guard_float(__FILE__, __LINE__);
    return static_cast<double>(as_integer(value));
  }
};

struct SymReader {
  c10::ArrayRef<c10::IValue> arguments;

  c10::SymInt operator()(const Leaf& leaf) const {
    const c10::IValue& value = arguments[leaf.arg];
    if (leaf.property == Property::Value) return value.isBool() ? c10::SymInt(as_integer(value)) : value.toSymInt();
    const at::Tensor& tensor = value.toTensor();
    if (leaf.property == Property::Numel) return tensor.sym_numel();
    if (leaf.property == Property::Size) return tensor.sym_size(leaf.dimension);
    if (leaf.property == Property::Stride) return tensor.sym_stride(leaf.dimension);
    return tensor_property(tensor, leaf);
  }
};

// torch's own operators, which stay symbolic; two plain integers are computed as IntOps does.
struct SymOps {
  using Value = c10::SymInt;
  static Value number(int64_t integer, double) { return integer; }
  static Value add(const Value& a, const Value& b) { return a + b; }
  static Value subtract(const Value& a, const Value& b) { return a - b; }
  static Value multiply(const Value& a, const Value& b) { return a * b; }
  static Value minimum(const Value& a, const Value& b) { return a.min(b); }
  static Value maximum(const Value& a, const Value& b) { return a.max(b); }
  static Value floor_divide(const Value& a, const Value& b) {
    const auto x = a.maybe_as_int();
    const auto y = b.maybe_as_int();
    return x && y ? Value(IntOps::floor_divide(*x, *y)) : a / b;
  }
  static Value modulo(const Value& a, const Value& b) {
    const auto x = a.maybe_as_int();
    const auto y = b.maybe_as_int();
    return x && y ? Value(IntOps::modulo(*x, *y)) : a % b;
  }
  static Value divide(const Value&, const Value&) { TR_ASSERT(false); }  // the parser lets none through
  static Value sqrt(const Value&) { TR_ASSERT(false); }
};

}  // namespace triton_runner
