#include "python/jit_door.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "ops/eager.h"
#include "ops/tensor_arg.h"
#include "runtime/error.h"

namespace py = pybind11;

namespace triton_runner::python {

PyObject* JitDoor::call(PyObject* owner, PyObject* subject, PyObject* grid, const CallArgs& args) {
  BoundCall call;
  Specialization found;
  if (eager_dispatch() && guards_.are_clear(subject) && read(args, call, found)) [[likely]] {
    JitEntry* entry = find(found);
    if (entry != nullptr && globals_unchanged(*entry)) [[likely]] {
      PyObject* result = launch(*entry, call, found, grid);
      if (result != nullptr || PyErr_Occurred() != nullptr) return result;
    }
  }
  return launch_slowly(owner, grid, args);
}

bool JitDoor::read(const CallArgs& args, BoundCall& call, Specialization& found) const {
  return bind(plan_.names(), args, call) && plan_.complete(call) && specialize(plan_, call, found) &&
         add_options(call, found);
}

// Options are told apart by name and value. A name that no entry was made with has none to find.
bool JitDoor::add_options(const BoundCall& call, Specialization& found) const {
  for (const auto& [name, value] : call.options) {
    const auto known = std::ranges::find_if(option_names_, [&](const py::str& option) {
      return option.ptr() == name || PyUnicode_Compare(option.ptr(), name) == 0;
    });
    if (known == option_names_.end()) return false;
    found.words.push(static_cast<uint64_t>(known - option_names_.begin()));
    if (!add_constant(value, found.words, found.objects)) return false;
  }
  found.words.push(device_word(found));
  return true;
}

JitEntry* JitDoor::find(const Specialization& found) {
  if (last_ != nullptr && last_->key.matches(found.words, found.objects)) [[likely]]
    return last_;
  const uint64_t hash = hash_of(found.words);
  // By index: a comparison of constants may run Python code, which may add an entry.
  for (size_t i = first_with(hash); i < entries_.size() && entries_[i]->key.hash == hash; ++i) {
    JitEntry* entry = entries_[i].get();
    if (entry->key.matches(found.words, found.objects)) return last_ = entry;
  }
  return nullptr;
}

size_t JitDoor::first_with(uint64_t hash) const {
  const auto place = std::ranges::lower_bound(entries_, hash, {}, [](const auto& known) { return known->key.hash; });
  return static_cast<size_t>(place - entries_.begin());
}

PyObject* JitDoor::launch(JitEntry& entry, const BoundCall& call, Specialization& found, PyObject* grid) {
  EagerArgs args;
  if (!read_grid(grid, args.grid, [&] { return plan_.names().with(call.values.data()); })) return nullptr;
  py::object handle = entry.handle;
  launch_entry(entry, found, args);
  return handle.release().ptr();
}

bool JitDoor::add(PyObject* subject, const CallArgs& args, const py::list& theirs, const py::object& handle,
                  const std::string& key, const py::dict& globals) {
  BoundCall call;
  Specialization found;
  if (!eager_dispatch() || !guards_.are_clear(subject) || !bind(plan_.names(), args, call)) return false;
  for (const auto& option : call.options) {
    const auto name = py::reinterpret_borrow<py::str>(option.name);
    const bool known = std::ranges::any_of(option_names_, [&](const py::str& other) { return other.equal(name); });
    if (!known) option_names_.push_back(name);
  }
  if (!plan_.complete(call) || !specialize(plan_, call, found) || !add_options(call, found)) return false;
  const py::list described = describe(plan_, call, found);
  if (find(found) != nullptr || !described.equal(theirs)) return false;
  auto entry = make_entry(found, described, find_kernel(key), handle, globals);
  if (!entry) return false;
  const auto place = static_cast<std::ptrdiff_t>(first_with(entry->key.hash));
  entries_.insert(entries_.begin() + place, std::move(entry));
  return true;
}

py::object JitDoor::specialization(const CallArgs& args) const {
  BoundCall call;
  Specialization found;
  if (!bind(plan_.names(), args, call) || !plan_.complete(call) || !specialize(plan_, call, found)) return py::none();
  return describe(plan_, call, found);
}

namespace {

JitParam param_of(const py::dict& from) {
  JitParam param;
  param.name = from["name"].cast<std::string>();
  if (from.contains("default")) param.default_value = from["default"];
  param.is_constexpr = from["is_constexpr"].cast<bool>();
  param.is_const = from["is_const"].cast<bool>();
  param.specialize = from["specialize"].cast<bool>();
  param.align = from["align"].cast<bool>();
  param.annotation = from["annotation"].cast<std::string>();
  return param;
}

std::unique_ptr<JitDoor> make_jit_door(const std::vector<py::dict>& params, py::object constexpr_type,
                                       std::vector<py::object> descriptor_types,
                                       std::vector<py::object> layout_descriptor_types,
                                       const std::vector<std::pair<py::object, py::object>>& guards,
                                       bool marks_small_memory) {
  std::vector<JitParam> plan;
  std::ranges::transform(params, std::back_inserter(plan), param_of);
  std::vector<Guard> checked;
  for (const auto& [holder, name] : guards) checked.push_back({holder, name});
  JitTypes types{std::move(constexpr_type), std::move(descriptor_types), std::move(layout_descriptor_types),
                 marks_small_memory};
  return std::make_unique<JitDoor>(JitPlan(std::move(plan), std::move(types)), Guards(std::move(checked)));
}

}  // namespace

void bind_jit_door(py::module_& module) {
  py::class_<JitDoor, Door>(module, "JitDoor", "The door of a jit function; see csrc/python/jit_door.h.")
      .def(py::init(&make_jit_door), py::arg("params"), py::arg("constexpr_type"), py::arg("descriptor_types"),
           py::arg("layout_descriptor_types"), py::arg("guards"), py::arg("marks_small_memory") = false,
           "params: dicts with name, default (or absent), is_constexpr, is_const, specialize, align, annotation; "
           "guards: (dict, or None for the function's own, key).")
      .def(
          "add",
          [](JitDoor& door, const py::object& subject, const py::tuple& args, const py::dict& kwargs,
             const py::list& specialization, const py::object& handle, const std::string& key,
             const py::dict& globals) {
            const UnpackedCall call(args, kwargs);
            return door.add(subject.ptr(), call.args(), specialization, handle, key, globals);
          },
          py::arg("subject"), py::arg("args"), py::arg("kwargs"), py::arg("specialization"), py::arg("handle"),
          py::arg("key"), py::arg("globals"),
          "Remember the kernel for this specialization; False where it stays with Python.")
      .def(
          "specialization",
          [](const JitDoor& door, const py::tuple& args, const py::dict& kwargs) {
            const UnpackedCall call(args, kwargs);
            return door.specialization(call.args());
          },
          py::arg("args"), py::arg("kwargs"),
          "[(type, key)] as Triton's own specialization gives it; None where it is left to Triton.");
}

}  // namespace triton_runner::python
