// Errors. The class name is the Python exception's name (triton_runner/errors.py), so one name serves both languages.
//
// Every message says: which kernel, which argument or line, what was found, what was expected, what to do.
// TR_CHECK is for what a caller can get wrong; TR_ASSERT is for what only we can get wrong.
// Tested in tests/csrc/runtime/test_error.cc.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace triton_runner {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  virtual const char* kind() const noexcept { return "Error"; }
};

#define TR_DEFINE_ERROR(Name)                                    \
  class Name : public Error {                                    \
   public:                                                       \
    using Error::Error;                                          \
    const char* kind() const noexcept override { return #Name; } \
  }

TR_DEFINE_ERROR(ArgumentError);     // an argument, a dtype, a device or a grid that does not fit the kernel
TR_DEFINE_ERROR(ArtifactError);     // a missing, truncated or foreign image, or text that is not that IR
TR_DEFINE_ERROR(MetadataError);     // a sidecar that is malformed, incomplete, or of another kernel
TR_DEFINE_ERROR(UnsupportedError);  // an opcode, modifier, option or version that we do not cover
TR_DEFINE_ERROR(ResourceError);     // more shared memory, threads or blocks than the device has
TR_DEFINE_ERROR(DriverError);       // the driver is missing, or one of its calls failed
TR_DEFINE_ERROR(ExecutionError);    // the CPU executor caught a fault in the running kernel
TR_DEFINE_ERROR(InternalError);     // a broken invariant of ours

#undef TR_DEFINE_ERROR

template <typename... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

template <typename Kind, typename... Parts>
[[noreturn]] void raise(const Parts&... parts) {
  throw Kind(concat(parts...));
}

}  // namespace triton_runner

#define TR_CHECK(condition, Kind, ...)                            \
  do {                                                            \
    if (!(condition)) [[unlikely]] {                              \
      ::triton_runner::raise<::triton_runner::Kind>(__VA_ARGS__); \
    }                                                             \
  } while (false)

#define TR_ASSERT(condition)                                                                                       \
  TR_CHECK(condition, InternalError, "triton_runner internal error: ", #condition, " is false at ", __FILE__, ":", \
           __LINE__, "; please report it")
