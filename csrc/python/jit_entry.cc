#include "python/jit_entry.h"

#include <algorithm>

#include "ops/tensor_arg.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

void launch_lists(const JitEntry& entry, const Specialization& found, EagerArgs& args) {
  for (size_t i = 0; i < found.tensors.size(); ++i) {
    (entry.is_output[i] ? args.outputs : args.inputs).push_back(found.tensors[i]);
  }
  for (size_t i = 0; i < found.slots.size(); ++i) {
    if (found.kinds[i] == SlotKind::Int) args.ints.push_back(static_cast<int64_t>(found.slots[i]));
  }
  args.floats.append(found.floats.begin(), found.floats.end());
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
  while (found.slots.size() < entry.offsets.size()) found.slots.push(0);
  const at::Device device = found.tensors[0]->device();
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
  const std::string marks = py::isinstance<py::str>(key) ? key.cast<std::string>() : "";
  const auto marked = [&](char mark) { return marks.find(mark) != std::string::npos; };
  return type_string(param) == name && (marked('D') || !param.divisible_by_16) &&
         (marked('S') || param.pointer_range == 0);
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
  const DeviceType device = device_of(found.tensors[0]->device()).type;
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
  const auto ints = static_cast<size_t>(std::ranges::count(found.kinds, SlotKind::Int));
  const bool same =
      outputs.size() == found.tensors.size() && layout.ints == ints && layout.floats == found.floats.size();
  return same ? std::optional(outputs) : std::nullopt;
}

}  // namespace

uint64_t device_word(const Specialization& found) {
  for (const at::Tensor* tensor : found.tensors) {
    const at::Device device = tensor->device();
    return static_cast<uint64_t>(device.type()) << 8 | static_cast<uint8_t>(device.index());
  }
  return ~uint64_t{0};
}

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

std::unique_ptr<JitEntry> make_entry(const Specialization& found, const py::list& described, Kernel& kernel,
                                     const py::object& handle, const py::dict& globals) {
  const auto outputs = outputs_of(kernel.spec(), kernel.layout(), found);
  if (!outputs) return nullptr;
  auto entry = std::make_unique<JitEntry>();
  entry->key = ExactKey(found.words, found.objects);
  entry->kernel = &kernel;
  entry->is_output = *outputs;
  entry->offsets = offsets_of(kernel, found, described);
  entry->handle = handle;
  entry->globals = globals;
  return entry;
}

void launch_entry(const JitEntry& entry, Specialization& found, EagerArgs& args) {
  if (!entry.offsets.empty() && are_writable(entry, found)) [[likely]] {
    launch_slots(entry, found, args.grid);
  } else {
    launch_lists(entry, found, args);
  }
}

}  // namespace triton_runner::python
