#include "ptx/declaration.h"

#include <algorithm>
#include <utility>

namespace triton_runner::ptx {
namespace {

constexpr uint64_t kMostParamBytes = 32764;  // of a kernel, PTX ISA 8.1 and later

uint32_t bytes_of(Type type) { return type_bits(type) / 8; }

uint64_t align_up(uint64_t value, uint64_t align) { return (value + align - 1) / align * align; }

bool is_storable(Type type) {
  const uint32_t bits = type_bits(type);
  return bits >= 8 && bits <= 128 && bits % 8 == 0;
}

Type read_type(Reader& reader) {
  const Token& token = reader.peek();
  auto type = token.kind == TokenKind::DotWord ? find_type(token.text) : std::nullopt;
  if (!type || !is_storable(*type)) reader.unexpected("a type with a size in bytes, such as .b32");
  reader.take();
  return *type;
}

// `.attribute(.managed)`: what is between the parentheses.
std::string read_attribute(Reader& reader) {
  reader.expect('(');
  std::string text = reader.take_tokens_until(')');
  reader.expect(')');
  return text;
}

// What comes before the name, the same for all names of one declaration.
Variable read_variable_type(Reader& reader, Linkage linkage, Space space) {
  Variable variable;
  variable.linkage = linkage;
  variable.space = space;
  for (;;) {
    if (reader.accept_word("align")) {
      variable.align = reader.expect_alignment();
      variable.explicit_align = true;
    } else if (reader.accept_word("attribute")) {
      variable.attributes.push_back(read_attribute(reader));
    } else if (reader.accept_word("v2")) {
      variable.lanes = 2;
    } else if (reader.accept_word("v4")) {
      variable.lanes = 4;
    } else {
      break;
    }
  }
  variable.type = read_type(reader);
  if (!variable.explicit_align) variable.align = bytes_of(variable.type) * variable.lanes;
  return variable;
}

// `[4][2]`, or `[]` of an extern array.
void read_dimensions(Reader& reader, Variable& variable) {
  variable.size = bytes_of(variable.type) * uint64_t{variable.lanes};
  while (reader.accept('[')) {
    const uint32_t line = reader.line();
    if (variable.dimensions.empty() && !variable.unsized && reader.accept(']')) {
      variable.unsized = true;
      continue;
    }
    const uint64_t count = reader.expect_integer("the length of an array", kMostBytes);
    if (count != 0 && variable.size > kMostBytes / count) {
      reader.fail<ArtifactError>(line, "variable '", variable.name, "' has more than ", kMostBytes, " bytes");
    }
    variable.size *= count;
    variable.dimensions.push_back(count);
    reader.expect(']');
  }
  if (variable.unsized) variable.size = 0;
}

void append_bytes(uint64_t bits, uint32_t count, std::vector<std::byte>& out) {
  for (uint32_t i = 0; i < count; ++i) out.push_back(static_cast<std::byte>(i < 8 ? bits >> (8 * i) : 0));
}

// `symbol`, `generic(symbol)`, each with `+4`: eight bytes (or four) that the loader fills in.
void read_relocation(Reader& reader, const ModuleNames& names, Variable& variable) {
  const uint32_t line = reader.line();
  Relocation relocation;
  relocation.offset = variable.init.size();
  std::string_view name = reader.expect_identifier("a number or a symbol");
  relocation.generic = name == "generic" && reader.accept('(');
  if (relocation.generic) {
    name = reader.expect_identifier("a symbol");
    reader.expect(')');
  }
  auto found = names.symbols.find(name);
  if (found == names.symbols.end()) reader.fail<ArtifactError>(line, "'", name, "' is not declared before this line");
  relocation.symbol = found->second.kind;
  relocation.index = found->second.index;
  relocation.addend = static_cast<int64_t>(reader.read_offset());
  variable.relocations.push_back(relocation);
  append_bytes(0, bytes_of(variable.type), variable.init);
}

void read_initial_value(Reader& reader, const ModuleNames& names, Variable& variable) {
  const Token& token = reader.peek();
  const uint32_t bytes = bytes_of(variable.type);
  if (token.is_identifier()) return read_relocation(reader, names, variable);
  if (token.kind == TokenKind::Float32 || token.kind == TokenKind::Float64) {
    const bool fits = (token.kind == TokenKind::Float32 ? 4 : 8) == bytes;
    if (!fits) reader.fail<UnsupportedError>(token.line, "a float of another size than .", type_text(variable.type));
    append_bytes(reader.take().bits, bytes, variable.init);
    return;
  }
  if (token.is('{')) reader.fail<UnsupportedError>(token.line, "a nested initializer; write the values in one list");
  append_bytes(reader.expect_signed("a number or a symbol"), bytes, variable.init);
}

void read_initializer(Reader& reader, const ModuleNames& names, Variable& variable) {
  const uint32_t line = reader.line();
  if (reader.accept('{')) {
    do {
      read_initial_value(reader, names, variable);
    } while (reader.accept(','));
    reader.expect('}');
  } else {
    read_initial_value(reader, names, variable);
  }
  if (variable.init.size() > variable.size) {
    reader.fail<ArtifactError>(line, "the initializer of '", variable.name, "' has ", variable.init.size(),
                               " bytes; the variable has ", variable.size);
  }
}

// The dot-words between `.param` and the name.
void read_param_type(Reader& reader, Param& param) {
  if (reader.accept_word("align")) {
    param.align = reader.expect_alignment();
    param.explicit_align = true;
  }
  param.type = read_type(reader);
  if (!param.explicit_align) param.align = bytes_of(param.type);
  param.is_pointer = reader.accept_word("ptr");
  while (param.is_pointer && reader.peek().kind == TokenKind::DotWord) {
    if (reader.accept_word("align")) {
      param.pointer_align = reader.expect_alignment();
      continue;
    }
    auto space = find_space(reader.peek().text);
    if (!space) reader.unexpected("a state space or .align after .ptr");
    param.pointer_space = *space;
    reader.take();
  }
}

Param read_param(Reader& reader, uint64_t start) {
  const uint32_t line = reader.line();
  Param param;
  if (reader.accept_word("reg")) {
    param.space = Space::Reg;
  } else if (!reader.accept_word("param")) {
    reader.unexpected("'.param'");
  }
  read_param_type(reader, param);
  param.name = reader.expect_identifier("the name of a parameter");
  param.size = bytes_of(param.type);
  if (reader.accept('[')) {
    param.count = reader.expect_integer("the length of an array", kMostParamBytes);
    if (param.count == 0) reader.fail<ArtifactError>(line, "parameter '", param.name, "' has no element");
    param.size *= param.count;
    reader.expect(']');
  }
  param.offset = align_up(start, param.align);
  if (param.offset + param.size > kMostParamBytes) {
    reader.fail<ArtifactError>(line, "the parameters take more than ", kMostParamBytes, " bytes");
  }
  return param;
}

}  // namespace

std::vector<Variable> read_variables(Reader& reader, const ModuleNames& names, Linkage linkage, Space space) {
  const Variable common = read_variable_type(reader, linkage, space);
  std::vector<Variable> variables;
  do {
    Variable& variable = variables.emplace_back(common);
    variable.line.number = reader.line();
    variable.name = reader.expect_identifier("the name of a variable");
    read_dimensions(reader, variable);
    if (reader.accept('=')) read_initializer(reader, names, variable);
  } while (reader.accept(','));
  reader.expect(';');
  return variables;
}

std::vector<Param> read_params(Reader& reader) {
  std::vector<Param> params;
  reader.expect('(');
  if (reader.accept(')')) return params;
  do {
    params.push_back(read_param(reader, params_end(params)));
  } while (reader.accept(','));
  reader.expect(')');
  return params;
}

uint64_t params_end(const std::vector<Param>& params) {
  return params.empty() ? 0 : params.back().offset + params.back().size;
}

}  // namespace triton_runner::ptx
