#include "python/dump.h"

#include <pybind11/stl.h>

#include <utility>

#include "ir/protocol.h"
#include "runtime/error.h"

namespace triton_runner::python {
namespace {

namespace py = pybind11;

std::vector<std::pair<std::string, int>> sources_of(const ir::Slot& slot) {
  std::vector<std::pair<std::string, int>> sources;
  for (const ir::SourceLine& source : slot.sources) sources.emplace_back(source.file, source.line);
  return sources;
}

std::vector<ir::Slot> list_values(const std::string& level, const std::string& text, const std::string& kernel) {
  py::gil_scoped_release released;
  return ir::list_values(level, text, kernel);
}

std::pair<std::string, std::vector<ir::Slot>> dump_values(const std::string& level, const std::string& text,
                                                          const std::string& kernel, const std::vector<size_t>& chosen,
                                                          size_t params, int num_ctas) {
  py::gil_scoped_release released;
  ir::Edit edit = ir::dump_values(level, text, {kernel, chosen, params, num_ctas});
  return {std::move(edit.text), std::move(edit.slots)};
}

}  // namespace

void bind_dump(py::module_& module) {
  using ir::Slot;
  py::class_<Slot>(module, "Slot", "A value of an IR that can be named (csrc/ir/protocol.h).")
      .def_readonly("name", &Slot::name)
      .def_readonly("op", &Slot::op)
      .def_readonly("line", &Slot::line, "Of the IR text, from 1.")
      .def_property_readonly("sources", &sources_of, "(file, line) in Python; where inlined, the innermost first.")
      .def_readonly("variable", &Slot::variable)
      .def_readonly("element", &Slot::element)
      .def_readonly("shape", &Slot::shape)
      .def_readonly("layout", &Slot::layout)
      .def_readonly("depth", &Slot::depth, "Enclosing loops.")
      .def_readonly("per_thread", &Slot::per_thread)
      .def_readonly("address", &Slot::address,
                    "An address, or computed from one, from a clock: another in each launch.")
      .def_readonly("refusal", &Slot::refusal, "Why it cannot be dumped; empty where it can.")
      .def_property_readonly("count_bytes", &ir::count_bytes)
      .def_property_readonly("header_bytes", &ir::header_bytes)
      .def_property_readonly("record_bytes", &ir::record_bytes)
      .def("__repr__", [](const Slot& slot) {
        std::string type;
        for (const int64_t extent : slot.shape) type += std::to_string(extent) + "x";
        return concat("Slot(", slot.name, ": ", type, slot.element, " = ", slot.op, ", line ", slot.line, ")");
      });
  module.def("list_values", &list_values, py::arg("level"), py::arg("text"), py::arg("kernel") = "",
             "Every value of the kernel in program order.");
  module.def("dump_values", &dump_values, py::arg("level"), py::arg("text"), py::arg("kernel"), py::arg("chosen"),
             py::arg("params") = 0, py::arg("num_ctas") = 1,
             "(text that also stores the chosen values, a slot for each of them). Of TTIR it only marks them.");
  module.def("define_registers", &ir::define_registers, py::arg("text"), py::arg("kernel"),
             py::call_guard<py::gil_scoped_release>(),
             "PTX with a zero in every register that may be read before it is written.");
  module.def(
      "dump_marked",
      [](const std::string& text, const std::string& kernel, const std::vector<Slot>& slots) {
        return ir::dump_marked(text, kernel, slots);
      },
      py::arg("text"), py::arg("kernel"), py::arg("slots"), "TTGIR made of marked TTIR, with the stores of the slots.");
}

}  // namespace triton_runner::python
