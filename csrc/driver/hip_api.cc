#include "driver/hip_api.h"

#include <dlfcn.h>

#include "runtime/error.h"

namespace triton_runner::hip {
namespace {

// Newest first.
constexpr const char* kLibraries[] = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"};

void* open_library() {
  for (const int only_loaded : {RTLD_NOLOAD, 0}) {
    for (const char* name : kLibraries) {
      if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL | only_loaded)) return library;
    }
  }
  const char* reason = dlerror();
  raise<DriverError>("the HIP runtime could not be opened: ", reason == nullptr ? kLibraries[0] : reason,
                     "; install ROCm (libamdhip64), or use CPU tensors, which need none");
}

std::string dotted(int version) { return concat(version / 100, ".", version % 100); }

void check_start(const Api& table, hipError_t code, const char* operation) {
  TR_CHECK(code == hipSuccess, DriverError, operation, " failed: ", describe(table, code),
           "; is there an AMD GPU in this machine, and is it visible (HIP_VISIBLE_DEVICES)?");
}

}  // namespace

Api resolve(void* library) {
  Api table;
#define TR_HIP_RESOLVE(result, name, version, params) \
  table.name = reinterpret_cast<decltype(table.name)>(dlsym(library, #name));
  TR_HIP_FUNCTIONS(TR_HIP_RESOLVE)
#undef TR_HIP_RESOLVE
  return table;
}

void start(Api& table) {
  constexpr int kOldest = since::hipInit;
#define TR_HIP_REQUIRE(result, name, version, params) \
  if (version <= kOldest) TR_HIP_NEED(table, name);
  TR_HIP_FUNCTIONS(TR_HIP_REQUIRE)
#undef TR_HIP_REQUIRE
  int devices = 0;
  check_start(table, table.hipInit(0), "hipInit");
  check_start(table, table.hipGetDeviceCount(&devices), "hipGetDeviceCount");
  check_start(table, devices > 0 ? hipSuccess : hipErrorNoDevice, "hipGetDeviceCount");
  check_start(table, table.hipRuntimeGetVersion(&table.runtime_version), "hipRuntimeGetVersion");
}

const Api& api() {
  static const Api table = [] {
    Api opened = resolve(open_library());
    start(opened);
    return opened;
  }();
  return table;
}

std::string describe(const Api& table, hipError_t code) {
  const char* name = table.hipGetErrorName(code);
  const char* text = table.hipGetErrorString(code);
  return concat(name == nullptr ? "unknown error" : name, ": ", text == nullptr ? "no description" : text);
}

void check(hipError_t code, const char* operation) {
  TR_CHECK(code == hipSuccess, DriverError, operation, " failed: ", describe(api(), code));
}

void raise_missing(const char* function, int version) {
  raise<DriverError>("the HIP runtime has no ", function, ", which came with HIP ", dotted(version), ": update ROCm");
}

}  // namespace triton_runner::hip
