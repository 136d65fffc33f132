#include "runtime/pack.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/error.h"

namespace triton_runner {
namespace {

constexpr uintptr_t kAlignment = 16;  // what Triton means by divisible
constexpr size_t kMaxRank = 5;        // of a descriptor, by cuTensorMapEncodeTiled

std::string device_name(Device device) {
  static constexpr const char* kNames[] = {"cpu", "cuda", "hip"};
  if (device.type == DeviceType::Cpu) return "cpu";
  return concat(kNames[static_cast<size_t>(device.type)], ":", device.index);
}

std::string argument(const Kernel& kernel, const Field& field) {
  return concat("kernel '", kernel.spec().name, "', argument '", kernel.spec().params[field.param].name, "'");
}

const TensorArg& tensor_of(const LaunchArgs& args, const Field& field) {
  return (field.output ? args.outputs : args.inputs)[field.source];
}

void check_count(const Kernel& kernel, const char* list, size_t found, size_t expected) {
  if (found == expected) [[likely]]
    return;
  std::string names;
  for (const Param& param : kernel.spec().params) {
    if (param.kind == ParamKind::Constant) continue;
    names += concat(names.empty() ? "" : ", ", param.name, ": ", type_string(param));
  }
  raise<ArgumentError>("kernel '", kernel.spec().name, "': ", list, " has ", found, " entries, expected ", expected,
                       "; the parameters are (", names, ")");
}

void check_tensor(const Kernel& kernel, const LaunchArgs& args, const Field& field) {
  const TensorArg& tensor = tensor_of(args, field);
  const Param& param = kernel.spec().params[field.param];
  if (field.kind == FieldKind::RawTensorMap) {
    TR_CHECK(tensor.device.type == DeviceType::Cpu && tensor.storage_bytes >= field.size, ArgumentError,
             argument(kernel, field), " is on ", device_name(tensor.device),
             ", expected a CPU tensor with the 128 bytes of an encoded TMA map");
    return;
  }
  TR_CHECK(tensor.device.type == args.device.type && tensor.device.index == args.device.index, ArgumentError,
           argument(kernel, field), " is on ", device_name(tensor.device), ", expected ", device_name(args.device),
           ", where the launch runs: move the tensor");
  TR_CHECK(dtype_fits(param.element, tensor.dtype), ArgumentError, argument(kernel, field), " has dtype ",
           tensor.dtype_name, ", expected ", type_name(param.element),
           ": convert the tensor, or compile the kernel for its dtype");
  const auto address = reinterpret_cast<uintptr_t>(tensor.data);
  TR_CHECK(!param.divisible_by_16 || address % kAlignment == 0, ArgumentError, argument(kernel, field), " starts ",
           address % kAlignment,
           " bytes past a multiple of 16, expected a 16-byte aligned address, which the kernel was compiled for: pass "
           "an aligned tensor, or "
           "compile it without this assumption (type '",
           type_string(param), "' without ':16')");
  TR_CHECK(param.pointer_range == 0 || tensor.storage_bytes >> (param.pointer_range - 1) == 0, ArgumentError,
           argument(kernel, field), " lies in ", tensor.storage_bytes, " bytes of memory, expected less than 2^",
           param.pointer_range - 1, ", for which the kernel was compiled: compile it without 'pointer_range'");
}

struct Range {
  int64_t low;
  int64_t high;
};

Range range_of(ElementType type) {
  switch (type) {
    case ElementType::I1:
    case ElementType::U1:
      return {0, 1};
    case ElementType::I8:
      return {std::numeric_limits<int8_t>::min(), std::numeric_limits<int8_t>::max()};
    case ElementType::I16:
      return {std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max()};
    case ElementType::I32:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    case ElementType::U8:
      return {0, std::numeric_limits<uint8_t>::max()};
    case ElementType::U16:
      return {0, std::numeric_limits<uint16_t>::max()};
    case ElementType::U32:
      return {0, std::numeric_limits<uint32_t>::max()};
    default:
      return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};  // u64 comes as its bits
  }
}

void check_int(const Kernel& kernel, const LaunchArgs& args, const Field& field) {
  if (!field.checked) return;
  const int64_t value = args.ints[field.source];
  const auto [low, high] = range_of(field.element);
  TR_CHECK(value >= low && value <= high, ArgumentError, argument(kernel, field), " is ", value, ", expected ",
           type_name(field.element), ", ", low, " to ", high);
  const Param& param = kernel.spec().params[field.param];
  TR_CHECK(!param.divisible_by_16 || param.kind != ParamKind::Scalar || value % 16 == 0, ArgumentError,
           argument(kernel, field), " is ", value,
           ", expected a multiple of 16, which the kernel was compiled for: pass one, or compile it without this "
           "assumption (type '",
           type_string(param), "' without ':16')");
}

bool overflows(const Field& field, double value) {
  if (!std::isfinite(value)) return false;
  if (field.size == 8) return false;
  if (field.size == 4) return !std::isfinite(static_cast<float>(value));
  if (field.element == ElementType::F16) return !std::isfinite(static_cast<float>(static_cast<_Float16>(value)));
  return !std::isfinite(static_cast<float>(value));
}

void check_float(const Kernel& kernel, const LaunchArgs& args, const Field& field) {
  const double value = args.floats[field.source];
  TR_CHECK(!overflows(field, value), ArgumentError, argument(kernel, field), " is ", value, ", expected a value that ",
           type_name(field.element), " can hold");
}

void pack_float(const Field& field, double value, std::byte* out) {
  if (field.size == 8) {
    std::memcpy(out, &value, 8);
    return;
  }
  const auto single = static_cast<float>(value);
  uint32_t bits = 0;
  std::memcpy(&bits, &single, 4);
  if (field.size == 4) {
    std::memcpy(out, &bits, 4);
  } else if (field.element == ElementType::F16) {
    const auto half = static_cast<_Float16>(value);
    std::memcpy(out, &half, 2);
  } else {
    const auto top = static_cast<uint16_t>(bits >> 16);  // bf16 by truncation, as Triton's own launcher packs it
    std::memcpy(out, &top, 2);
  }
}

// A descriptor's shape and strides are the ints that follow its map in the buffer.
void pack_tensor_map(const Kernel& kernel, const LaunchArgs& args, size_t index, Driver& driver, std::byte* out) {
  const Field& field = kernel.layout().fields[index];
  const Param& param = kernel.spec().params[field.param];
  const size_t rank = param.block_shape.size();
  TR_ASSERT(rank <= kMaxRank && param.tensor_map);
  const auto first = args.ints.subspan(kernel.layout().fields[index + 1].source);
  int64_t shape[kMaxRank];
  for (size_t i = 0; i < rank; ++i) shape[i] = first[i];
  if (param.tensor_map->fp4_padded) shape[rank - 1] *= 2;
  TR_CHECK(first[2 * rank - 1] == 1, ArgumentError, argument(kernel, field), " has a last stride of ",
           first[2 * rank - 1], ", expected 1: a TMA descriptor's innermost dimension is contiguous");
  driver.encode_tensor_map(
      {tensor_of(args, field).data, {shape, rank}, first.subspan(rank, rank), &*param.tensor_map, first[2 * rank] != 0},
      out);
}

}  // namespace

bool dtype_fits(ElementType expected, ElementType found) {
  if (expected == ElementType::Opaque) return true;
  if (expected == found) return true;
  auto is_int = [](ElementType type) { return type >= ElementType::I1 && type <= ElementType::U64; };
  return is_int(expected) && is_int(found) && element_bits(expected) == element_bits(found);
}

void check_counts(const Kernel& kernel, const ListCounts& counts) {
  const Layout& layout = kernel.layout();
  check_count(kernel, "inputs", counts.inputs, layout.inputs);
  check_count(kernel, "outputs", counts.outputs, layout.outputs);
  check_count(kernel, "ints", counts.ints, layout.ints);
  check_count(kernel, "floats", counts.floats, layout.floats);
  TR_CHECK(counts.grid >= 1 && counts.grid <= 3, ArgumentError, "kernel '", kernel.spec().name, "': the grid has ",
           counts.grid, " dimensions, expected one to three");
}

void check_args(const Kernel& kernel, const LaunchArgs& args) {
  for (const Field& field : kernel.layout().fields) {
    switch (field.kind) {
      case FieldKind::Pointer:
      case FieldKind::TensorMap:
      case FieldKind::RawTensorMap:
        check_tensor(kernel, args, field);
        break;
      case FieldKind::Int:
        check_int(kernel, args, field);
        break;
      case FieldKind::Float:
        check_float(kernel, args, field);
        break;
      case FieldKind::GlobalScratch:
      case FieldKind::ProfileScratch:
      case FieldKind::Unset:
        break;
    }
  }
}

void pack_args(const Kernel& kernel, const LaunchArgs& args, ScratchPointers scratch, Driver& driver,
               std::byte* buffer) {
  const auto& fields = kernel.layout().fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    std::byte* out = buffer + field.offset;
    switch (field.kind) {
      case FieldKind::Pointer:
        std::memcpy(out, &tensor_of(args, field).data, 8);
        break;
      case FieldKind::Int:
        std::memcpy(out, &args.ints[field.source], field.size);
        break;  // little-endian: the low bytes
      case FieldKind::Float:
        pack_float(field, args.floats[field.source], out);
        break;
      case FieldKind::TensorMap:
        pack_tensor_map(kernel, args, i, driver, out);
        break;
      case FieldKind::RawTensorMap:
        std::memcpy(out, tensor_of(args, field).data, field.size);
        break;
      case FieldKind::GlobalScratch:
        std::memcpy(out, &scratch.global, 8);
        break;
      case FieldKind::ProfileScratch:
        std::memcpy(out, &scratch.profile, 8);
        break;
      case FieldKind::Unset:
        std::memset(out, 0, field.size);
        break;
    }
  }
}

}  // namespace triton_runner
