// Our TMA descriptors.
#include "executor/tensor_map.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

TensorMapMeta half_meta() {
  TensorMapMeta meta;
  meta.swizzle = 3;
  meta.element_size = 2;
  meta.element_type = 6;
  meta.block_size = {64, 32};
  return meta;
}

TEST(TensorMap, CountsFromTheInnermostDimension) {
  const TensorMapMeta meta = half_meta();
  const int64_t shape[] = {100, 200}, strides[] = {208, 1};
  const TensorMap map = make_tensor_map({reinterpret_cast<void*>(4096), shape, strides, &meta, true});
  EXPECT_EQ(map.base, 4096u);
  EXPECT_EQ(map.rank, 2);
  EXPECT_EQ(map.dims[0], 200u);
  EXPECT_EQ(map.dims[1], 100u);
  EXPECT_EQ(map.strides[0], 416u);
  EXPECT_EQ(map.box[0], 32);
  EXPECT_EQ(map.box[1], 64);
  EXPECT_EQ(map.swizzle, 3);
  EXPECT_EQ(map.fill, 1);
  EXPECT_EQ(element_bytes(map), 2u);
}

TEST(TensorMap, RefusesWhatTmaCannotDo) {
  TensorMapMeta meta = half_meta();
  const int64_t shape[] = {100, 200}, strides[] = {208, 1}, odd_strides[] = {201, 1};
  EXPECT_THROW(make_tensor_map({reinterpret_cast<void*>(4104), shape, strides, &meta, false}), ArgumentError);
  EXPECT_THROW(make_tensor_map({reinterpret_cast<void*>(4096), shape, odd_strides, &meta, false}), ArgumentError);
  EXPECT_THROW(make_tensor_map({reinterpret_cast<void*>(4096), {shape, 1}, {strides, 1}, &meta, false}), ArgumentError);
  meta.block_size = {512, 32};
  EXPECT_THROW(make_tensor_map({reinterpret_cast<void*>(4096), shape, strides, &meta, false}), ArgumentError);
  meta = half_meta();
  meta.element_type = 7;
  EXPECT_THROW(make_tensor_map({reinterpret_cast<void*>(4096), shape, strides, &meta, false}), ArgumentError);
}

}  // namespace
}  // namespace triton_runner::executor
