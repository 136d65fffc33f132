#include "ptx/body.h"

#include <utility>

#include "ptx/declaration.h"

namespace triton_runner::ptx {

uint32_t LocTable::read(Reader& reader) {
  auto number = [&](std::string_view what) { return static_cast<uint32_t>(reader.expect_integer(what, UINT32_MAX)); };
  Loc loc;
  loc.file = number("a file number");
  loc.line = number("a line");
  loc.column = number("a column");
  while (reader.accept(',')) {
    const uint32_t line = reader.line();
    std::string_view word = reader.expect_identifier("function_name or inlined_at");
    if (word == "function_name") {
      loc.function_name = reader.expect_identifier("a label");
      loc.function_offset = static_cast<int64_t>(reader.read_offset());
    } else if (word == "inlined_at") {
      loc.inlined = true;
      loc.inlined_file = number("a file number");
      loc.inlined_line = number("a line");
      loc.inlined_column = number("a column");
      auto parent = latest_.find({loc.inlined_file, loc.inlined_line, loc.inlined_column});
      if (parent != latest_.end()) loc.parent = parent->second;
    } else {
      reader.fail<ArtifactError>(line, "unexpected '", word, "'; expected function_name or inlined_at");
    }
  }
  const auto index = static_cast<uint32_t>(locs_.size());
  latest_[{loc.file, loc.line, loc.column}] = index;
  locs_.push_back(std::move(loc));
  return index;
}

void BodyReader::read() {
  reader_.expect('{');
  scopes_.open();
  declare_params(function_.results, SymbolKind::Result);
  declare_params(function_.params, SymbolKind::Parameter);
  while (scopes_.depth() > 0) read_statement();
}

void BodyReader::declare_params(std::vector<Param>& params, SymbolKind table) {
  for (size_t i = 0; i < params.size(); ++i) {
    Param& param = params[i];
    Symbol symbol{Symbol::Kind::Variable, table, static_cast<uint32_t>(i)};
    if (param.space == Space::Reg) {
      param.reg = add_registers(param.type, 1, function_.line.number);
      symbol = {Symbol::Kind::Register, SymbolKind::Variable, param.reg};
    }
    declare(param.name, symbol, function_.line.number);
  }
}

void BodyReader::declare(std::string_view name, Symbol symbol, uint32_t line) {
  if (!scopes_.declare(name, symbol)) reader_.fail<ArtifactError>(line, "'", name, "' is declared twice in one scope");
}

void BodyReader::open_scope() {
  if (scopes_.depth() >= ScopeStack::kDeepest) {
    reader_.fail<UnsupportedError>(reader_.line(), "braces nest more than ", ScopeStack::kDeepest, " deep");
  }
  reader_.expect('{');
  scopes_.open();
  add_item(ItemKind::OpenScope, 0);
}

void BodyReader::close_scope() {
  const auto unresolved = scopes_.close([&](const LabelUse& use, uint32_t label) {
    if (use.table == kNone) {
      function_.instructions[use.instruction].operands[0].index = label;
    } else {
      function_.branch_tables[use.table].labels[use.entry] = label;
    }
  });
  if (!unresolved.empty()) {
    reader_.fail<ArtifactError>(unresolved[0].line, "label '", unresolved[0].name, "' is not declared in function '",
                                function_.name, "'");
  }
  reader_.expect('}');
  if (scopes_.depth() > 0) add_item(ItemKind::CloseScope, 0);
}

void BodyReader::read_statement() {
  const Token& token = reader_.peek();
  if (token.is('{')) return open_scope();
  if (token.is('}')) return close_scope();
  if (token.is('@')) return read_guarded();
  if (token.kind == TokenKind::DotWord) return read_directive();
  if (reader_.accept(';')) return;
  const uint32_t line = reader_.line();
  std::string_view word = reader_.expect_identifier("a statement");
  if (reader_.accept(':')) return read_label(word, line);
  Instruction instruction;
  instruction.line.number = line;
  read_instruction(word, std::move(instruction));
}

void BodyReader::read_directive() {
  const Token directive = reader_.take();
  if (directive.text == "loc") {
    loc_ = locs_.read(reader_);
    return add_item(ItemKind::Loc, loc_);
  }
  if (directive.text == "reg") return read_registers();
  if (directive.text == "pragma") {
    add_item(ItemKind::Pragma, function_.pragmas.size());
    function_.pragmas.emplace_back(reader_.expect_string("a string"));
    return reader_.expect(';');
  }
  auto space = find_space(directive.text);
  const bool holds_variables = space == Space::Local || space == Space::Shared || space == Space::Param ||
                               space == Space::Global || space == Space::Const;
  if (!holds_variables) {
    reader_.fail<UnsupportedError>(
        directive.line, "unknown directive '.", directive.text,
        "'; expected in a body: .reg, .local, .shared, .param, .global, .const, .loc, .pragma");
  }
  read_locals(*space);
}

void BodyReader::read_registers() {
  const Token token = reader_.take();
  auto type = token.kind == TokenKind::DotWord ? find_type(token.text) : std::nullopt;
  if (!type || type_bits(*type) > 128) {
    reader_.fail<UnsupportedError>(token.line, "'", printable(token.text),
                                   "' is no type of a register that we know; expected .b32 or alike");
  }
  do {
    read_register(*type);
  } while (reader_.accept(','));
  reader_.expect(';');
}

void BodyReader::read_register(Type type) {
  const uint32_t line = reader_.line();
  RegisterDecl decl;
  decl.name = reader_.expect_identifier("the name of a register");
  decl.type = type;
  decl.numbered = reader_.peek().is('<');
  add_item(ItemKind::Registers, function_.register_decls.size());
  if (decl.numbered) {
    reader_.take();
    decl.count = static_cast<uint32_t>(reader_.expect_integer("a number of registers", kMostRegisters));
    reader_.expect('>');
  }
  decl.first = add_registers(type, decl.count, line);
  const bool is_new = decl.numbered
                          ? scopes_.declare_family(decl.name, {decl.first, decl.count})
                          : scopes_.declare(decl.name, {Symbol::Kind::Register, SymbolKind::Variable, decl.first});
  if (!is_new) reader_.fail<ArtifactError>(line, "register '", decl.name, "' is declared twice in one scope");
  function_.register_decls.push_back(std::move(decl));
}

uint32_t BodyReader::add_registers(Type type, uint64_t count, uint32_t line) {
  const size_t first = function_.register_types.size();
  names_.registers += count;
  if (first + count > kMostRegisters || names_.registers > kMostModuleRegisters) {
    reader_.fail<UnsupportedError>(line, "more than ", kMostRegisters, " registers in a function, or ",
                                   kMostModuleRegisters, " in a module");
  }
  function_.register_types.insert(function_.register_types.end(), count, type);
  return static_cast<uint32_t>(first);
}

void BodyReader::read_locals(Space space) {
  for (Variable& variable : read_variables(reader_, names_, Linkage::Internal, space)) {
    const auto index = static_cast<uint32_t>(function_.locals.size());
    declare(variable.name, {Symbol::Kind::Variable, SymbolKind::Local, index}, variable.line.number);
    add_item(ItemKind::Local, index);
    function_.locals.push_back(std::move(variable));
  }
}

void BodyReader::read_label(std::string_view name, uint32_t line) {
  if (reader_.peek().is_word("branchtargets")) return read_branch_table(name, line);
  if (reader_.peek().is_word("callprototype")) return read_prototype(name, line);
  const auto index = static_cast<uint32_t>(function_.labels.size());
  if (!scopes_.declare_label(name, index)) {
    reader_.fail<ArtifactError>(line, "label '", name, "' is declared twice in one scope");
  }
  add_item(ItemKind::Label, index);
  function_.labels.push_back({std::string(name), static_cast<uint32_t>(function_.instructions.size()), {line}});
}

void BodyReader::read_branch_table(std::string_view name, uint32_t line) {
  reader_.take();
  const auto index = static_cast<uint32_t>(function_.branch_tables.size());
  declare(name, {Symbol::Kind::BranchTable, SymbolKind::Variable, index}, line);
  BranchTable table;
  table.name = name;
  do {
    const uint32_t use_line = reader_.line();
    std::string_view label = reader_.expect_identifier("a label");
    scopes_.use_label({std::string(label), use_line, kNone, index, static_cast<uint32_t>(table.labels.size())});
    table.labels.push_back(kNone);
  } while (reader_.accept(','));
  reader_.expect(';');
  add_item(ItemKind::BranchTable, index);
  function_.branch_tables.push_back(std::move(table));
}

void BodyReader::read_prototype(std::string_view name, uint32_t line) {
  reader_.take();
  const auto index = static_cast<uint32_t>(function_.prototypes.size());
  declare(name, {Symbol::Kind::Variable, SymbolKind::Prototype, index}, line);
  std::string text = reader_.take_tokens_until(';');
  reader_.expect(';');
  add_item(ItemKind::Prototype, index);
  function_.prototypes.push_back({std::string(name), std::move(text)});
}

void BodyReader::read_guarded() {
  reader_.expect('@');
  Instruction instruction;
  instruction.guard_negated = reader_.accept('!');
  instruction.guard = operands_.read_guard();
  instruction.line.number = reader_.line();
  read_instruction(reader_.expect_identifier("an instruction"), std::move(instruction));
}

const Mnemonic& BodyReader::read_mnemonic(std::string_view first_word, uint32_t line) {
  std::string text(first_word);
  while (reader_.peek().kind == TokenKind::DotWord) {
    text += '.';
    text += reader_.take().text;
  }
  auto known = names_.mnemonics.find(text);
  if (known != names_.mnemonics.end()) return known->second;
  try {
    return names_.mnemonics.emplace(text, resolve_mnemonic(text)).first->second;
  } catch (const UnsupportedError& error) {
    reader_.fail<UnsupportedError>(line, error.what());
  }
}

void BodyReader::read_instruction(std::string_view first_word, Instruction instruction) {
  const Mnemonic& mnemonic = read_mnemonic(first_word, instruction.line.number);
  instruction.opcode = mnemonic.opcode;
  instruction.suffixes = mnemonic.suffixes;
  instruction.shape = mnemonic.shape;
  instruction.loc = loc_;
  read_operands(instruction);
  reader_.expect(';');
  choose_form(mnemonic, instruction);
  add_item(ItemKind::Instruction, function_.instructions.size());
  function_.instructions.push_back(std::move(instruction));
}

void BodyReader::read_operands(Instruction& instruction) {
  if (instruction.opcode == Opcode::Bra) return read_label_operand(instruction);
  if (instruction.opcode == Opcode::Call) {
    instruction.operands = operands_.read_call();
    return;
  }
  if (reader_.peek().is(';')) return;
  do {
    instruction.operands.push_back(operands_.read());
  } while (reader_.accept(','));
}

void BodyReader::read_label_operand(Instruction& instruction) {
  const uint32_t line = reader_.line();
  std::string_view name = reader_.expect_identifier("a label");
  scopes_.use_label({std::string(name), line, static_cast<uint32_t>(function_.instructions.size()), kNone, 0});
  instruction.operands.emplace_back().kind = OperandKind::Label;
}

void BodyReader::choose_form(const Mnemonic& mnemonic, Instruction& instruction) {
  for (uint16_t form : mnemonic.forms) {
    if (match_operands(forms()[form], instruction)) {
      instruction.form = form;
      return;
    }
  }
  reader_.fail<UnsupportedError>(instruction.line.number, opcode_text(instruction.opcode), " ",
                                 describe_operands(mnemonic, instruction),
                                 "; docs/ptx-coverage.md explains the letters");
}

}  // namespace triton_runner::ptx
