#include "runtime/layout.h"

namespace triton_runner {
namespace {

constexpr uint32_t kTensorMapBytes = 128;
constexpr uint32_t kTensorMapAlign = 64;

bool is_float(ElementType type) {
  return type == ElementType::F16 || type == ElementType::BF16 || type == ElementType::F32 || type == ElementType::F64;
}

class Builder {
 public:
  explicit Builder(const KernelSpec& spec) : spec_(spec) {}

  Layout build() {
    for (param_ = 0; param_ < spec_.params.size(); ++param_) add_param(spec_.params[param_]);
    if (spec_.global_scratch.present) add(FieldKind::GlobalScratch, ElementType::I64, 8, 8, 0);
    if (spec_.profile_scratch.present) add(FieldKind::ProfileScratch, ElementType::I64, 8, 8, 0);
    return std::move(layout_);
  }

 private:
  Field& add(FieldKind kind, ElementType element, uint32_t size, uint32_t align, uint32_t source) {
    const uint32_t offset = (layout_.bytes + align - 1) / align * align;
    layout_.offsets.push_back(offset);
    layout_.bytes = offset + size;
    return layout_.fields.emplace_back(Field{kind, element, offset, size, param_, source, false, false});
  }

  void add_int(ElementType element, uint32_t source, bool checked) {
    const auto size = static_cast<uint32_t>(element_bits(element) / 8);
    add(FieldKind::Int, element, size, size, source).checked = checked;
  }

  void add_tensor(FieldKind kind, const Param& param, uint32_t size, uint32_t align) {
    const bool output = writes(param.access);
    uint32_t& count = output ? layout_.outputs : layout_.inputs;
    add(kind, param.element, size, align, count++).output = output;
  }

  void add_param(const Param& param) {
    switch (param.kind) {
      case ParamKind::Constant:
        return;
      case ParamKind::Pointer:
        return add_tensor(FieldKind::Pointer, param, 8, 8);
      case ParamKind::Descriptor:
        return add_descriptor(param);
      case ParamKind::Scalar:
        break;
    }
    const auto size = static_cast<uint32_t>(element_bits(param.element) / 8);
    if (is_float(param.element)) {
      // Triton's own launchers up to 3.3 hand over the address of an fp32 for the two bytes of an fp16 or bf16. The
      // binary reads two bytes in every version.
      add(FieldKind::Float, param.element, size, size, layout_.floats++);
    } else {
      add_int(param.element, layout_.ints++, true);
    }
  }

  void add_descriptor(const Param& param) {
    const auto rank = static_cast<uint32_t>(param.block_shape.size());
    if (rank == 0) return add_tensor(FieldKind::RawTensorMap, param, kTensorMapBytes, kTensorMapAlign);
    const uint32_t shape = layout_.ints;
    const uint32_t strides = shape + rank;
    const uint32_t nan_padding = strides + rank;
    layout_.ints = nan_padding + 1;
    if (param.tensor_map) {
      add_tensor(FieldKind::TensorMap, param, kTensorMapBytes, kTensorMapAlign);
    } else {
      add_tensor(FieldKind::Pointer, param, 8, 8);
      for (uint32_t i = 0; i < 2 * rank; ++i) add_int(ElementType::I64, shape + i, false);
      if (!version_ || *version_ >= std::pair(3, 5)) add_int(ElementType::I1, nan_padding, true);
      if (version_ && *version_ >= std::pair(3, 7)) add(FieldKind::Unset, ElementType::I1, 1, 1, 0);
    }
    for (uint32_t i = 0; i < rank; ++i) add_int(ElementType::I32, shape + i, true);
    for (uint32_t i = 0; i < rank; ++i) add_int(ElementType::I64, strides + i, true);
  }

  const KernelSpec& spec_;
  const std::optional<std::pair<int, int>> version_ = version_of(spec_.triton_version);
  Layout layout_;
  uint32_t param_ = 0;
};

}  // namespace

Layout make_layout(const KernelSpec& spec) { return Builder(spec).build(); }

}  // namespace triton_runner
