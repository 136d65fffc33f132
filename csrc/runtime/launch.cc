#include "runtime/launch.h"

#include <limits>
#include <vector>

#include "runtime/error.h"
#include "runtime/pack.h"

namespace triton_runner {
namespace {

// CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
constexpr int64_t kMaxGrid[3] = {std::numeric_limits<int32_t>::max(), 65535, 65535};

Dim3 checked_grid(const KernelSpec& spec, std::span<const int64_t> grid) {
  Dim3 out = cluster_of(spec);
  for (size_t i = 0; i < grid.size(); ++i) {
    const int64_t limit = kMaxGrid[i] / out[i];
    TR_CHECK(grid[i] >= 0 && grid[i] <= limit, ArgumentError, "kernel '", spec.name, "': grid[", i, "] is ", grid[i],
             ", expected 0 to ", limit);
    out[i] *= static_cast<uint32_t>(grid[i]);
  }
  return out;
}

// Triton's allocator contract: `size` bytes for every CTA of the grid; in 3.3 for every program, which is a cluster.
const void* allocate(const KernelSpec& spec, const Scratch& scratch, const Dim3& grid, ScratchAllocator& allocator,
                     size_t& bytes) {
  bytes = 0;
  if (!scratch.present || scratch.size == 0) return nullptr;
  const bool of_programs = version_of(spec.triton_version) == std::pair(3, 3);
  const unsigned __int128 total =
      static_cast<unsigned __int128>(scratch.size) * grid[0] * grid[1] * grid[2] / (of_programs ? spec.num_ctas : 1);
  TR_CHECK(total <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()), ResourceError, "kernel '", spec.name,
           "' needs ", scratch.size, " bytes of scratch for each CTA, more than a grid of ", grid[0], "x", grid[1], "x",
           grid[2], " can address");
  bytes = static_cast<size_t>(total);
  return allocator.allocate(bytes, static_cast<size_t>(scratch.align));
}

// What the CPU executor lets the kernel touch.
std::vector<Region> make_regions(const Kernel& kernel, const LaunchArgs& args, ScratchPointers scratch,
                                 size_t global_bytes, size_t profile_bytes) {
  std::vector<Region> regions;
  for (const Field& field : kernel.layout().fields) {
    if (field.kind != FieldKind::Pointer && field.kind != FieldKind::TensorMap) continue;
    const TensorArg& tensor = (field.output ? args.outputs : args.inputs)[field.source];
    regions.push_back({tensor.storage, tensor.storage_bytes, field.output, kernel.spec().params[field.param].name});
  }
  if (scratch.global != nullptr) regions.push_back({scratch.global, global_bytes, true, "global scratch"});
  if (scratch.profile != nullptr) regions.push_back({scratch.profile, profile_bytes, true, "profile scratch"});
  return regions;
}

void check(const Kernel& kernel, const LaunchArgs& args) {
  check_counts(kernel,
               {args.inputs.size(), args.outputs.size(), args.ints.size(), args.floats.size(), args.grid.size()});
  check_args(kernel, args);
}

bool is_empty(const Dim3& grid) { return grid[0] == 0 || grid[1] == 0 || grid[2] == 0; }

}  // namespace

void launch(Kernel& kernel, const LaunchArgs& args, ScratchAllocator& scratch) {
  constexpr size_t kStackBlocks = 64;
  const KernelSpec& spec = kernel.spec();
  check(kernel, args);
  const Dim3 grid = checked_grid(spec, args.grid);
  if (is_empty(grid)) return;
  const LoadedKernel& loaded = kernel.loaded(args.device);

  size_t global_bytes = 0;
  size_t profile_bytes = 0;
  const void* global = allocate(spec, spec.global_scratch, grid, scratch, global_bytes);
  const void* profile = allocate(spec, spec.profile_scratch, grid, scratch, profile_bytes);
  const ScratchPointers pointers{global, profile};

  const Layout& layout = kernel.layout();
  ParamBlock stack[kStackBlocks];
  const size_t blocks = param_blocks(layout.bytes);
  std::vector<ParamBlock> heap(blocks > kStackBlocks ? blocks : 0);
  std::byte* buffer = (heap.empty() ? stack : heap.data())->bytes;
  pack_args(kernel, args, pointers, driver_of(args.device.type), buffer);

  std::vector<Region> regions;
  if (args.device.type == DeviceType::Cpu) regions = make_regions(kernel, args, pointers, global_bytes, profile_bytes);
  loaded.launch(grid, args.stream, {buffer, layout.bytes, layout.offsets}, regions);
}

void launch_packed(Kernel& kernel, Device device, void* stream, std::span<const int64_t> grid,
                   const PackedParams& params) {
  const Dim3 checked = checked_grid(kernel.spec(), grid);
  if (!is_empty(checked)) kernel.loaded(device).launch(checked, stream, params, {});
}

bool PreparedLaunch::is_possible(const KernelSpec& spec, DeviceType device) {
  return device != DeviceType::Cpu && spec.global_scratch.size == 0 && spec.profile_scratch.size == 0;
}

PreparedLaunch::PreparedLaunch(Kernel& kernel, const LaunchArgs& args)
    : grid_(checked_grid(kernel.spec(), args.grid)), loaded_(&kernel.loaded(args.device)), layout_(&kernel.layout()) {
  check(kernel, args);
  TR_ASSERT(is_possible(kernel.spec(), args.device.type));
  buffer_.resize(param_blocks(layout_->bytes) + 1);
  pack_args(kernel, args, {}, driver_of(args.device.type), buffer_.front().bytes);
}

void PreparedLaunch::operator()(void* stream) const {
  if (!is_empty(grid_)) loaded_->launch(grid_, stream, {buffer_.front().bytes, layout_->bytes, layout_->offsets}, {});
}

}  // namespace triton_runner
