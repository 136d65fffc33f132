// A key that is kept: the words and objects of constant.h, owned, with their hash. Tested in
// tests/python/test_specialization.py and test_tuned_door.py.
#pragma once

#include <vector>

#include "python/constant.h"

namespace triton_runner::python {

struct ExactKey {
  std::vector<uint64_t> words;
  std::vector<pybind11::object> objects;
  uint64_t hash = 0;

  ExactKey() = default;
  ExactKey(const KeyWords& found_words, const KeyObjects& found_objects);

  // May run Python code, to compare objects.
  bool matches(const KeyWords& found_words, const KeyObjects& found_objects) const;
};

uint64_t hash_of(const KeyWords& words);

}  // namespace triton_runner::python
