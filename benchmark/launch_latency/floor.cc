// The floor under every launch: cuLaunchKernelEx with a configuration and parameters that are ready, in a loop.
//
// Called through ctypes by native.py, which knows the layout of Launch and TensorMap. No CUDA header and no library is
// needed: the types are declared as far as they are used, after the CUDA Driver API reference manual. A function
// returns seconds, or the driver's error code as a negative number.
#include <dlfcn.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

struct LaunchConfig {
  unsigned grid[3];
  unsigned block[3];
  unsigned shared_bytes;
  void* stream;
  void* attributes;
  unsigned attribute_count;
};
static_assert(sizeof(LaunchConfig) == 56, "CUlaunchConfig");

constexpr int kNotLoaded = 999;  // CUDA_ERROR_UNKNOWN

struct Driver {
  int (*launch)(const LaunchConfig*, void* function, void** params, void** extra) = nullptr;
  int (*load)(void** module, const void* image) = nullptr;
  int (*get_function)(void** function, void* module, const char* name) = nullptr;
  int (*synchronize)(void* stream) = nullptr;
  int (*encode)(void* map, int type, uint32_t rank, void* base, const uint64_t* dims, const uint64_t* strides,
                const uint32_t* box, const uint32_t* element_strides, int interleave, int swizzle, int l2_promotion,
                int oob_fill) = nullptr;
};
Driver driver;

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<char> read_file(const char* path) {
  std::vector<char> bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return bytes;
  std::fseek(file, 0, SEEK_END);
  bytes.resize(static_cast<size_t>(std::ftell(file)) + 1);  // ends with a zero, as PTX must
  std::rewind(file);
  if (std::fread(bytes.data(), 1, bytes.size() - 1, file) != bytes.size() - 1) bytes.clear();
  std::fclose(file);
  return bytes;
}

}  // namespace

extern "C" {

struct TensorMap {
  void* map;    // 128 bytes, aligned to 64
  void** base;  // addresses that take turns
  uint64_t base_count;
  int32_t type;
  int32_t swizzle;
  uint32_t rank;
  uint32_t box[5];      // from the innermost dimension
  uint64_t dims[5];     // likewise
  uint64_t strides[5];  // in bytes, likewise, without the innermost
};

struct Launch {
  void* function;
  unsigned grid[3];
  unsigned threads;
  unsigned shared_bytes;
  void* stream;
  void** params;
};
static_assert(sizeof(TensorMap) == 136 && sizeof(Launch) == 48, "the layout in native.py");

// 0, or -1 where the driver or one of its functions is missing.
int floor_open() {
  void* library = dlopen("libcuda.so.1", RTLD_NOW);
  if (library == nullptr) return -1;
  const bool found = find(library, "cuLaunchKernelEx", driver.launch) &&
                     find(library, "cuModuleLoadData", driver.load) &&
                     find(library, "cuModuleGetFunction", driver.get_function) &&
                     find(library, "cuStreamSynchronize", driver.synchronize) &&
                     find(library, "cuTensorMapEncodeTiled", driver.encode);
  return found ? 0 : -1;
}

int floor_load(const void* image, const char* name, void** function) {
  void* module = nullptr;
  const int code = driver.load(&module, image);
  return code != 0 ? code : driver.get_function(function, module, name);
}

int floor_encode(const TensorMap* request, uint64_t turn) {
  static constexpr uint32_t kOnes[5] = {1, 1, 1, 1, 1};
  constexpr int kPromotion128B = 2;
  return driver.encode(request->map, request->type, request->rank, request->base[turn % request->base_count],
                       request->dims, request->strides, request->box, kOnes, 0, request->swizzle, kPromotion128B, 0);
}

// `map` is encoded anew before each launch, or null.
double floor_loop(const Launch* launch, const TensorMap* map, int count) {
  const LaunchConfig config = {{launch->grid[0], launch->grid[1], launch->grid[2]},
                               {launch->threads, 1, 1},
                               launch->shared_bytes,
                               launch->stream,
                               nullptr,
                               0};
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    int code = map == nullptr ? 0 : floor_encode(map, static_cast<uint64_t>(i));
    if (code == 0) code = driver.launch(&config, launch->function, launch->params, nullptr);
    if (code != 0) return -code;
  }
  return seconds_since(start);
}

// From a file with a cubin or PTX to the result of the first launch. Sets launch->function.
double floor_first_launch(const char* path, const char* name, Launch* launch) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<char> image = read_file(path);
  if (image.empty()) return -kNotLoaded;
  int code = floor_load(image.data(), name, &launch->function);
  if (code != 0) return -code;
  const double launched = floor_loop(launch, nullptr, 1);
  if (launched < 0) return launched;
  code = driver.synchronize(launch->stream);
  return code == 0 ? seconds_since(start) : -code;
}

}  // extern "C"
