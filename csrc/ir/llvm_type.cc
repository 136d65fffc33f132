#include "ir/llvm_type.h"

#include <utility>

#include "runtime/error.h"

namespace triton_runner::ir {

LlvmType integer_type(uint32_t bits) { return {LlvmType::Kind::Integer, concat("i", bits), bits, 0, 0, {}}; }

LlvmType pointer_type(uint32_t address_space) {
  std::string text = address_space == 0 ? "ptr" : concat("ptr addrspace(", address_space, ")");
  return {LlvmType::Kind::Pointer, std::move(text), 64, address_space, 0, {}};
}

LlvmType vector_type(uint64_t count, const LlvmType& element) {
  return {LlvmType::Kind::Vector, concat("<", count, " x ", element.text, ">"), 0, 0, count, {element}};
}

LlvmType struct_type(std::vector<LlvmType> elements) {
  std::string text = elements.empty() ? "{" : "{ ";
  for (size_t i = 0; i < elements.size(); ++i) text += concat(i == 0 ? "" : ", ", elements[i].text);
  text += elements.empty() ? "}" : " }";
  return {LlvmType::Kind::Struct, std::move(text), 0, 0, 0, std::move(elements)};
}

}  // namespace triton_runner::ir
