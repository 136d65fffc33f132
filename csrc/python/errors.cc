#include "python/errors.h"

#include <pybind11/pybind11.h>
#include <torch/csrc/Exceptions.h>

#include "runtime/error.h"

namespace py = pybind11;

namespace triton_runner::python {
namespace {

void set_error(const Error& error) {
  const py::object kind = py::module_::import("triton_runner.errors").attr(error.kind());
  PyErr_SetString(kind.ptr(), error.what());
}

}  // namespace

void register_errors() {
  // NOLINTNEXTLINE(performance-unnecessary-value-param): pybind11 fixes the signature
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      set_error(error);
    }
  });
}

void set_python_error() {
  try {
    throw;
  } catch (const Error& error) {
    set_error(error);
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (...) {
    torch::translate_exception_to_python(std::current_exception());
  }
}

}  // namespace triton_runner::python
