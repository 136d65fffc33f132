#include "ops/op_definition.h"

#include <torch/csrc/jit/frontend/function_schema_parser.h>

#include <array>

#include "runtime/error.h"
#include "runtime/record_json.h"

namespace triton_runner {
namespace {

// As torch names them in Python.
constexpr std::array<std::pair<std::string_view, at::ScalarType>, 16> kDtypes{{
    {"bool", at::kBool},
    {"uint8", at::kByte},
    {"int8", at::kChar},
    {"int16", at::kShort},
    {"int32", at::kInt},
    {"int64", at::kLong},
    {"uint16", at::kUInt16},
    {"uint32", at::kUInt32},
    {"uint64", at::kUInt64},
    {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"float8_e4m3fn", at::kFloat8_e4m3fn},
    {"float8_e5m2", at::kFloat8_e5m2},
    {"complex64", at::kComplexFloat},
}};

at::ScalarType dtype_from(const Fields& fields) {
  const std::string name = fields.text("dtype");
  for (const auto& [known, type] : kDtypes) {
    if (known == name) return type;
  }
  fields.fail("dtype", "the name of a torch dtype, such as float32");
}

std::vector<std::string> texts(const Fields& fields, std::string_view name) {
  std::vector<std::string> out;
  const auto* values = fields.require(name).get<Json::Array>();
  if (values == nullptr) fields.fail(name, "an array of strings");
  for (const Json& value : *values) {
    const auto* text = value.get<std::string>();
    if (text == nullptr) fields.fail(name, "an array of strings");
    out.push_back(*text);
  }
  return out;
}

OutputDefinition output_from(const Json& value, const std::string& where) {
  const Fields fields(value, where);
  OutputDefinition out{fields.text("like"), std::nullopt, std::nullopt};
  if (fields.has("shape")) out.shape = texts(fields, "shape");
  if (fields.has("dtype")) out.dtype = dtype_from(fields);
  return out;
}

c10::FunctionSchema schema_from(const std::string& text) {
  try {
    return torch::jit::parseSchema(text);
  } catch (const std::exception& error) {
    const std::string_view what = error.what();
    raise<ArgumentError>("the schema '", text,
                         "' is none that torch reads: ", what.substr(0, what.find("\nException")));
  }
}

}  // namespace

OpDefinition op_definition_from(const Json& value) {
  const Fields fields(value, kOpEntry);
  fields.integer("version", 1, 1);
  OpDefinition out{schema_from(fields.text("schema")), texts(fields, "grid"), {}, {}, false, std::nullopt};
  const auto* params = fields.require("params").get<Json::Object>();
  if (params == nullptr) fields.fail("params", "an object");
  for (const auto& [name, text] : *params) {
    if (text.get<std::string>() == nullptr) fields.fail("params", "strings as values");
    out.params.emplace_back(name, *text.get<std::string>());
  }
  const auto* outputs = fields.require("outputs").get<Json::Array>();
  if (outputs == nullptr) fields.fail("outputs", "an array");
  for (size_t i = 0; i < outputs->size(); ++i) {
    out.outputs.push_back(output_from((*outputs)[i], concat(kOpEntry, ".outputs[", i, "]")));
  }
  out.any_strides = fields.boolean("any_strides");
  if (!fields.require("backward").is_null()) out.backward = fields.text("backward");
  return out;
}

}  // namespace triton_runner
