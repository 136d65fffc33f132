// Types of TTIR and TTGIR as text: tensor<64x32xf16, #blocked>, !tt.ptr<f16>, !ttg.memdesc<...>. Tested in
// tests/csrc/ir/test_mlir_types.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace triton_runner::ir::mlir {

enum class Shape : uint8_t {
  Scalar,
  Tensor,
  Memdesc,
  None  // a token, a descriptor, a tuple: nothing that has elements
};

struct Type {
  Shape shape = Shape::None;
  std::vector<int64_t> extents;   // Tensor, Memdesc
  std::string_view element;       // MLIR's spelling: "f16", "i1", "!tt.ptr<f16>", "index"
  std::string_view encoding;      // Tensor: "#blocked", empty where there is none
  std::string_view memory_space;  // Memdesc: "#smem"
};

Type parse_type(std::string_view text);

// Triton's spelling of an element ("fp16", "ptr"); empty where it is none that can be stored.
std::string_view element_name(std::string_view mlir);

// tensor<64x32xELEMENT, ENCODING>; ELEMENT alone for a scalar.
std::string with_element(const Type& type, std::string_view element);

}  // namespace triton_runner::ir::mlir
