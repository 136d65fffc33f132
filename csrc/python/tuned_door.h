// The door of an autotuned function: finds the config of a call and goes on to the door of the function, with the
// config's keywords added.
//
// A config is found by the values of the key's arguments, and by dtype and device of every tensor, as Triton's
// autotuner does; a call that was never made in this form goes to Python, which tunes and then calls `add`. No
// tensor is ever held. Tested in tests/python/test_tuned_door.py.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "python/door.h"
#include "python/exact_key.h"

namespace triton_runner::python {

class TunedDoor : public Door {
 public:
  // `in_key[i]`: whether the value of parameter i decides on the config.
  TunedDoor(const std::vector<std::string>& names, std::vector<bool> in_key);

  PyObject* call(PyObject* owner, PyObject* subject, PyObject* grid, const CallArgs& args) override;

  // Calls of the form of `args` are from now on `launched[grid](..., **keywords)`, where `launched` is an Indexable,
  // else `launched.launch(grid, args, kwargs)`. Where another config than the last is launched, `subject.best_config`
  // is set to `config`. False, and nothing remembered, for a call that no key can hold.
  bool add(const CallArgs& args, const pybind11::object& launched, const pybind11::dict& keywords,
           const pybind11::object& config);

  void forget();

 private:
  struct Form {
    KeyWords words;
    KeyObjects objects;  // borrowed from the call
  };

  // What calls of one form launch.
  struct Entry {
    ExactKey key;
    pybind11::object launched;
    pybind11::object config;
    bool is_indexable = false;
    std::vector<pybind11::object> names;  // of the keywords that the config adds
    std::vector<pybind11::object> values;
    // The keywords of the last call, and the same with those of the config. A call site has one tuple for all its
    // calls.
    pybind11::object last_names;
    pybind11::object all_names;
  };

  bool read(const CallArgs& args, Form& form) const;
  bool read_argument(size_t index, PyObject* value, Form& form) const;
  std::shared_ptr<Entry> find(const Form& form);
  static PyObject* launch(Entry& entry, PyObject* grid, const CallArgs& args);

  ParameterNames names_;
  std::vector<bool> in_key_;
  std::vector<std::shared_ptr<Entry>> entries_;
  std::shared_ptr<Entry> last_;
};

// Adds TunedDoor to the module.
void bind_tuned_door(pybind11::module_& module);

}  // namespace triton_runner::python
