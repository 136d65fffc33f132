#include "driver/cuda_tensor_map.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "driver/cuda_api.h"
#include "runtime/error.h"

namespace triton_runner::cuda {
namespace {

constexpr size_t kMaxRank = 5;
constexpr size_t kMapBytes = 128;
constexpr int kL2Promotion128B = 2;  // CU_TENSOR_MAP_L2_PROMOTION_L2_128B
constexpr int kFillNan = 1;          // CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA

// Triton's metadata has the device's numbering of element types, the driver's differs from it in three places.
int host_element_type(int device_type) {
  switch (device_type) {
    case 8:
      return 10;
    case 9:
      return 8;
    case 10:
      return 9;
    default:
      return device_type;
  }
}

std::string operands(const TensorMapRequest& request) {
  std::string out = concat("base ", request.base, ", element type ", request.meta->element_type, ", swizzle ",
                           request.meta->swizzle, ", shape [");
  for (const int64_t extent : request.shape) out += concat(extent, " ");
  out += "], strides [";
  for (const int64_t stride : request.strides) out += concat(stride, " ");
  out += "], box [";
  for (const int64_t extent : request.meta->block_size) out += concat(extent, " ");
  return out + "]";
}

// A request by value, all zeros where it has fewer dimensions than five.
struct CacheKey {
  const void* base = nullptr;
  std::array<int64_t, kMaxRank> shape{};
  std::array<int64_t, kMaxRank> strides{};
  std::array<int64_t, kMaxRank> box{};
  std::array<int, 3> form{};  // swizzle, element size, element type
  size_t rank = 0;
  bool nan_padding = false;
  bool operator==(const CacheKey&) const = default;
};

CacheKey key_of(const TensorMapRequest& request) {
  CacheKey key;
  key.base = request.base;
  key.rank = request.shape.size();
  std::ranges::copy(request.shape, key.shape.begin());
  std::ranges::copy(request.strides, key.strides.begin());
  std::ranges::copy(request.meta->block_size, key.box.begin());
  key.form = {request.meta->swizzle, request.meta->element_size, request.meta->element_type};
  key.nan_padding = request.nan_padding;
  return key;
}

struct CachedMap {
  CacheKey key;
  alignas(64) std::byte map[kMapBytes];
};

// Where a request lies in the cache: descriptors of one launch differ in base or in box.
size_t slot_of(const CacheKey& key, size_t slots) {
  uint64_t mixed = reinterpret_cast<uintptr_t>(key.base) >> 4;
  for (const auto& extents : {key.shape, key.box}) {
    for (const int64_t extent : extents) mixed = (mixed ^ static_cast<uint64_t>(extent)) * 0x9E3779B97F4A7C15u;
  }
  return (mixed >> 32) % slots;
}

}  // namespace

void cached_tensor_map(const TensorMapRequest& request, std::byte* map) {
  constexpr size_t kSlots = 64;
  thread_local std::array<CachedMap, kSlots> cache;
  if (request.shape.size() > kMaxRank || request.meta->block_size.size() > kMaxRank)
    return encode_tensor_map(request, map);  // which says what is wrong
  const CacheKey key = key_of(request);
  CachedMap& slot = cache[slot_of(key, kSlots)];
  if (slot.key.rank == 0 || slot.key != key) {
    encode_tensor_map(request, slot.map);
    slot.key = key;
  }
  std::memcpy(map, slot.map, kMapBytes);
}

void encode_tensor_map(const TensorMapRequest& request, std::byte* map) {
  const TensorMapMeta& meta = *request.meta;
  const size_t rank = request.shape.size();
  TR_CHECK(rank >= 1 && rank <= kMaxRank && meta.block_size.size() == rank, ArgumentError, "a TMA descriptor has rank ",
           rank, " and a block of rank ", meta.block_size.size(), ", expected the same, one to five");
  // The driver counts from the innermost dimension, and leaves its stride out.
  uint64_t dims[kMaxRank];
  uint64_t strides[kMaxRank];
  uint32_t box[kMaxRank];
  uint32_t element_strides[kMaxRank];
  for (size_t i = 0; i < rank; ++i) {
    const size_t from = rank - 1 - i;
    dims[i] = static_cast<uint64_t>(request.shape[from]);
    box[i] = static_cast<uint32_t>(meta.block_size[from]);
    element_strides[i] = 1;
    if (i > 0) strides[i - 1] = static_cast<uint64_t>(request.strides[from] * meta.element_size);
  }
  strides[rank - 1] = dims[rank - 1] * (rank == 1 ? static_cast<uint64_t>(meta.element_size) : strides[rank - 2]);
  CUtensorMap encoded;
  const CUresult code = need(api().cuTensorMapEncodeTiled, "cuTensorMapEncodeTiled", 12000)(
      &encoded, host_element_type(meta.element_type), static_cast<uint32_t>(rank), const_cast<void*>(request.base),
      dims, strides, box, element_strides, 0, meta.swizzle, kL2Promotion128B, request.nan_padding ? kFillNan : 0);
  TR_CHECK(code == CUDA_SUCCESS, DriverError, "cuTensorMapEncodeTiled failed: ", describe(code), ", for ",
           operands(request), "; base and strides must be multiples of 16 bytes");
  std::memcpy(map, &encoded, sizeof encoded);
}

}  // namespace triton_runner::cuda
