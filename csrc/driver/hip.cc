// The HIP driver: loads code objects with the HIP runtime and launches them with hipModuleLaunchKernel and its kin.
//
// The runtime itself packs the kernarg segment: it takes a pointer for each argument and copies it to the offset that
// the notes of the code object state, which hip_image.cc has held against the record. A module belongs to the device
// that was current when it was loaded; every call makes that device current for its time, as torch does. Tested in
// tests/csrc/driver/test_hip.cc against a library that records the calls; `make amd-test` runs it on a GPU.
#include <array>

#include "driver/hip_api.h"
#include "driver/hip_image.h"
#include "driver/param_pointers.h"
#include "runtime/error.h"

namespace triton_runner::hip {
namespace {

class ScopedDevice {
 public:
  explicit ScopedDevice(int device) {
    check(api().hipGetDevice(&before_), "hipGetDevice");
    changed_ = before_ != device;
    if (changed_) check(api().hipSetDevice(device), "hipSetDevice");
  }
  ~ScopedDevice() {
    if (changed_) api().hipSetDevice(before_);
  }
  ScopedDevice(const ScopedDevice&) = delete;
  ScopedDevice& operator=(const ScopedDevice&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

class Module {
 public:
  Module(int device, hipModule_t module) : device_(device), module_(module) {}
  ~Module() {
    // A destructor reports nothing: at the end of the process the runtime may be gone already.
    int before = 0;
    if (api().hipGetDevice(&before) != hipSuccess || api().hipSetDevice(device_) != hipSuccess) return;
    api().hipModuleUnload(module_);
    api().hipSetDevice(before);
  }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  hipModule_t get() const { return module_; }

 private:
  int device_;
  hipModule_t module_;
};

int device_attribute(int device, int attribute) {
  int value = 0;
  check(api().hipDeviceGetAttribute(&value, attribute, device), "hipDeviceGetAttribute");
  return value;
}

int function_attribute(hipFunction_t function, int attribute) {
  int value = 0;
  check(api().hipFuncGetAttribute(&value, attribute, function), "hipFuncGetAttribute");
  return value;
}

// "gfx942:sramecc+:xnack-" is gfx942. The older layout of the properties is not read: the runtime then refuses a
// foreign code object by itself.
DeviceTraits traits_of(int device) {
  DeviceTraits traits{"", device_attribute(device, hipDeviceAttributeWarpSize)};
  if (api().hipGetDevicePropertiesR0600 == nullptr) return traits;
  hipDeviceProp_tR0600 properties{};
  check(api().hipGetDevicePropertiesR0600(&properties, device), "hipGetDeviceProperties");
  traits.arch = properties.gcnArchName;
  traits.arch.resize(std::min(traits.arch.find(':'), traits.arch.size()));
  return traits;
}

class HipKernel : public LoadedKernel {
 public:
  HipKernel(const KernelSpec& spec, int device, hipModule_t module, hipFunction_t function)
      : name_(spec.name),
        block_(block_of(spec)),
        cluster_(cluster_of(spec)),
        shared_bytes_(static_cast<unsigned>(spec.shared)),
        cooperative_(spec.cooperative),
        device_(device),
        module_(device, module),
        function_(function) {}

  void launch(const Dim3& grid, void* stream, const PackedParams& params, std::span<const Region>) const override {
    ParamPointers pointers(params);
    const ScopedDevice scope(device_);
    const hipError_t code = launch_on(grid, static_cast<hipStream_t>(stream), pointers.get());
    if (code != hipSuccess) [[unlikely]]
      raise_launch(code, grid);
  }

  Handles handles() const override { return {module_.get(), function_}; }

 private:
  hipError_t launch_on(const Dim3& grid, hipStream_t stream, void** params) const {
    if (cluster_[0] > 1) return launch_clusters(grid, stream, params);
    if (cooperative_) {
      return TR_HIP_NEED(api(), hipModuleLaunchCooperativeKernel)(function_, grid[0], grid[1], grid[2], block_[0],
                                                                  block_[1], block_[2], shared_bytes_, stream, params);
    }
    return api().hipModuleLaunchKernel(function_, grid[0], grid[1], grid[2], block_[0], block_[1], block_[2],
                                       shared_bytes_, stream, params, nullptr);
  }

  hipError_t launch_clusters(const Dim3& grid, hipStream_t stream, void** params) const {
    std::array<hipLaunchAttribute, 2> attributes{};
    attributes[0].id = hipLaunchAttributeClusterDimension;
    attributes[0].value.cluster = {cluster_[0], cluster_[1], cluster_[2]};
    attributes[1].id = hipLaunchAttributeCooperative;
    attributes[1].value.cooperative = cooperative_ ? 1 : 0;
    const HIP_LAUNCH_CONFIG config{grid[0],   grid[1],       grid[2], block_[0],         block_[1],
                                   block_[2], shared_bytes_, stream,  attributes.data(), attributes.size()};
    return TR_HIP_NEED(api(), hipDrvLaunchKernelEx)(&config, function_, params, nullptr);
  }

  [[noreturn]] void raise_launch(hipError_t code, const Dim3& grid) const {
    const std::string what =
        concat("launch of kernel '", name_, "' failed: ", describe(api(), code), "; grid ", grid[0], "x", grid[1], "x",
               grid[2], ", block ", block_[0], ", cluster ", cluster_[0], ", shared memory ", shared_bytes_, " bytes");
    if (code == hipErrorCooperativeLaunchTooLarge) {
      raise<ResourceError>(what, ": a cooperative grid must fit the device at once; launch fewer programs");
    }
    raise<DriverError>(what);
  }

  std::string name_;
  Dim3 block_;
  Dim3 cluster_;
  unsigned shared_bytes_;
  bool cooperative_;
  int device_;
  Module module_;
  hipFunction_t function_;
};

hipModule_t load_module(const KernelSpec& spec, const std::string& hsaco, const DeviceTraits& device) {
  hipModule_t module = nullptr;
  const hipError_t code = api().hipModuleLoadData(&module, hsaco.data());
  if (code == hipSuccess) return module;
  const std::string what =
      concat("the hsaco of kernel '", spec.name, "' (", target_name(spec.target), ") cannot be loaded on this ",
             device.arch.empty() ? "AMD" : device.arch, " device: ", describe(api(), code));
  const bool bad_image = code == hipErrorInvalidImage || code == hipErrorNoBinaryForGpu ||
                         code == hipErrorInvalidKernelFile || code == hipErrorSharedObjectInitFailed;
  if (bad_image) raise<ArtifactError>(what, ": compile it for this device");
  raise<DriverError>(what);
}

void check_resources(const KernelSpec& spec, hipFunction_t function, int device) {
  const int threads = spec.num_warps * spec.target.warp_size;
  const int most = function_attribute(function, HIP_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  TR_CHECK(threads <= most, ResourceError, "kernel '", spec.name, "' needs ", threads, " threads a block (num_warps ",
           spec.num_warps, "), but the device runs at most ", most, " of it: lower num_warps");
  const int fixed = function_attribute(function, HIP_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
  const int limit = device_attribute(device, hipDeviceAttributeMaxSharedMemoryPerBlock);
  TR_CHECK(spec.shared + fixed <= limit, ResourceError, "kernel '", spec.name, "' needs ", spec.shared + fixed,
           " bytes of shared memory, but the device has ", limit, " for a block: lower its block sizes or num_stages");
  TR_CHECK(!spec.cooperative || device_attribute(device, hipDeviceAttributeCooperativeLaunch) != 0, ResourceError,
           "kernel '", spec.name, "' is launched cooperatively, which this device does not support");
}

class HipDriver : public Driver {
 public:
  std::string_view name() const override { return "hip"; }

  std::unique_ptr<LoadedKernel> load(const KernelRecord& record, int index) override {
    const KernelSpec& spec = record.spec;
    TR_CHECK(!spec.pdl, UnsupportedError, "kernel '", spec.name,
             "' asks for programmatic dependent launch (launch_pdl), which AMD GPUs do not have");
    api();
    const ScopedDevice scope(index);
    const DeviceTraits device = traits_of(index);
    hipModule_t module = load_module(spec, pick_hsaco(record, device), device);
    hipFunction_t function = nullptr;
    const hipError_t found = api().hipModuleGetFunction(&function, module, spec.name.c_str());
    auto kernel = std::make_unique<HipKernel>(spec, index, module, function);
    check(found, "hipModuleGetFunction");
    check_resources(spec, function, index);
    return kernel;
  }

  void encode_tensor_map(const TensorMapRequest&, std::byte*) override {
    raise<UnsupportedError>(
        "TMA maps are for NVIDIA GPUs: compile the kernel for this AMD GPU, where a tensor "
        "descriptor is passed taken apart");
  }
};

HipDriver instance;
[[maybe_unused]] const bool registered = (register_driver(DeviceType::Hip, instance), true);

}  // namespace
}  // namespace triton_runner::hip
