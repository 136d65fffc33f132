// The HIP runtime, opened at run time: no ROCm header and no library is needed to build, no driver to import.
//
// Types and constants are those of the HIP runtime API reference, declared here as far as they are used; the constants
// have been the same from HIP 5.2 to 7.1 (tests/python/test_hip_constants.py holds them to HIP's own headers). Each
// function stands once in TR_HIP_FUNCTIONS with the HIP version that first has it; that list declares the table, fills
// it and feeds the tests. A libamdhip64 that the process has loaded already, torch's own, goes before any other: two
// runtimes in one process would not know each other's streams. Tested in tests/csrc/driver/test_hip_api.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace triton_runner::hip {

using hipError_t = int;
using hipModule_t = struct ihipModule_t*;
using hipFunction_t = struct ihipModuleSymbol_t*;
using hipStream_t = struct ihipStream_t*;

inline constexpr hipError_t hipSuccess = 0;
inline constexpr hipError_t hipErrorNoDevice = 100;
inline constexpr hipError_t hipErrorInvalidImage = 200;
inline constexpr hipError_t hipErrorNoBinaryForGpu = 209;
inline constexpr hipError_t hipErrorInvalidKernelFile = 218;
inline constexpr hipError_t hipErrorSharedObjectInitFailed = 303;
inline constexpr hipError_t hipErrorNotFound = 500;
inline constexpr hipError_t hipErrorCooperativeLaunchTooLarge = 720;

// hipDeviceAttribute_t
inline constexpr int hipDeviceAttributeCooperativeLaunch = 10;
inline constexpr int hipDeviceAttributeMaxSharedMemoryPerBlock = 74;
inline constexpr int hipDeviceAttributeWarpSize = 87;

// hipFunction_attribute
inline constexpr int HIP_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 0;
inline constexpr int HIP_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES = 1;

// hipLaunchAttributeID. HIP 7.1 has the number of the cluster's, but not yet its name.
inline constexpr int hipLaunchAttributeCooperative = 2;
inline constexpr int hipLaunchAttributeClusterDimension = 4;

union hipLaunchAttributeValue {
  char pad[64];
  int cooperative;
  struct {
    unsigned x, y, z;
  } cluster;
};

struct hipLaunchAttribute {
  int id;
  char pad[4];
  hipLaunchAttributeValue value;
};

struct HIP_LAUNCH_CONFIG {
  unsigned grid_x, grid_y, grid_z;
  unsigned block_x, block_y, block_z;
  unsigned shared_bytes;
  hipStream_t stream;
  hipLaunchAttribute* attributes;
  unsigned attribute_count;
};
static_assert(sizeof(hipLaunchAttribute) == 72 && sizeof(HIP_LAUNCH_CONFIG) == 56, "the layout of HIP's own header");

// hipDeviceProp_tR0600, of which only the name of the architecture is read: "gfx942:sramecc+:xnack-".
struct hipDeviceProp_tR0600 {
  char before[1160];
  char gcnArchName[256];
  char after[56];
};
static_assert(sizeof(hipDeviceProp_tR0600) == 1472, "the layout of HIP's own header");

// X(result, name, HIP version that has it: 505 is 5.5, parameters)
#define TR_HIP_FUNCTIONS(X)                                                                                         \
  X(hipError_t, hipInit, 402, (unsigned flags))                                                                     \
  X(hipError_t, hipRuntimeGetVersion, 402, (int* version))                                                          \
  X(const char*, hipGetErrorName, 402, (hipError_t code))                                                           \
  X(const char*, hipGetErrorString, 402, (hipError_t code))                                                         \
  X(hipError_t, hipGetDeviceCount, 402, (int* count))                                                               \
  X(hipError_t, hipGetDevice, 402, (int* device))                                                                   \
  X(hipError_t, hipSetDevice, 402, (int device))                                                                    \
  X(hipError_t, hipDeviceGetAttribute, 402, (int* value, int attribute, int device))                                \
  X(hipError_t, hipGetDevicePropertiesR0600, 600, (hipDeviceProp_tR0600 * properties, int device))                  \
  X(hipError_t, hipModuleLoadData, 402, (hipModule_t * module, const void* image))                                  \
  X(hipError_t, hipModuleUnload, 402, (hipModule_t module))                                                         \
  X(hipError_t, hipModuleGetFunction, 402, (hipFunction_t * function, hipModule_t module, const char* name))        \
  X(hipError_t, hipFuncGetAttribute, 402, (int* value, int attribute, hipFunction_t function))                      \
  X(hipError_t, hipModuleLaunchKernel, 402,                                                                         \
    (hipFunction_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, \
     unsigned block_z, unsigned shared_bytes, hipStream_t stream, void** params, void** extra))                     \
  X(hipError_t, hipModuleLaunchCooperativeKernel, 505,                                                              \
    (hipFunction_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, \
     unsigned block_z, unsigned shared_bytes, hipStream_t stream, void** params))                                   \
  X(hipError_t, hipDrvLaunchKernelEx, 700,                                                                          \
    (const HIP_LAUNCH_CONFIG* config, hipFunction_t function, void** params, void** extra))

// The table. A pointer is null where the installed runtime is older than the function: use TR_HIP_NEED.
struct Api {
#define TR_HIP_DECLARE(result, name, version, params) result(*name) params = nullptr;
  TR_HIP_FUNCTIONS(TR_HIP_DECLARE)
#undef TR_HIP_DECLARE
  int runtime_version = 0;  // 70125424 for HIP 7.1.25424
};

// The functions that `library`, a handle of dlopen, has. Calls none of them.
Api resolve(void* library);

// Starts the runtime of a table. DriverError where a function of the oldest supported version is missing, or where
// there is no device.
void start(Api& table);

// Opens the library at the first call and starts it. DriverError where there is none.
const Api& api();

// "hipErrorInvalidValue: invalid argument"
std::string describe(const Api& table, hipError_t code);

// DriverError "OPERATION failed: NAME: description" where `code` is no success.
void check(hipError_t code, const char* operation);

[[noreturn]] void raise_missing(const char* function, int version);

// The version of TR_HIP_FUNCTIONS.
namespace since {
#define TR_HIP_SINCE(result, name, version, params) inline constexpr int name = version;
TR_HIP_FUNCTIONS(TR_HIP_SINCE)
#undef TR_HIP_SINCE
}  // namespace since

template <typename Function>
Function need(Function pointer, const char* function, int version) {
  if (pointer == nullptr) raise_missing(function, version);
  return pointer;
}

// The function of `table`. DriverError that names it and the HIP version that has it, where the runtime is older.
#define TR_HIP_NEED(table, name) ::triton_runner::hip::need((table).name, #name, ::triton_runner::hip::since::name)

}  // namespace triton_runner::hip
