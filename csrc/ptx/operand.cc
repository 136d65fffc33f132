#include "ptx/operand.h"

#include <utility>

namespace triton_runner::ptx {
namespace {

Operand make(OperandKind kind, uint64_t bits = 0) {
  Operand operand;
  operand.kind = kind;
  operand.bits = bits;
  return operand;
}

}  // namespace

Operand OperandReader::read() {
  Operand first = read_simple();
  if (!reader_.accept('|')) return first;
  Operand pair = make(OperandKind::Pair);
  pair.elements.push_back(std::move(first));
  pair.elements.push_back(read_scalar());
  return pair;
}

Operand OperandReader::read_simple() {
  if (reader_.peek().is('{')) return read_vector();
  if (reader_.peek().is('[')) return read_address();
  return read_scalar();
}

Operand OperandReader::read_scalar() {
  const uint32_t line = reader_.line();
  if (reader_.accept('!')) {
    Operand operand = read_name();
    if (operand.kind != OperandKind::Register) reader_.fail<ArtifactError>(line, "expected a register after '!'");
    operand.negated = true;
    return operand;
  }
  return reader_.peek().is_identifier() ? read_name() : read_number();
}

Operand OperandReader::read_number() {
  const bool negative = reader_.accept('-');
  if (!negative) reader_.accept('+');
  const Token& token = reader_.peek();
  if (token.kind == TokenKind::Float32 || token.kind == TokenKind::Float64) {
    const bool is_single = token.kind == TokenKind::Float32;
    Operand operand = make(OperandKind::Float, token.bits);
    operand.float_type = is_single ? Type::F32 : Type::F64;
    if (negative) operand.bits ^= uint64_t{1} << (is_single ? 31 : 63);
    reader_.take();
    return operand;
  }
  const uint64_t bits = reader_.expect_integer("an operand", UINT64_MAX);
  return make(OperandKind::Integer, negative ? uint64_t{0} - bits : bits);
}

bool OperandReader::resolve(std::string_view name, Operand& operand) const {
  if (auto symbol = scopes_.find(name)) {
    operand.index = symbol->index;
    operand.symbol = symbol->table;
    operand.kind = symbol->kind == Symbol::Kind::Register   ? OperandKind::Register
                   : symbol->kind == Symbol::Kind::Variable ? OperandKind::Symbol
                                                            : OperandKind::BranchTable;
    return true;
  }
  auto found = names_.symbols.find(name);
  if (found == names_.symbols.end()) return false;
  operand.kind = OperandKind::Symbol;
  operand.symbol = found->second.kind;
  operand.index = found->second.index;
  return true;
}

Operand OperandReader::read_special(std::string_view name, uint32_t line) {
  std::string full(name);
  // %tid.x is two tokens: only a special register has components.
  if (name.starts_with('%') && reader_.peek().kind == TokenKind::DotWord && reader_.peek().touches) {
    full += concat('.', reader_.take().text);
  }
  auto special = find_special(full);
  if (!special) {
    reader_.fail<ArtifactError>(line, "'", full,
                                "' is neither declared before this line nor a special register that we know");
  }
  Operand operand = make(OperandKind::SpecialRegister);
  operand.special = *special;
  return operand;
}

Operand OperandReader::read_name() {
  const uint32_t line = reader_.line();
  std::string_view name = reader_.expect_identifier("an operand");
  if (name == "_") return make(OperandKind::Discard);
  Operand operand;
  if (!resolve(name, operand)) return read_special(name, line);
  if (operand.kind == OperandKind::Symbol) operand.bits = reader_.read_offset();
  return operand;
}

Operand OperandReader::read_address() {
  Operand address = make(OperandKind::Address);
  reader_.expect('[');
  if (reader_.peek().is_identifier()) {
    const uint32_t line = reader_.line();
    std::string_view name = reader_.take().text;
    if (!resolve(name, address) || address.kind == OperandKind::BranchTable) {
      reader_.fail<ArtifactError>(line, "'", name, "' is no register, variable or parameter declared before this line");
    }
    const bool is_register = address.kind == OperandKind::Register;
    if (is_register && function_.register_types[address.index] == Type::Pred) {
      reader_.fail<ArtifactError>(line, "'", name, "' is a predicate; expected an address");
    }
    address.base = is_register ? AddressBase::Register : AddressBase::Symbol;
    address.kind = OperandKind::Address;
    address.bits = reader_.read_offset();
  } else {
    address.base = AddressBase::Absolute;
    address.bits = reader_.expect_signed("an address");
  }
  if (reader_.accept(',')) {
    reader_.expect('{');
    address.elements = read_scalars('}');
  }
  reader_.expect(']');
  return address;
}

Operand OperandReader::read_vector() {
  Operand vector = make(OperandKind::Vector);
  reader_.expect('{');
  vector.elements = read_scalars('}');
  return vector;
}

Operand OperandReader::read_tuple() {
  Operand tuple = make(OperandKind::Tuple);
  reader_.expect('(');
  if (!reader_.accept(')')) tuple.elements = read_scalars(')');
  return tuple;
}

std::vector<Operand> OperandReader::read_scalars(char end) {
  std::vector<Operand> scalars;
  do {
    scalars.push_back(read_scalar());
  } while (reader_.accept(','));
  reader_.expect(end);
  return scalars;
}

std::vector<Operand> OperandReader::read_call() {
  std::vector<Operand> operands;
  const uint32_t line = reader_.line();
  if (reader_.peek().is('(')) {
    operands.push_back(read_tuple());
    reader_.expect(',');
  } else {
    operands.push_back(make(OperandKind::Tuple));
  }
  operands.push_back(read_name());
  const Operand& callee = operands.back();
  const bool is_function =
      callee.kind == OperandKind::Symbol && callee.symbol == SymbolKind::Function && callee.bits == 0;
  if (!is_function && callee.kind != OperandKind::Register) {
    reader_.fail<ArtifactError>(line, "a call of something that is no function declared before this line");
  }
  operands.push_back(make(OperandKind::Tuple));
  bool more = reader_.accept(',');
  if (more && reader_.peek().is('(')) {
    operands.back() = read_tuple();
    more = reader_.accept(',');
  }
  if (more) operands.push_back(read_name());
  return operands;
}

uint32_t OperandReader::read_guard() {
  const uint32_t line = reader_.line();
  const Operand guard = read_name();
  if (guard.kind != OperandKind::Register || function_.register_types[guard.index] != Type::Pred) {
    reader_.fail<ArtifactError>(line, "expected a predicate register after '@'");
  }
  return guard.index;
}

}  // namespace triton_runner::ptx
