// What makes a kernel an op of a schema of its own, as text: the "triton_runner_op" entry of a kernel's JSON.
//
// {"version":1,"schema":"mylib::softmax(Tensor x) -> Tensor out","grid":["x.size(0)"],
//  "params":{"x_ptr":"x","out_ptr":"out","columns":"x.size(1)"},
//  "outputs":[{"like":"x"} | {"shape":["x.size(0)","4"],"dtype":"float32","like":"x"}],
//  "any_strides":false,"backward":"mylib::softmax_backward"|null}
// `params` has every parameter of the kernel that is no constant. An output is like the tensor that `like` names,
// except in what else is given. Tested in tests/python/test_register_op.py.
#pragma once

#include <ATen/core/function_schema.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/json.h"

namespace triton_runner {

inline constexpr const char* kOpEntry = "triton_runner_op";

struct OutputDefinition {
  std::string like;
  std::optional<std::vector<std::string>> shape;
  std::optional<at::ScalarType> dtype;
};

struct OpDefinition {
  c10::FunctionSchema schema;
  std::vector<std::string> grid;
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<OutputDefinition> outputs;
  bool any_strides = false;
  std::optional<std::string> backward;

  std::string name() const { return schema.name(); }
};

// MetadataError for a field that is missing or of another type; ArgumentError for a schema that torch does not read.
OpDefinition op_definition_from(const Json& value);

}  // namespace triton_runner
