#include "python/jit_door.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "ops/eager.h"
#include "runtime/error.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

uint64_t hash_of(const KeyWords& words) {
  uint64_t hash = 0;
  for (const uint64_t word : words) hash = (hash ^ word) * 0x9E3779B97F4A7C15u + (hash >> 32);
  return hash;
}

bool matches(const JitEntry& entry, const Specialization& found) {
  if (!std::equal(entry.words.begin(), entry.words.end(), found.words.begin(), found.words.end())) return false;
  for (size_t i = 0; i < entry.objects.size(); ++i) {
    if (!same_object(entry.objects[i].ptr(), found.objects[i])) return false;
  }
  return true;
}

// The device of the tensors is part of the key: each has code of its own.
uint64_t device_word(const Specialization& found) {
  for (const at::Tensor* tensor : found.tensors) {
    const at::Device device = tensor->device();
    return static_cast<uint64_t>(device.type()) << 8 | static_cast<uint8_t>(device.index());
  }
  return ~uint64_t{0};
}

// Whether the globals that the kernel was compiled with are what they were.
bool globals_unchanged(const JitEntry& entry) {
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(entry.globals.ptr(), &position, &key, &value) != 0) {
    PyObject* now = PyDict_GetItemWithError(PyTuple_GET_ITEM(value, 1), PyTuple_GET_ITEM(key, 0));
    if (now == nullptr || !same_object(now, PyTuple_GET_ITEM(value, 0))) {
      PyErr_Clear();
      return false;
    }
  }
  return true;
}

// For each tensor of a launch whether the kernel may write it; nothing where the record has other parameters than the
// specialization has leaves.
std::optional<std::vector<bool>> outputs_of(const KernelSpec& spec, const Layout& layout, const Specialization& found) {
  std::vector<bool> outputs;
  for (const Param& param : spec.params) {
    if (param.kind == ParamKind::Pointer || param.kind == ParamKind::Descriptor)
      outputs.push_back(writes(param.access));
  }
  const bool same = outputs.size() == found.tensors.size() && layout.ints == found.ints.size() &&
                    layout.floats == found.floats.size();
  return same ? std::optional(outputs) : std::nullopt;
}

}  // namespace

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
    found.words.push_back(static_cast<uint64_t>(known - option_names_.begin()));
    if (!add_constant(value, found.words, found.objects)) return false;
  }
  found.words.push_back(device_word(found));
  return true;
}

JitEntry* JitDoor::find(const Specialization& found) {
  if (last_ != nullptr && matches(*last_, found)) [[likely]]
    return last_;
  const uint64_t hash = hash_of(found.words);
  // By index: a comparison of constants may run Python code, which may add an entry.
  for (size_t i = first_with(hash); i < entries_.size() && entries_[i]->hash == hash; ++i) {
    JitEntry* entry = entries_[i].get();
    if (matches(*entry, found)) return last_ = entry;
  }
  return nullptr;
}

size_t JitDoor::first_with(uint64_t hash) const {
  const auto place = std::ranges::lower_bound(entries_, hash, {}, [](const auto& known) { return known->hash; });
  return static_cast<size_t>(place - entries_.begin());
}

PyObject* JitDoor::launch(JitEntry& entry, const BoundCall& call, Specialization& found, PyObject* grid) {
  EagerArgs args;
  if (!read_grid(grid, args.grid, [&] { return by_name(call); })) return nullptr;
  for (size_t i = 0; i < found.tensors.size(); ++i) {
    (entry.is_output[i] ? args.outputs : args.inputs).push_back(found.tensors[i]);
  }
  args.ints = std::move(found.ints);
  args.floats = std::move(found.floats);
  py::object handle = entry.handle;  // the entry may be gone when the launch is done
  {
    Kernel& kernel = *entry.kernel;
    const WithoutGil released;
    launch_eager(kernel, args);
  }
  return handle.release().ptr();
}

py::dict JitDoor::by_name(const BoundCall& call) const {
  py::dict named;
  for (size_t i = 0; i < call.values.size(); ++i) {
    named[py::handle(plan_.names()[i])] = py::handle(call.values[i]);
  }
  return named;
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
  if (find(found) != nullptr || !describe(plan_, call, found).equal(theirs)) return false;
  Kernel& kernel = find_kernel(key);
  const auto outputs = outputs_of(kernel.spec(), kernel.layout(), found);
  if (!outputs) return false;

  auto entry = std::make_unique<JitEntry>();
  entry->words.assign(found.words.begin(), found.words.end());
  for (PyObject* object : found.objects) entry->objects.push_back(py::reinterpret_borrow<py::object>(object));
  entry->hash = hash_of(found.words);
  entry->kernel = &kernel;
  entry->is_output = *outputs;
  entry->handle = handle;
  entry->globals = globals;
  const auto place = static_cast<std::ptrdiff_t>(first_with(entry->hash));
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
                                       const std::vector<std::tuple<py::object, py::object, bool>>& guards) {
  std::vector<JitParam> plan;
  std::ranges::transform(params, std::back_inserter(plan), param_of);
  std::vector<Guard> checked;
  for (const auto& [holder, name, is_item] : guards) checked.push_back({holder, name, is_item});
  return std::make_unique<JitDoor>(JitPlan(std::move(plan), {std::move(constexpr_type), std::move(descriptor_types),
                                                             std::move(layout_descriptor_types)}),
                                   Guards(std::move(checked)));
}

}  // namespace

void bind_jit_door(py::module_& module) {
  py::class_<JitDoor, Door>(module, "JitDoor", "The door of a jit function; see csrc/python/jit_door.h.")
      .def(py::init(&make_jit_door), py::arg("params"), py::arg("constexpr_type"), py::arg("descriptor_types"),
           py::arg("layout_descriptor_types"), py::arg("guards"),
           "params: dicts with name, default (or absent), is_constexpr, is_const, specialize, align, annotation; "
           "guards: (holder or None, name, whether the holder is a dict).")
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
