#include "python/jit_door.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "ops/eager.h"
#include "ops/tensor_arg.h"
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

void launch_lists(const JitEntry& entry, Specialization& found, EagerArgs& args) {
  for (size_t i = 0; i < found.tensors.size(); ++i) {
    (entry.is_output[i] ? args.outputs : args.inputs).push_back(found.tensors[i]);
  }
  args.ints = std::move(found.ints);
  args.floats = std::move(found.floats);
  const WithoutGil released;
  launch_eager(*entry.kernel, args);
}

// Whether every output lies where it was read: one that shared its memory copy-on-write has moved to its own.
bool are_writable(const JitEntry& entry, const Specialization& found) {
  for (size_t i = 0; i < found.tensors.size(); ++i) {
    const at::Tensor& tensor = *found.tensors[i];
    const void* read = tensor.const_data_ptr();
    if (entry.is_output[i] && tensor.mutable_data_ptr() != read) return false;
  }
  return true;
}

// The key has the device, type, width and alignment of every argument, so that nothing is left to check.
void launch_slots(const JitEntry& entry, Specialization& found, c10::ArrayRef<int64_t> grid) {
  found.slots.resize(entry.offsets.size());
  const at::Device device = found.tensors.front()->device();
  const WithoutGil released;
  launch_packed(
      *entry.kernel, device_of(device), current_stream(device), {grid.data(), grid.size()},
      {reinterpret_cast<const std::byte*>(found.slots.data()), found.slots.size() * sizeof(uint64_t), entry.offsets});
  for (size_t i = 0; i < found.tensors.size(); ++i) {
    if (entry.is_output[i]) found.tensors[i]->unsafeGetTensorImpl()->bump_version();
  }
}

// Whether the record says of a parameter what our key says: then a call with this key fits it.
bool agrees(const Param& param, const py::handle& type, const py::handle& key) {
  std::string name = type.cast<std::string>();
  if (name.starts_with("*k")) name.erase(1, 1);
  const bool divisible = py::isinstance<py::str>(key) && key.cast<std::string>() == "D";
  return type_string(param) == name && (divisible || !param.divisible_by_16);
}

// The leaves of nested tuples of types and keys, without the constants.
void runtime_leaves(const py::handle& type, const py::handle& key,
                    std::vector<std::pair<py::object, py::object>>& out) {
  if (py::isinstance<py::tuple>(type)) {
    const auto types = py::reinterpret_borrow<py::tuple>(type);
    const auto keys = py::reinterpret_borrow<py::tuple>(key);
    for (size_t i = 0; i < types.size(); ++i) runtime_leaves(types[i], keys[i], out);
  } else if (!type.equal(py::str("constexpr"))) {
    out.emplace_back(py::reinterpret_borrow<py::object>(type), py::reinterpret_borrow<py::object>(key));
  }
}

// JitEntry::offsets.
std::vector<uint32_t> offsets_of(const Kernel& kernel, const Specialization& found, const py::list& described) {
  if (!found.has_slots || found.tensors.empty()) return {};
  const DeviceType device = device_of(found.tensors.front()->device()).type;
  if (!PreparedLaunch::is_possible(kernel.spec(), device)) return {};
  std::vector<std::pair<py::object, py::object>> leaves;
  for (const py::handle entry : described) {
    const auto pair = py::reinterpret_borrow<py::tuple>(entry);
    runtime_leaves(pair[0], pair[1], leaves);
  }
  size_t next = 0;
  for (const Param& param : kernel.spec().params) {
    if (param.kind == ParamKind::Constant) continue;
    if (next == leaves.size() || !agrees(param, leaves[next].first, leaves[next].second)) return {};
    ++next;
  }
  const auto is_scratch = [](const Field& field) {
    return field.kind == FieldKind::GlobalScratch || field.kind == FieldKind::ProfileScratch;
  };
  const std::vector<Field>& fields = kernel.layout().fields;
  const auto scratch = static_cast<size_t>(std::ranges::count_if(fields, is_scratch));
  if (next != leaves.size() || found.slots.size() != next || fields.size() != next + scratch) return {};
  std::vector<uint32_t> offsets(fields.size());
  for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = static_cast<uint32_t>(i * sizeof(uint64_t));
  return offsets;
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
  py::object handle = entry.handle;
  if (!entry.offsets.empty() && are_writable(entry, found)) [[likely]] {
    launch_slots(entry, found, args.grid);
  } else {
    launch_lists(entry, found, args);
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
  const py::list described = describe(plan_, call, found);
  if (find(found) != nullptr || !described.equal(theirs)) return false;
  Kernel& kernel = find_kernel(key);
  const auto outputs = outputs_of(kernel.spec(), kernel.layout(), found);
  if (!outputs) return false;

  auto entry = std::make_unique<JitEntry>();
  entry->words.assign(found.words.begin(), found.words.end());
  for (PyObject* object : found.objects) entry->objects.push_back(py::reinterpret_borrow<py::object>(object));
  entry->hash = hash_of(found.words);
  entry->kernel = &kernel;
  entry->is_output = *outputs;
  entry->offsets = offsets_of(kernel, found, described);
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
                                       const std::vector<std::pair<py::object, py::object>>& guards) {
  std::vector<JitParam> plan;
  std::ranges::transform(params, std::back_inserter(plan), param_of);
  std::vector<Guard> checked;
  for (const auto& [holder, name] : guards) checked.push_back({holder, name});
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
