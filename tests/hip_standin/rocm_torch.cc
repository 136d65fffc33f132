// Lets a CPU build of torch pass for a ROCm build: its CUDA hooks say ROCm, its CUDA devices have a current stream, and
// torch.ops.rocm_standin.on_gpu gives a tensor whose memory lies on the host and whose device is cuda:INDEX. It has to
// be loaded before torch, which asks its hooks early. Test code only, for tests/python/test_hip_standin.py: nothing but
// the launch touches such a tensor.
#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

namespace {

struct CUDAHooks : at::CUDAHooksInterface {
  explicit CUDAHooks(at::CUDAHooksArgs) {}
  bool hasCUDA() const override { return true; }
  bool hasROCM() const override { return true; }
};

thread_local c10::DeviceIndex current = 0;

struct RocmGuard final : c10::impl::DeviceGuardImplInterface {
  explicit RocmGuard(c10::DeviceType) {}
  RocmGuard() = default;
  c10::DeviceType type() const override { return c10::kCUDA; }
  c10::Device exchangeDevice(c10::Device device) const override {
    const c10::Device before = getDevice();
    current = device.index();
    return before;
  }
  c10::Device getDevice() const override { return {c10::kCUDA, current}; }
  void setDevice(c10::Device device) const override { current = device.index(); }
  void uncheckedSetDevice(c10::Device device) const noexcept override { current = device.index(); }
  c10::Stream getStream(c10::Device device) const override { return c10::Stream(c10::Stream::UNSAFE, device, 3); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  void* getStreamNativeHandle(const c10::Stream stream) const override {
    return reinterpret_cast<void*>(0x5000 + stream.id() * 16 + stream.device_index());
  }
  c10::DeviceIndex deviceCount() const noexcept override { return 2; }
};

at::Tensor on_gpu(const at::Tensor& host, int64_t index) {
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
  return at::for_blob(host.data_ptr(), host.sizes())
      .strides(host.strides())
      .options(host.options().device(device))
      .target_device(device)
      .make_tensor();
}

}  // namespace

namespace at {
REGISTER_CUDA_HOOKS(CUDAHooks);
}
C10_REGISTER_GUARD_IMPL(CUDA, RocmGuard)
TORCH_LIBRARY(rocm_standin, library) { library.def("on_gpu(Tensor host, int index) -> Tensor", on_gpu); }
