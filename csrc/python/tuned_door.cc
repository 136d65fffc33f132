#include "python/tuned_door.h"

#include <pybind11/stl.h>
#include <torch/csrc/autograd/python_variable.h>

namespace py = pybind11;

namespace triton_runner::python {
namespace {

// What stands for an argument whose value does not count.
enum class Argument : uint64_t {
  Absent,
  Plain,
  Object,  // its type stands among the objects; then a word for the tensor in it
  Tensor,  // byte 1: at::ScalarType, byte 2: type of the device, byte 3: its index
  Key,     // the words of its value follow (constant.h)
};

constexpr uint64_t word(Argument kind) { return static_cast<uint64_t>(kind); }

uint64_t tensor_word(const at::Tensor& tensor) {
  const at::Device device = tensor.device();
  return word(Argument::Tensor) | static_cast<uint64_t>(tensor.scalar_type()) << 8 |
         static_cast<uint64_t>(device.type()) << 16 | static_cast<uint64_t>(static_cast<uint8_t>(device.index())) << 24;
}

bool is_plain(PyObject* value) {
  return PyLong_Check(value) != 0 || value == Py_None || PyFloat_Check(value) != 0 || PyUnicode_Check(value) != 0;
}

// The tensor that a descriptor describes.
uint64_t word_of_base(PyObject* value) {
  const auto base = py::reinterpret_steal<py::object>(PyObject_GetAttrString(value, "base"));
  if (!base) PyErr_Clear();
  const bool is_tensor = base && THPVariable_Check(base.ptr()) != 0;
  return is_tensor ? tensor_word(THPVariable_Unpack(base.ptr())) : word(Argument::Absent);
}

}  // namespace

TunedDoor::TunedDoor(const std::vector<std::string>& names, std::vector<bool> in_key)
    : names_(names), in_key_(std::move(in_key)) {}

PyObject* TunedDoor::call(PyObject* owner, PyObject* subject, PyObject* grid, const CallArgs& args) {
  Form form;
  if (!read(args, form)) return launch_slowly(owner, grid, args);
  const std::shared_ptr<Entry> before = last_;
  const std::shared_ptr<Entry> entry = find(form);
  if (entry == nullptr) return launch_slowly(owner, grid, args);
  if (entry != before && PyObject_SetAttrString(subject, "best_config", entry->config.ptr()) != 0) return nullptr;
  return launch(*entry, grid, args);
}

bool TunedDoor::read(const CallArgs& args, Form& form) const {
  BoundCall call;
  if (!bind(names_, args, call) || !call.options.empty()) return false;  // an option may contradict the config
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!read_argument(i, call.values[i], form)) return false;
  }
  return true;
}

bool TunedDoor::read_argument(size_t index, PyObject* value, Form& form) const {
  if (value == nullptr) {
    form.words.push(word(Argument::Absent));
  } else if (in_key_[index]) {
    form.words.push(word(Argument::Key));
    return add_constant(value, form.words, form.objects);
  } else if (THPVariable_CheckExact(value)) {
    form.words.push(tensor_word(THPVariable_Unpack(value)));
  } else if (is_plain(value)) {
    form.words.push(word(Argument::Plain));
  } else {
    // A tensor of another class, or what wraps one, shows what it is to Python alone.
    if (THPVariable_Check(value) || PyObject_HasAttrString(value, "dtype") != 0) return false;
    form.words.push(word(Argument::Object));
    form.objects.push(reinterpret_cast<PyObject*>(Py_TYPE(value)));
    form.words.push(word_of_base(value));
  }
  return true;
}

std::shared_ptr<TunedDoor::Entry> TunedDoor::find(const Form& form) {
  std::shared_ptr<Entry> last = last_;
  if (last != nullptr && last->key.matches(form.words, form.objects)) return last;
  const uint64_t hash = hash_of(form.words);
  // By index and by a reference of its own: a comparison may run Python code, which may add an entry or forget all.
  for (size_t i = 0; i < entries_.size(); ++i) {
    const std::shared_ptr<Entry> entry = entries_[i];
    if (entry->key.hash == hash && entry->key.matches(form.words, form.objects)) return last_ = entry;
  }
  return nullptr;
}

PyObject* TunedDoor::launch(Entry& entry, PyObject* grid, const CallArgs& args) {
  if (!entry.is_indexable) return launch_slowly(entry.launched.ptr(), grid, args);
  if (entry.values.empty()) return launch_through(entry.launched.ptr(), grid, args);
  if (!entry.all_names || entry.last_names.ptr() != args.names) {
    py::list names;
    for (size_t i = 0; i < args.named(); ++i) names.append(py::handle(PyTuple_GET_ITEM(args.names, i)));
    for (const py::object& name : entry.names) names.append(name);
    entry.all_names = py::tuple(names);
    entry.last_names = py::reinterpret_borrow<py::object>(args.names);
  }
  c10::SmallVector<PyObject*, 64> values(args.values, args.values + args.count + args.named());
  for (const py::object& value : entry.values) values.push_back(value.ptr());
  const py::object names = entry.all_names;  // another thread may come with other keywords
  return launch_through(entry.launched.ptr(), grid, {values.data(), args.count, names.ptr()});
}

bool TunedDoor::add(const CallArgs& args, const py::object& launched, const py::dict& keywords,
                    const py::object& config) {
  Form form;
  if (!read(args, form)) return false;
  auto entry = std::make_shared<Entry>();
  entry->key = ExactKey(form.words, form.objects);
  entry->launched = launched;
  entry->config = config;
  entry->is_indexable = py::isinstance(launched, py::module_::import("triton_runner._C").attr("Indexable"));
  for (const auto item : keywords) {
    const auto name = py::cast<std::string>(item.first);
    // As names in code are.
    entry->names.push_back(py::reinterpret_steal<py::object>(PyUnicode_InternFromString(name.c_str())));
    entry->values.push_back(py::reinterpret_borrow<py::object>(item.second));
  }
  std::erase_if(entries_, [&](const auto& known) { return known->key.matches(form.words, form.objects); });
  entries_.push_back(entry);
  last_ = std::move(entry);
  return true;
}

void TunedDoor::forget() {
  entries_.clear();
  last_ = nullptr;
}

void bind_tuned_door(py::module_& module) {
  py::class_<TunedDoor, Door>(module, "TunedDoor", "The door of an autotuned function; see csrc/python/tuned_door.h.")
      .def(py::init<const std::vector<std::string>&, std::vector<bool>>(), py::arg("names"), py::arg("in_key"))
      .def(
          "add",
          [](TunedDoor& door, const py::tuple& args, const py::dict& kwargs, const py::object& launched,
             const py::dict& keywords, const py::object& config) {
            const UnpackedCall call(args, kwargs);
            return door.add(call.args(), launched, keywords, config);
          },
          py::arg("args"), py::arg("kwargs"), py::arg("launched"), py::arg("keywords"), py::arg("config"),
          "Remember what calls of this form launch; False where no key can hold the form.")
      .def("forget", &TunedDoor::forget, "Remember nothing: the next calls go to Python.");
}

}  // namespace triton_runner::python
