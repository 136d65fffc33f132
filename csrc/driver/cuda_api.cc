#include "driver/cuda_api.h"

#include <dlfcn.h>

#include "runtime/error.h"

namespace triton_runner::cuda {
namespace {

constexpr const char* kLibrary = "libcuda.so.1";
constexpr int kOldestDriver = 11060;  // cuLaunchKernelEx

void* open_library() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    raise<DriverError>("the CUDA driver could not be opened: ", reason == nullptr ? kLibrary : reason,
                       "; install NVIDIA's driver, or use CPU tensors, which need none");
  }
  return library;
}

// cuGetProcAddress picks the version of an entry point; plain dlsym would give the oldest one.
class Resolver {
 public:
  explicit Resolver(void* library)
      : current_(reinterpret_cast<Current>(dlsym(library, "cuGetProcAddress_v2"))),
        first_(reinterpret_cast<First>(dlsym(library, "cuGetProcAddress"))) {
    TR_CHECK(current_ != nullptr || first_ != nullptr, DriverError, kLibrary,
             " has no cuGetProcAddress: the driver is older than CUDA 11.3; update it");
  }

  void* operator()(const char* name, int version) const {
    void* function = nullptr;
    const CUresult code =
        current_ != nullptr ? current_(name, &function, version, 0, nullptr) : first_(name, &function, version, 0);
    return code == CUDA_SUCCESS ? function : nullptr;
  }

 private:
  using Current = CUresult (*)(const char*, void**, int, uint64_t, int*);
  using First = CUresult (*)(const char*, void**, int, uint64_t);
  Current current_;
  First first_;
};

Api open_api() {
  const Resolver resolve(open_library());
  Api table;
#define TR_CUDA_RESOLVE(name, version, params) \
  table.name = reinterpret_cast<decltype(table.name)>(resolve(#name, version));
  TR_CUDA_FUNCTIONS(TR_CUDA_RESOLVE)
#undef TR_CUDA_RESOLVE
  auto start = [&](CUresult code, const char* operation) {
    const char* name = nullptr;
    if (code != CUDA_SUCCESS && table.cuGetErrorName != nullptr) table.cuGetErrorName(code, &name);
    TR_CHECK(code == CUDA_SUCCESS, DriverError, operation, " failed: ", name == nullptr ? "unknown error" : name, " (",
             code, "); is there an NVIDIA GPU in this machine, and is it visible (CUDA_VISIBLE_DEVICES)?");
  };
  start(need(table.cuInit, "cuInit", 2000)(0), "cuInit");
  start(need(table.cuDriverGetVersion, "cuDriverGetVersion", 2020)(&table.driver_version), "cuDriverGetVersion");
  TR_CHECK(table.cuLaunchKernelEx != nullptr, DriverError, "the CUDA driver is of version ", table.driver_version,
           ", expected ", kOldestDriver, " (CUDA 11.6) or newer: update it");
  return table;
}

}  // namespace

const Api& api() {
  static const Api table = open_api();
  return table;
}

std::string describe(CUresult code) {
  const char* name = nullptr;
  const char* text = nullptr;
  api().cuGetErrorName(code, &name);
  api().cuGetErrorString(code, &text);
  return concat(name == nullptr ? "unknown error" : name, ": ", text == nullptr ? "no description" : text);
}

void check(CUresult code, const char* operation) {
  TR_CHECK(code == CUDA_SUCCESS, DriverError, operation, " failed: ", describe(code));
}

void raise_missing(const char* function, int version) {
  raise<DriverError>("the CUDA driver has no ", function, ", which came with CUDA ", version / 1000, ".",
                     version % 1000 / 10, ": update the driver");
}

}  // namespace triton_runner::cuda
