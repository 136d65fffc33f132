// Types of LLVM IR, as far as a value can be dumped. Tested in tests/csrc/ir/test_llvm_type.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace triton_runner::ir {

struct LlvmType {
  enum class Kind : uint8_t {
    Integer,  // bits
    Float,    // bits; name tells half from bfloat
    Pointer,  // address_space
    Vector,   // count elements[0]
    Array,    // count elements[0]
    Struct,   // elements
    Void,
    Other,  // named, label, metadata, token, a function
  };
  Kind kind = Kind::Other;
  std::string text;  // as LLVM spells it
  uint32_t bits = 0;
  uint32_t address_space = 0;
  uint64_t count = 0;
  std::vector<LlvmType> elements;

  bool operator==(const LlvmType& other) const { return text == other.text; }
};

LlvmType integer_type(uint32_t bits);
LlvmType pointer_type(uint32_t address_space);
LlvmType vector_type(uint64_t count, const LlvmType& element);
LlvmType struct_type(std::vector<LlvmType> elements);

}  // namespace triton_runner::ir
