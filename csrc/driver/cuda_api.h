// The CUDA Driver API, opened at run time: no CUDA header and no library is needed to build, no driver to import.
//
// Types and constants are those of the CUDA Driver API reference manual, declared here as far as they are used. Each
// function stands once in TR_CUDA_FUNCTIONS with the CUDA version that has the entry point we want; that list declares
// the table, fills it and feeds the test. libcuda.so.1 is opened at the first call of cuda_api(). Tested in
// tests/csrc/driver/test_cuda_api.cc and tests/gpu.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace triton_runner::cuda {

using CUresult = int;
using CUdevice = int;
using CUcontext = struct CUctx_st*;
using CUmodule = struct CUmod_st*;
using CUfunction = struct CUfunc_st*;
using CUstream = struct CUstream_st*;

inline constexpr CUresult CUDA_SUCCESS = 0;
inline constexpr CUresult CUDA_ERROR_INVALID_VALUE = 1;
inline constexpr CUresult CUDA_ERROR_INVALID_IMAGE = 200;
inline constexpr CUresult CUDA_ERROR_NO_BINARY_FOR_GPU = 209;
inline constexpr CUresult CUDA_ERROR_INVALID_PTX = 218;
inline constexpr CUresult CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222;
inline constexpr CUresult CUDA_ERROR_NOT_FOUND = 500;
inline constexpr CUresult CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE = 720;

// CUjit_option
inline constexpr int CU_JIT_ERROR_LOG_BUFFER = 5;
inline constexpr int CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;

// CUdevice_attribute
inline constexpr int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75;
inline constexpr int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76;
inline constexpr int CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97;

// CUfunction_attribute
inline constexpr int CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 0;
inline constexpr int CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES = 1;
inline constexpr int CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
inline constexpr int CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED = 14;

// CUlaunchAttributeID
inline constexpr int CU_LAUNCH_ATTRIBUTE_COOPERATIVE = 2;
inline constexpr int CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION = 4;
inline constexpr int CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE = 5;
inline constexpr int CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION = 6;
inline constexpr int CU_CLUSTER_SCHEDULING_POLICY_SPREAD = 1;

union CUlaunchAttributeValue {
  char pad[64];
  int integer;
  struct {
    unsigned x, y, z;
  } cluster;
};

struct CUlaunchAttribute {
  int id;
  char pad[4];
  CUlaunchAttributeValue value;
};

struct CUlaunchConfig {
  unsigned grid_x, grid_y, grid_z;
  unsigned block_x, block_y, block_z;
  unsigned shared_bytes;
  CUstream stream;
  CUlaunchAttribute* attributes;
  unsigned attribute_count;
};
static_assert(sizeof(CUlaunchAttribute) == 72 && sizeof(CUlaunchConfig) == 56, "the layout of the driver's own header");

struct alignas(64) CUtensorMap {
  uint64_t opaque[16];
};

// X(name, CUDA version of the entry point, parameters)
#define TR_CUDA_FUNCTIONS(X)                                                                                       \
  X(cuInit, 2000, (unsigned flags))                                                                                \
  X(cuDriverGetVersion, 2020, (int* version))                                                                      \
  X(cuGetErrorName, 6000, (CUresult code, const char** name))                                                      \
  X(cuGetErrorString, 6000, (CUresult code, const char** text))                                                    \
  X(cuDeviceGet, 2000, (CUdevice * device, int ordinal))                                                           \
  X(cuDeviceGetCount, 2000, (int* count))                                                                          \
  X(cuDeviceGetAttribute, 2000, (int* value, int attribute, CUdevice device))                                      \
  X(cuDevicePrimaryCtxRetain, 7000, (CUcontext * context, CUdevice device))                                        \
  X(cuCtxGetCurrent, 4000, (CUcontext * context))                                                                  \
  X(cuCtxPushCurrent, 4000, (CUcontext context))                                                                   \
  X(cuCtxPopCurrent, 4000, (CUcontext * context))                                                                  \
  X(cuModuleLoadDataEx, 2010, (CUmodule * module, const void* image, unsigned count, int* options, void** values)) \
  X(cuModuleUnload, 2000, (CUmodule module))                                                                       \
  X(cuModuleGetFunction, 2000, (CUfunction * function, CUmodule module, const char* name))                         \
  X(cuFuncGetAttribute, 2020, (int* value, int attribute, CUfunction function))                                    \
  X(cuFuncSetAttribute, 9000, (CUfunction function, int attribute, int value))                                     \
  X(cuFuncGetParamInfo, 12040, (CUfunction function, size_t index, size_t* offset, size_t* size))                  \
  X(cuLaunchKernelEx, 11060, (const CUlaunchConfig* config, CUfunction function, void** params, void** extra))     \
  X(cuTensorMapEncodeTiled, 12000,                                                                                 \
    (CUtensorMap * map, int type, uint32_t rank, void* base, const uint64_t* dims, const uint64_t* strides,        \
     const uint32_t* box, const uint32_t* element_strides, int interleave, int swizzle, int l2_promotion,          \
     int oob_fill))

// The table. A pointer is null where the installed driver is older than the function: use `need`.
struct Api {
#define TR_CUDA_DECLARE(name, version, params) CUresult(*name) params = nullptr;
  TR_CUDA_FUNCTIONS(TR_CUDA_DECLARE)
#undef TR_CUDA_DECLARE
  int driver_version = 0;  // 13000 for CUDA 13.0
};

// Opens the driver at the first call. DriverError where there is none, it is too old, or it has no device.
const Api& api();

// "CUDA_ERROR_INVALID_VALUE: invalid argument"
std::string describe(CUresult code);

// DriverError "OPERATION failed: NAME: description" where `code` is no success.
void check(CUresult code, const char* operation);

// DriverError that names `function` and the CUDA version that has it, where `pointer` is null.
template <typename Function>
Function need(Function pointer, const char* function, int version);
[[noreturn]] void raise_missing(const char* function, int version);

template <typename Function>
Function need(Function pointer, const char* function, int version) {
  if (pointer == nullptr) raise_missing(function, version);
  return pointer;
}

}  // namespace triton_runner::cuda
