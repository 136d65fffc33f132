// The CPU driver: PTX on the functional executor. A launch runs on the calling thread and its helpers, and has ended
// when it returns. Tested in tests/csrc/driver/test_cpu.cc.
#include <cstring>
#include <memory>

#include "executor/executor.h"
#include "executor/tensor_map.h"
#include "ptx/parser.h"
#include "runtime/driver.h"
#include "runtime/error.h"

namespace triton_runner {
namespace {

// What one CTA may have on the largest GPU that Triton compiles for (compute capability 9.0 and 10.0: 227 KiB). A
// kernel that needs more runs nowhere, so it must not pass its tests here.
constexpr int64_t kMaxSharedBytes = int64_t{227} * 1024;

class CpuKernel final : public LoadedKernel {
 public:
  CpuKernel(std::shared_ptr<const executor::Program> program, const KernelSpec& spec)
      : program_(std::move(program)),
        block_(block_of(spec)),
        cluster_(cluster_of(spec)),
        shared_bytes_(static_cast<uint32_t>(spec.shared)) {}

  void launch(const Dim3& grid, void*, const PackedParams& params, std::span<const Region> regions) const override {
    executor::Launch launch;
    launch.grid = grid;
    launch.block = block_;
    launch.cluster = cluster_;
    launch.shared_bytes = shared_bytes_;
    launch.params = {params.data, params.bytes};
    launch.regions = regions;
    executor::run(*program_, launch);
  }

 private:
  std::shared_ptr<const executor::Program> program_;
  Dim3 block_;
  Dim3 cluster_;
  uint32_t shared_bytes_;
};

class CpuDriver final : public Driver {
 public:
  std::string_view name() const override { return "cpu"; }

  std::unique_ptr<LoadedKernel> load(const KernelRecord& record, int) override {
    const auto image = record.images.find("ptx");
    if (image == record.images.end()) {
      std::string found;
      for (const auto& [level, bytes] : record.images) found += concat(found.empty() ? "" : ", ", level);
      raise<ArtifactError>("kernel ", record.spec.name, ": the CPU driver runs PTX, and this kernel has only ", found,
                           "; load its PTX, or compile it from its source with to=\"ptx\", or give CUDA tensors");
    }
    TR_CHECK(record.spec.shared <= kMaxSharedBytes, ResourceError, "kernel ", record.spec.name, " needs ",
             record.spec.shared, " bytes of shared memory, and no GPU has more than ", kMaxSharedBytes,
             " for a block: lower its block sizes or num_stages");
    return std::make_unique<CpuKernel>(executor::build_program(ptx::parse(image->second), record.spec.name),
                                       record.spec);
  }

  void encode_tensor_map(const TensorMapRequest& request, std::byte* map) override {
    const executor::TensorMap made = executor::make_tensor_map(request);
    std::memcpy(map, &made, sizeof(made));
  }
};

CpuDriver instance;
[[maybe_unused]] const bool registered = (register_driver(DeviceType::Cpu, instance), true);

}  // namespace
}  // namespace triton_runner
