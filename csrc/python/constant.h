// Compile-time values as parts of an exact key.
//
// A key is a row of words and a row of objects. What words can hold (None, bool, int, float by its bits, a tuple of
// these) is compared as words; any other hashable value is compared as an object: identical, or of the same type, equal
// and of the same text. So 1, True and 1.0 differ, which Python's own == would take for one. Tested in
// tests/python/test_specialization.py.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

#include "python/row.h"

namespace triton_runner::python {

using KeyWords = Row<uint64_t, 128>;
using KeyObjects = Row<PyObject*, 16>;  // borrowed

// Appends a value. False for one that cannot be part of a key: not hashable, or a tensor, which no cache may hold.
bool add_constant(PyObject* value, KeyWords& words, KeyObjects& objects);

// The number of words and of objects that a value takes, whose first word is at `words`.
struct ConstantSize {
  size_t words;
  size_t objects;
};
ConstantSize constant_size(const uint64_t* words);

// Whether two objects of a key are the same constant. Never leaves a Python error set.
bool same_object(PyObject* a, PyObject* b);

}  // namespace triton_runner::python
