#include "executor/tensor_map.h"

#include "runtime/error.h"
#include "runtime/spec.h"

namespace triton_runner::executor {
namespace {

constexpr uint64_t kAlignment = 16;   // of the base and the strides, in bytes
constexpr int64_t kLargestBox = 256;  // elements

}  // namespace

// u8 u16 u32 s32 u64 s64 f16 f32 f32.ftz f64 bf16 tf32 tf32.ftz
uint32_t element_bytes(const TensorMap& map) {
  constexpr uint8_t bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 4, 8, 2, 4, 4};
  return map.element_type < sizeof(bytes) ? bytes[map.element_type] : 0;
}

TensorMap make_tensor_map(const TensorMapRequest& request) {
  const TensorMapMeta& meta = *request.meta;
  const size_t rank = request.shape.size();
  TR_CHECK(rank >= 1 && rank <= kTensorMapRank && request.strides.size() == rank && meta.block_size.size() == rank,
           ArgumentError, "a TMA descriptor has ", rank, " dimensions, ", request.strides.size(),
           " strides and a block of ", meta.block_size.size(), " dimensions; expected the same number, one to five");
  TensorMap map;
  map.base = reinterpret_cast<uintptr_t>(request.base);
  map.rank = static_cast<uint8_t>(rank);
  map.element_type = static_cast<uint8_t>(meta.element_type);
  map.swizzle = static_cast<uint8_t>(meta.swizzle);
  map.fill = request.nan_padding ? 1 : 0;
  TR_CHECK(map.base % kAlignment == 0, ArgumentError, "a TMA descriptor needs a base that is a multiple of ",
           kAlignment, " bytes, found ", request.base);
  TR_CHECK(element_bytes(map) == static_cast<uint32_t>(meta.element_size), ArgumentError,
           "a TMA descriptor with element type ", meta.element_type, " and elements of ", meta.element_size, " bytes");
  for (size_t i = 0; i < rank; ++i) {
    const size_t from = rank - 1 - i;
    TR_CHECK(meta.block_size[from] >= 1 && meta.block_size[from] <= kLargestBox, ArgumentError, "a TMA block of ",
             meta.block_size[from], " elements on dimension ", from, "; expected 1 to ", kLargestBox);
    map.dims[i] = static_cast<uint64_t>(request.shape[from]);
    map.box[i] = static_cast<uint16_t>(meta.block_size[from]);
    map.element_strides[i] = 1;
    if (i == 0) continue;
    map.strides[i - 1] = static_cast<uint64_t>(request.strides[from]) * static_cast<uint64_t>(meta.element_size);
    TR_CHECK(map.strides[i - 1] % kAlignment == 0, ArgumentError,
             "a TMA descriptor needs strides that are multiples of ", kAlignment, " bytes, found ", map.strides[i - 1],
             " on dimension ", from);
  }
  return map;
}

}  // namespace triton_runner::executor
