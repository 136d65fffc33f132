#include "python/errors.h"

#include <pybind11/pybind11.h>

#include "runtime/error.h"

namespace py = pybind11;

namespace triton_runner::python {

void register_errors() {
  // NOLINTNEXTLINE(performance-unnecessary-value-param): pybind11 fixes the signature
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      const py::object kind = py::module_::import("triton_runner.errors").attr(error.kind());
      PyErr_SetString(kind.ptr(), error.what());
    }
  });
}

}  // namespace triton_runner::python
