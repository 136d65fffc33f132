// A stand-in for the HIP runtime: it runs nothing and writes down what it is asked to do. Test code only; it is built
// as libamdhip64.so.6, and a process that has opened it has our driver talk to it.
//
// It packs the kernarg segment as the runtime does, from a pointer for each argument, with the offsets and sizes that
// the test declares for the kernel (from the notes of a real code object). tests/csrc/driver/test_hip.cc and
// tests/python/test_hip_standin.py read the log.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

struct Argument {
  uint32_t offset;
  uint32_t size;
};

struct Module {
  std::vector<std::string*> functions;
};

std::string calls;
std::string architecture = "gfx942:sramecc+:xnack-";
int wave_size = 64;
int device_count = 2;
int current_device = 0;
std::map<std::string, std::vector<Argument>> kernels;
std::map<std::string, int> failures;

void note(const std::string& line) { calls += line + "\n"; }

int result_of(const char* function) {
  const auto found = failures.find(function);
  if (found == failures.end()) return 0;
  const int code = found->second;
  failures.erase(found);
  return code;
}

std::string kernarg_of(const std::string& name, void** params) {
  std::vector<uint8_t> segment;
  for (size_t i = 0; i < kernels[name].size(); ++i) {
    const Argument& argument = kernels[name][i];
    if (segment.size() < argument.offset + argument.size) segment.resize(argument.offset + argument.size);
    std::memcpy(segment.data() + argument.offset, params[i], argument.size);
  }
  std::string hex;
  char digits[3];
  for (const uint8_t byte : segment) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    hex += digits;
  }
  return hex;
}

int launch(const char* function, const void* kernel, const unsigned* grid, const unsigned* block, unsigned shared,
           void* stream, void** params, const std::string& more) {
  const auto& name = *static_cast<const std::string*>(kernel);
  char text[256];
  std::snprintf(text, sizeof text, " grid %u,%u,%u block %u,%u,%u shared %u stream %#lx device %d", grid[0], grid[1],
                grid[2], block[0], block[1], block[2], shared, reinterpret_cast<unsigned long>(stream), current_device);
  note(std::string(function) + " " + name + text + more + " kernarg " + kernarg_of(name, params));
  return result_of(function);
}

}  // namespace

extern "C" {

// ---- for the test ----

const char* standin_log() { return calls.c_str(); }
void standin_clear() { calls.clear(); }
void standin_device(const char* name, int wave, int count) {
  architecture = name;
  wave_size = wave;
  device_count = count;
}
void standin_fail(const char* function, int code) { failures[function] = code; }
void standin_kernel(const char* name, const uint32_t* offsets, const uint32_t* sizes, size_t count) {
  kernels[name].clear();
  for (size_t i = 0; i < count; ++i) kernels[name].push_back({offsets[i], sizes[i]});
}

// ---- the runtime ----

int hipInit(unsigned) { return result_of("hipInit"); }
int hipRuntimeGetVersion(int* version) {
  *version = 60443484;
  return 0;
}
const char* hipGetErrorName(int code) { return code == 209 ? "hipErrorNoBinaryForGpu" : "hipErrorOfTheTest"; }
const char* hipGetErrorString(int code) { return code == 209 ? "no kernel image is available" : "made by the test"; }
int hipGetDeviceCount(int* count) {
  *count = device_count;
  return result_of("hipGetDeviceCount");
}
int hipGetDevice(int* device) {
  *device = current_device;
  return 0;
}
int hipSetDevice(int device) {
  current_device = device;
  return result_of("hipSetDevice");
}
int hipDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 87 ? wave_size : attribute == 74 ? 65536 : 1;
  return 0;
}
int hipGetDevicePropertiesR0600(char* properties, int) {
  std::memset(properties, 0, 1472);
  std::memcpy(properties + 1160, architecture.c_str(), architecture.size() + 1);
  return 0;
}
int hipModuleLoadData(void** module, const void* image) {
  note("hipModuleLoadData " + std::string(static_cast<const char*>(image) + 1, 3) + " device " +
       std::to_string(current_device));
  const int result = result_of("hipModuleLoadData");
  if (result == 0) *module = new Module;
  return result;
}
int hipModuleUnload(void* module) {
  note("hipModuleUnload device " + std::to_string(current_device));
  for (const std::string* function : static_cast<Module*>(module)->functions) delete function;
  delete static_cast<Module*>(module);
  return 0;
}
int hipModuleGetFunction(void** function, void* module, const char* name) {
  auto& functions = static_cast<Module*>(module)->functions;
  functions.push_back(new std::string(name));
  *function = functions.back();
  note("hipModuleGetFunction " + *functions.back());
  return result_of("hipModuleGetFunction");
}
int hipFuncGetAttribute(int* value, int attribute, const void*) {
  *value = attribute == 0 ? 1024 : 0;
  return 0;
}
int hipModuleLaunchKernel(const void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                          unsigned bz, unsigned shared, void* stream, void** params, void** extra) {
  const unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
  return launch("hipModuleLaunchKernel", function, grid, block, shared, stream, params, extra ? " extra" : "");
}
int hipModuleLaunchCooperativeKernel(const void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                                     unsigned by, unsigned bz, unsigned shared, void* stream, void** params) {
  const unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
  return launch("hipModuleLaunchCooperativeKernel", function, grid, block, shared, stream, params, "");
}

struct LaunchConfig {
  unsigned grid[3], block[3], shared;
  void* stream;
  const struct {
    int id, padding;
    unsigned value[16];
  }* attributes;
  unsigned count;
};
int hipDrvLaunchKernelEx(const LaunchConfig* config, const void* function, void** params, void**) {
  std::string more;
  for (unsigned i = 0; i < config->count; ++i) {
    const unsigned* value = config->attributes[i].value;
    more += " attribute " + std::to_string(config->attributes[i].id) + "=" + std::to_string(value[0]) + "," +
            std::to_string(value[1]) + "," + std::to_string(value[2]);
  }
  return launch("hipDrvLaunchKernelEx", function, config->grid, config->block, config->shared, config->stream, params,
                more);
}

}  // extern "C"
