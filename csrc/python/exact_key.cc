#include "python/exact_key.h"

#include <algorithm>

namespace py = pybind11;

namespace triton_runner::python {

ExactKey::ExactKey(const KeyWords& found_words, const KeyObjects& found_objects)
    : words(found_words.begin(), found_words.end()), hash(hash_of(found_words)) {
  for (PyObject* object : found_objects) objects.push_back(py::reinterpret_borrow<py::object>(object));
}

bool ExactKey::matches(const KeyWords& found_words, const KeyObjects& found_objects) const {
  // Equal words have an equal number of objects: each object has a word that says so.
  if (!std::equal(words.begin(), words.end(), found_words.begin(), found_words.end())) return false;
  for (size_t i = 0; i < objects.size(); ++i) {
    if (!same_object(objects[i].ptr(), found_objects[i])) return false;
  }
  return true;
}

uint64_t hash_of(const KeyWords& words) {
  uint64_t hash = 0;
  for (const uint64_t word : words) hash = (hash ^ word) * 0x9E3779B97F4A7C15u + (hash >> 32);
  return hash;
}

}  // namespace triton_runner::python
