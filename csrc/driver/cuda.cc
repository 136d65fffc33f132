// The CUDA driver: loads cubins and PTX with the CUDA Driver API and launches them with cuLaunchKernelEx.
//
// A function belongs to its device's primary context, which is the one that torch uses. Every call pushes that context
// if the calling thread has another one, so that new threads and several devices work. Tested in tests/gpu.
#include <array>

#include "driver/cuda_api.h"
#include "driver/cuda_image.h"
#include "driver/cuda_tensor_map.h"
#include "driver/param_pointers.h"
#include "runtime/error.h"
#include "runtime/layout.h"

namespace triton_runner::cuda {
namespace {

constexpr int kMaxPortableCluster = 8;
constexpr int kDefaultSharedBytes = 48 * 1024;  // above it, a function has to opt in

class ScopedContext {
 public:
  explicit ScopedContext(CUcontext context) {
    CUcontext current = nullptr;
    check(api().cuCtxGetCurrent(&current), "cuCtxGetCurrent");
    if (current == context) return;
    check(api().cuCtxPushCurrent(context), "cuCtxPushCurrent");
    pushed_ = true;
  }
  ~ScopedContext() {
    CUcontext popped = nullptr;
    if (pushed_) api().cuCtxPopCurrent(&popped);
  }
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;

 private:
  bool pushed_ = false;
};

class Module {
 public:
  Module(CUcontext context, CUmodule module) : context_(context), module_(module) {}
  ~Module() {
    if (module_ == nullptr) return;
    CUcontext popped = nullptr;
    // A destructor reports nothing: at the end of the process the driver may be gone already.
    if (api().cuCtxPushCurrent(context_) == CUDA_SUCCESS) {
      api().cuModuleUnload(module_);
      api().cuCtxPopCurrent(&popped);
    }
  }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  CUmodule get() const { return module_; }

 private:
  CUcontext context_;
  CUmodule module_;
};

int device_attribute(CUdevice device, int attribute) {
  int value = 0;
  check(api().cuDeviceGetAttribute(&value, attribute, device), "cuDeviceGetAttribute");
  return value;
}

int function_attribute(CUfunction function, int attribute) {
  int value = 0;
  check(api().cuFuncGetAttribute(&value, attribute, function), "cuFuncGetAttribute");
  return value;
}

// Everything of a CUlaunchConfig that is the same at each launch, made once.
class LaunchTemplate {
 public:
  explicit LaunchTemplate(const KernelSpec& spec)
      : block_(block_of(spec)), cluster_(cluster_of(spec)), shared_bytes_(static_cast<unsigned>(spec.shared)) {
    if (spec.pdl) add(CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION).integer = 1;
    if (spec.cooperative) add(CU_LAUNCH_ATTRIBUTE_COOPERATIVE).integer = 1;
    if (spec.num_ctas > 1) {
      add(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION).cluster = {cluster_[0], cluster_[1], cluster_[2]};
      add(CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE).integer = CU_CLUSTER_SCHEDULING_POLICY_SPREAD;
    }
  }

  CUlaunchConfig with(const Dim3& grid, void* stream) const {
    // The driver takes the attributes as mutable and does not write to them.
    return {grid[0],
            grid[1],
            grid[2],
            block_[0],
            block_[1],
            block_[2],
            shared_bytes_,
            static_cast<CUstream>(stream),
            const_cast<CUlaunchAttribute*>(attributes_.data()),
            count_};
  }

  std::string describe() const {
    return concat("block ", block_[0], ", cluster ", cluster_[0], ", shared memory ", shared_bytes_, " bytes");
  }

 private:
  CUlaunchAttributeValue& add(int id) {
    attributes_[count_].id = id;
    attributes_[count_].value = {};
    return attributes_[count_++].value;
  }

  Dim3 block_;
  Dim3 cluster_;
  unsigned shared_bytes_;
  std::array<CUlaunchAttribute, 4> attributes_;
  unsigned count_ = 0;
};

class CudaKernel : public LoadedKernel {
 public:
  CudaKernel(const KernelSpec& spec, CUcontext context, CUmodule module, CUfunction function)
      : name_(spec.name), template_(spec), context_(context), module_(context, module), function_(function) {}

  void launch(const Dim3& grid, void* stream, const PackedParams& params, std::span<const Region>) const override {
    ParamPointers pointers(params);
    const CUlaunchConfig launch = template_.with(grid, stream);
    const ScopedContext scope(context_);
    const CUresult code = api().cuLaunchKernelEx(&launch, function_, pointers.get(), nullptr);
    if (code != CUDA_SUCCESS) [[unlikely]]
      raise_launch(code, grid);
  }

  Handles handles() const override { return {module_.get(), function_}; }

 private:
  [[noreturn]] void raise_launch(CUresult code, const Dim3& grid) const {
    const std::string what = concat("launch of kernel '", name_, "' failed: ", describe(code), "; grid ", grid[0], "x",
                                    grid[1], "x", grid[2], ", ", template_.describe());
    if (code == CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE) {
      raise<ResourceError>(what, ": a cooperative grid must fit the device at once; launch fewer programs");
    }
    raise<DriverError>(what);
  }

  std::string name_;
  LaunchTemplate template_;
  CUcontext context_;
  Module module_;
  CUfunction function_;
};

[[noreturn]] void raise_load(const KernelRecord& record, bool is_ptx, CUresult code, int capability,
                             const std::string& log) {
  const std::string what =
      concat("the ", is_ptx ? "PTX" : "cubin", " of kernel '", record.spec.name, "' (", target_name(record.spec.target),
             ") cannot be loaded on this sm_", capability, " device: ", describe(code));
  if (is_ptx && code == CUDA_ERROR_UNSUPPORTED_PTX_VERSION) {
    raise<ArtifactError>(what, "; it is of version ", ptx_version(record.images.at("ptx")),
                         ", and the driver supports CUDA ", api().driver_version / 1000, ".",
                         api().driver_version % 1000 / 10,
                         ": lower the .version of the PTX, compile it to a cubin, or update the driver");
  }
  const bool bad_image =
      code == CUDA_ERROR_INVALID_IMAGE || code == CUDA_ERROR_NO_BINARY_FOR_GPU || code == CUDA_ERROR_INVALID_PTX;
  const std::string detail = log.empty() ? what : concat(what, "\n", log);
  if (bad_image) raise<ArtifactError>(detail);
  raise<DriverError>(detail);
}

CUmodule load_module(const KernelRecord& record, const Image& image, int capability) {
  constexpr uintptr_t kLogBytes = 8192;
  std::string log(kLogBytes, '\0');
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void* values[] = {log.data(), reinterpret_cast<void*>(kLogBytes)};
  CUmodule module = nullptr;
  const CUresult code = api().cuModuleLoadDataEx(&module, image.bytes->c_str(), 2, options, values);
  if (code != CUDA_SUCCESS) raise_load(record, image.is_ptx, code, capability, std::string(log.c_str()));
  return module;
}

// The binary knows its own parameters: a record of another kernel is found here and not by a wrong result. Only sizes
// are compared: a parameter that is aligned to 64 bytes has an offset that counts from a base which is not.
void check_params(const KernelSpec& spec, CUfunction function) {
  const auto param_info = api().cuFuncGetParamInfo;
  if (param_info == nullptr) return;
  const Layout layout = make_layout(spec);
  size_t offset = 0;
  size_t size = 0;
  for (size_t i = 0; i < layout.fields.size(); ++i) {
    const bool there = param_info(function, i, &offset, &size) == CUDA_SUCCESS;
    TR_CHECK(there && size == layout.fields[i].size, MetadataError, "kernel '", spec.name, "': binary parameter ", i,
             " should have ", layout.fields[i].size, " bytes by its metadata, but the image has ",
             there ? concat(size, " bytes") : std::string("no such parameter"), ": the metadata is of another kernel");
  }
  TR_CHECK(param_info(function, layout.fields.size(), &offset, &size) != CUDA_SUCCESS, MetadataError, "kernel '",
           spec.name, "' has ", layout.fields.size(),
           " binary parameters by its metadata, but the image has more: the metadata is of another kernel");
}

void prepare_function(const KernelSpec& spec, CUfunction function, CUdevice device) {
  const int threads = spec.num_warps * spec.target.warp_size;
  const int most = function_attribute(function, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  TR_CHECK(threads <= most, ResourceError, "kernel '", spec.name, "' needs ", threads, " threads a block (num_warps ",
           spec.num_warps, "), but the device runs at most ", most,
           " of it: lower num_warps, or its registers (maxnreg)");
  const int fixed = function_attribute(function, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
  const int limit = device_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  TR_CHECK(spec.shared + fixed <= limit, ResourceError, "kernel '", spec.name, "' needs ", spec.shared + fixed,
           " bytes of shared memory, but the device has ", limit, " for a block: lower its block sizes or num_stages");
  if (spec.shared + fixed > kDefaultSharedBytes) {
    check(api().cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                   static_cast<int>(spec.shared)),
          "cuFuncSetAttribute");
  }
  if (spec.num_ctas > kMaxPortableCluster) {
    check(api().cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1),
          "cuFuncSetAttribute");
  }
}

class CudaDriver : public Driver {
 public:
  std::string_view name() const override { return "cuda"; }

  std::unique_ptr<LoadedKernel> load(const KernelRecord& record, int index) override {
    CUdevice device = 0;
    CUcontext context = nullptr;
    check(api().cuDeviceGet(&device, index), "cuDeviceGet");
    check(api().cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
    const int capability = 10 * device_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                           device_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    const Image image = pick_image(record, capability);
    if (image.is_ptx) check_ptx(record, api().driver_version);
    const ScopedContext scope(context);
    CUmodule module = load_module(record, image, capability);
    CUfunction function = nullptr;
    const CUresult found = api().cuModuleGetFunction(&function, module, record.spec.name.c_str());
    auto kernel = std::make_unique<CudaKernel>(record.spec, context, module, function);
    TR_CHECK(found != CUDA_ERROR_NOT_FOUND, MetadataError, "the image has no function named '", record.spec.name,
             "', which its metadata is of: give the metadata of this image, or name=");
    check(found, "cuModuleGetFunction");
    check_params(record.spec, function);
    prepare_function(record.spec, function, device);
    return kernel;
  }

  void encode_tensor_map(const TensorMapRequest& request, std::byte* map) override { cached_tensor_map(request, map); }
};

CudaDriver instance;
[[maybe_unused]] const bool registered = (register_driver(DeviceType::Cuda, instance), true);

}  // namespace
}  // namespace triton_runner::cuda
