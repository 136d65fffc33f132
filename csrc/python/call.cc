#include "python/call.h"

namespace py = pybind11;

namespace triton_runner::python {

ParameterNames::ParameterNames(const std::vector<std::string>& names) {
  for (const std::string& name : names)
    names_.push_back(py::reinterpret_steal<py::str>(PyUnicode_InternFromString(name.c_str())));
}

int ParameterNames::find(PyObject* name, size_t from) const {
  const size_t count = names_.size();
  for (size_t step = 0, i = from; step < count; ++step, ++i) {
    if (i >= count) i -= count;
    if (names_[i].ptr() == name) return static_cast<int>(i);
  }
  if (PyUnicode_CHECK_INTERNED(name)) return -1;
  for (size_t i = 0; i < count; ++i) {
    if (PyUnicode_Compare(names_[i].ptr(), name) == 0) return static_cast<int>(i);
  }
  return -1;
}

py::dict ParameterNames::with(PyObject* const* values) const {
  py::dict named;
  for (size_t i = 0; i < names_.size(); ++i) named[names_[i]] = py::handle(values[i]);
  return named;
}

bool read_ints(PyObject* list, c10::SmallVectorImpl<int64_t>& out) {
  if (!PyList_Check(list) && !PyTuple_Check(list)) return false;
  PyObject* const* items = PySequence_Fast_ITEMS(list);
  for (Py_ssize_t i = 0, size = PySequence_Fast_GET_SIZE(list); i < size; ++i) {
    int overflow = 0;
    if (!PyLong_CheckExact(items[i])) return false;
    out.push_back(PyLong_AsLongLongAndOverflow(items[i], &overflow));
    if (overflow != 0) return false;
  }
  return true;
}

bool bind(const ParameterNames& names, const CallArgs& args, BoundCall& out) {
  if (args.count > names.size()) return false;
  out.values.assign(names.size(), nullptr);
  std::copy(args.values, args.values + args.count, out.values.begin());
  size_t expected = args.count;  // keywords mostly come in the order of the parameters
  for (size_t i = 0; i < args.named(); ++i) {
    PyObject* name = PyTuple_GET_ITEM(args.names, i);
    PyObject* value = args.values[args.count + i];
    const int index = names.find(name, expected);
    if (index < 0) {
      out.options.push_back({name, value});
      continue;
    }
    if (out.values[static_cast<size_t>(index)] != nullptr) return false;
    out.values[static_cast<size_t>(index)] = value;
    expected = static_cast<size_t>(index) + 1;
  }
  return true;
}

std::pair<py::tuple, py::dict> as_python(const CallArgs& args) {
  py::tuple values(args.count);
  for (size_t i = 0; i < args.count; ++i) values[i] = py::handle(args.values[i]);
  py::dict keywords;
  for (size_t i = 0; i < args.named(); ++i) {
    keywords[py::handle(PyTuple_GET_ITEM(args.names, i))] = py::handle(args.values[args.count + i]);
  }
  return {std::move(values), std::move(keywords)};
}

UnpackedCall::UnpackedCall(const py::tuple& args, const py::dict& kwargs)
    : count_(args.size()), names_(py::reinterpret_steal<py::tuple>(PySequence_Tuple(kwargs.ptr()))) {
  for (const py::handle value : args) values_.push_back(value.ptr());
  for (const auto& item : kwargs) values_.push_back(item.second.ptr());
}

CallArgs UnpackedCall::args() const { return {values_.data(), count_, names_.ptr()}; }

}  // namespace triton_runner::python
