#include "ptx/parser.h"

#include <algorithm>
#include <utility>

#include "ptx/body.h"
#include "ptx/declaration.h"

namespace triton_runner::ptx {
namespace {

class ModuleReader {
 public:
  explicit ModuleReader(std::string_view text) : reader_(text), locs_(module_.locs) {}

  Module read() {
    read_version();
    if (!reader_.accept_word("target")) reader_.unexpected("'.target' behind the version");
    read_target();
    while (reader_.peek().kind != TokenKind::End) read_item();
    point_calls_at_definitions();
    return std::move(module_);
  }

 private:
  void read_version();
  void read_target();
  void read_item();
  void read_directive(const Token& directive);
  void read_file();
  void read_section();
  void read_declaration(const Token& word);
  void read_module_variables(Linkage linkage, Space space);
  void read_function(Linkage linkage, bool is_entry, uint32_t line);
  bool read_function_directive(Directives& directives);
  Extent read_extent();
  uint32_t read_count(std::string_view what) { return static_cast<uint32_t>(reader_.expect_integer(what, UINT32_MAX)); }
  void declare(const std::string& name, SymbolKind kind, size_t index, uint32_t line);
  void point_calls_at_definitions();
  void add_item(ItemKind kind, size_t index) { module_.layout.push_back({kind, static_cast<uint32_t>(index)}); }

  Reader reader_;
  Module module_;
  ModuleNames names_;
  LocTable locs_;
};

void ModuleReader::read_version() {
  if (!reader_.accept_word("version")) reader_.unexpected("'.version': PTX text starts with it");
  // "8.7" is one token to the lexer, a decimal literal.
  const Token version = reader_.take();
  const size_t dot = version.text.find('.');
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool is_version = version.kind == TokenKind::Float64 && dot != std::string_view::npos && dot <= 4 &&
                          version.text.size() - dot <= 5 &&
                          std::ranges::all_of(version.text, [&](char c) { return digit(c) || c == '.'; });
  if (!is_version) reader_.fail<ArtifactError>(version.line, "expected a version such as 8.7");
  module_.version_major = static_cast<uint32_t>(std::stoul(std::string(version.text.substr(0, dot))));
  module_.version_minor = static_cast<uint32_t>(std::stoul(std::string(version.text.substr(dot + 1))));
}

void ModuleReader::read_target() {
  module_.target = reader_.expect_identifier("a target such as sm_80");
  while (reader_.accept(',')) module_.target_options.emplace_back(reader_.expect_identifier("an option of .target"));
}

void ModuleReader::read_item() {
  const Token token = reader_.take();
  if (token.kind != TokenKind::DotWord) {
    reader_.fail<ArtifactError>(token.line, "unexpected '", printable(token.text),
                                "' outside of a function; expected a directive");
  }
  read_directive(token);
}

void ModuleReader::read_directive(const Token& directive) {
  std::string_view word = directive.text;
  if (word == "address_size") {
    const uint32_t bits = read_count("the bits of an address");
    if (bits != 64)
      reader_.fail<UnsupportedError>(directive.line, "addresses of ", bits, " bits; expected .address_size 64");
    return;
  }
  if (word == "file") return read_file();
  if (word == "section") return read_section();
  if (word == "pragma") {
    add_item(ItemKind::Pragma, module_.pragmas.size());
    module_.pragmas.emplace_back(reader_.expect_string("a string"));
    return reader_.expect(';');
  }
  read_declaration(directive);
}

void ModuleReader::read_file() {
  File file;
  file.number = read_count("a file number");
  file.path = reader_.expect_string("a path in quotes");
  file.has_stamp = reader_.accept(',');
  if (file.has_stamp) {
    file.timestamp = reader_.expect_integer("a time stamp", UINT64_MAX);
    reader_.expect(',');
    file.size = reader_.expect_integer("a file size", UINT64_MAX);
  }
  add_item(ItemKind::File, module_.files.size());
  module_.files.push_back(std::move(file));
}

void ModuleReader::read_section() {
  const Token name = reader_.take();
  if (name.kind != TokenKind::DotWord)
    reader_.fail<ArtifactError>(name.line, "expected the name of a section such as .debug_info");
  add_item(ItemKind::Section, module_.sections.size());
  module_.sections.push_back({std::string(name.text), std::string(reader_.take_section())});
}

void ModuleReader::read_declaration(const Token& word) {
  static constexpr std::pair<std::string_view, Linkage> kLinkages[] = {
      {"visible", Linkage::Visible}, {"extern", Linkage::Extern}, {"weak", Linkage::Weak}, {"common", Linkage::Common}};
  Linkage linkage = Linkage::Internal;
  Token kind = word;
  for (auto [text, value] : kLinkages) {
    if (word.text != text) continue;
    linkage = value;
    kind = reader_.take();
    if (kind.kind != TokenKind::DotWord) reader_.fail<ArtifactError>(kind.line, "expected a declaration after .", text);
  }
  if (kind.text == "entry" || kind.text == "func") return read_function(linkage, kind.text == "entry", kind.line);
  auto space = find_space(kind.text);
  const bool holds_variables =
      space == Space::Global || space == Space::Shared || space == Space::Const || space == Space::Local;
  if (!holds_variables) {
    reader_.fail<UnsupportedError>(
        kind.line, "unknown directive '.", kind.text,
        "' outside of a function; expected .entry, .func, .global, .shared, .const, .file, .section, "
        ".pragma or .address_size");
  }
  read_module_variables(linkage, *space);
}

void ModuleReader::declare(const std::string& name, SymbolKind kind, size_t index, uint32_t line) {
  auto [known, is_new] = names_.symbols.try_emplace(name, ModuleNames::Entry{kind, static_cast<uint32_t>(index)});
  if (is_new) return;
  // A function or an extern variable may be declared before it is defined.
  const bool repeats =
      known->second.kind == kind &&
      (kind == SymbolKind::Function ? module_.functions[known->second.index].is_declaration
                                    : module_.variables[known->second.index].linkage == Linkage::Extern);
  if (!repeats) reader_.fail<ArtifactError>(line, "'", name, "' is declared twice");
  known->second.index = static_cast<uint32_t>(index);
}

void ModuleReader::read_module_variables(Linkage linkage, Space space) {
  for (Variable& variable : read_variables(reader_, names_, linkage, space)) {
    const size_t index = module_.variables.size();
    declare(variable.name, SymbolKind::Variable, index, variable.line.number);
    add_item(ItemKind::Variable, index);
    module_.variables.push_back(std::move(variable));
  }
}

Extent ModuleReader::read_extent() {
  Extent extent{1, 1, 1};
  size_t at = 0;
  do {
    if (at == extent.size()) reader_.unexpected("at most three numbers");
    const uint32_t line = reader_.line();
    extent[at] = read_count("a size");
    if (extent[at++] == 0) reader_.fail<ArtifactError>(line, "a size of 0; expected at least 1");
  } while (reader_.accept(','));
  return extent;
}

bool ModuleReader::read_function_directive(Directives& directives) {
  if (reader_.peek().kind != TokenKind::DotWord) return false;
  const Token word = reader_.take();
  std::string_view text = word.text;
  if (text == "reqntid") {
    directives.reqntid = read_extent();
  } else if (text == "maxntid") {
    directives.maxntid = read_extent();
  } else if (text == "reqnctapercluster") {
    directives.reqnctapercluster = read_extent();
  } else if (text == "maxclusterrank") {
    directives.maxclusterrank = read_count("a number of CTAs");
  } else if (text == "minnctapersm") {
    directives.minnctapersm = read_count("a number of CTAs");
  } else if (text == "maxnctapersm") {
    directives.maxnctapersm = read_count("a number of CTAs");
  } else if (text == "maxnreg") {
    directives.maxnreg = read_count("a number of registers");
  } else if (text == "explicitcluster") {
    directives.explicitcluster = true;
  } else if (text == "blocksareclusters") {
    directives.blocksareclusters = true;
  } else if (text == "noreturn") {
    directives.noreturn = true;
  } else if (text == "pragma") {
    directives.pragmas.emplace_back(reader_.expect_string("a string"));
    reader_.expect(';');
  } else {
    reader_.fail<UnsupportedError>(word.line, "unknown directive '.", text, "' of a function");
  }
  return true;
}

void ModuleReader::read_function(Linkage linkage, bool is_entry, uint32_t line) {
  const size_t index = module_.functions.size();
  Function& function = module_.functions.emplace_back();
  function.linkage = linkage;
  function.is_entry = is_entry;
  function.line.number = line;
  if (!is_entry && reader_.peek().is('(')) function.results = read_params(reader_);
  function.name = reader_.expect_identifier("the name of a function");
  if (reader_.peek().is('(')) function.params = read_params(reader_);
  function.param_bytes = params_end(function.params);
  while (read_function_directive(function.directives)) {
  }
  function.is_declaration = !reader_.peek().is('{');
  declare(function.name, SymbolKind::Function, index, line);
  add_item(ItemKind::Function, index);
  if (function.is_declaration) {
    if (!reader_.accept(';')) reader_.unexpected("'{' or ';'");
    return;
  }
  BodyReader(reader_, names_, locs_, function).read();
}

// A call that came before the definition points at the declaration; afterwards all calls agree.
void ModuleReader::point_calls_at_definitions() {
  for (Function& function : module_.functions) {
    for (Instruction& instruction : function.instructions) {
      for (Operand& operand : instruction.operands) {
        if (operand.kind != OperandKind::Symbol || operand.symbol != SymbolKind::Function) continue;
        operand.index = names_.symbols.find(module_.functions[operand.index].name)->second.index;
      }
    }
  }
}

}  // namespace

Module parse(std::string_view text) {
  constexpr size_t kMostBytesOfText = size_t{1} << 30;
  TR_CHECK(text.size() <= kMostBytesOfText, UnsupportedError, "PTX text of ", text.size(), " bytes; expected at most ",
           kMostBytesOfText);
  TR_CHECK(!text.empty(), ArtifactError, "the PTX text is empty");
  return ModuleReader(text).read();
}

}  // namespace triton_runner::ptx
