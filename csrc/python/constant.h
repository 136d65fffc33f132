// Compile-time values as parts of an exact key.
//
// A key is a row of words and a row of objects. What words can hold (None, bool, int, float by its bits, a tuple of
// these) is compared as words; any other hashable value is compared as an object: same type, and identical or equal.
// So 1, True and 1.0 differ, which Python's own == would take for one. Tested in tests/python/test_doors.py.
#pragma once

#include <c10/util/SmallVector.h>
#include <pybind11/pybind11.h>

#include <cstdint>

namespace triton_runner::python {

using KeyWords = c10::SmallVector<uint64_t, 96>;
using KeyObjects = c10::SmallVector<PyObject*, 16>;  // borrowed

// Appends a value. False for one that cannot be part of a key: not hashable, or a tensor, which no cache may hold.
bool add_constant(PyObject* value, KeyWords& words, KeyObjects& objects);

// Whether two objects of a key are the same constant. Never leaves a Python error set.
bool same_object(PyObject* a, PyObject* b);

}  // namespace triton_runner::python
