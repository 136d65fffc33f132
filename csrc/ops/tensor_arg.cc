#include "ops/tensor_arg.h"

#include <ATen/Context.h>

#include "runtime/error.h"

namespace triton_runner {

DeviceType gpu_type() {
  static const DeviceType type = at::globalContext().hasROCM() ? DeviceType::Hip : DeviceType::Cuda;
  return type;
}

Device device_of(const at::Device& device) {
  const auto index = device.has_index() ? static_cast<int>(device.index()) : 0;
  return {device.is_cuda() ? gpu_type() : DeviceType::Cpu, index};
}

ElementType element_type_of(at::ScalarType type) {
  switch (type) {
    case at::kBool:
      return ElementType::I1;
    case at::kChar:
      return ElementType::I8;
    case at::kShort:
      return ElementType::I16;
    case at::kInt:
      return ElementType::I32;
    case at::kLong:
      return ElementType::I64;
    case at::kByte:
      return ElementType::U8;
    case at::kUInt16:
      return ElementType::U16;
    case at::kUInt32:
      return ElementType::U32;
    case at::kUInt64:
      return ElementType::U64;
    case at::kHalf:
      return ElementType::F16;
    case at::kBFloat16:
      return ElementType::BF16;
    case at::kFloat:
      return ElementType::F32;
    case at::kDouble:
      return ElementType::F64;
    case at::kFloat8_e4m3fn:
      return ElementType::F8E4M3;
    case at::kFloat8_e5m2:
      return ElementType::F8E5M2;
    case at::kFloat8_e4m3fnuz:
      return ElementType::F8E4M3FNUZ;
    case at::kFloat8_e5m2fnuz:
      return ElementType::F8E5M2FNUZ;
    default:
      return ElementType::Opaque;
  }
}

TensorArg tensor_arg(const at::Tensor& tensor, bool output) {
  TR_CHECK(tensor.defined() && tensor.layout() == at::kStrided, ArgumentError, "a tensor argument is ",
           tensor.defined() ? "not strided (sparse or opaque layout)" : "undefined",
           ", expected a strided tensor: call .to_dense() first");
  TensorArg arg;
  arg.data = output ? tensor.mutable_data_ptr() : const_cast<void*>(tensor.const_data_ptr());
  arg.dtype = element_type_of(tensor.scalar_type());
  arg.dtype_name = c10::toString(tensor.scalar_type());
  arg.device = device_of(tensor.device());
  arg.storage = tensor.storage().data();
  arg.storage_bytes = tensor.storage().nbytes();
  return arg;
}

TensorArgs::TensorArgs(const EagerArgs& args) {
  for (const at::Tensor* tensor : args.inputs) inputs_.push_back(tensor_arg(*tensor, false));
  for (const at::Tensor* tensor : args.outputs) outputs_.push_back(tensor_arg(*tensor, true));
}

LaunchArgs TensorArgs::launch_args(at::Device device, void* stream, const EagerArgs& args) const {
  return {device_of(device),
          stream,
          {inputs_.data(), inputs_.size()},
          {outputs_.data(), outputs_.size()},
          {args.ints.data(), args.ints.size()},
          {args.floats.data(), args.floats.size()},
          {args.grid.data(), args.grid.size()}};
}

}  // namespace triton_runner
