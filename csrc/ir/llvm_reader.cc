#include <algorithm>
#include <charconv>
#include <utility>

#include "ir/llvm_instruction.h"
#include "ir/llvm_module.h"
#include "ir/llvm_type_reader.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

std::string_view without_sigil(std::string_view name) { return name.substr(1); }

std::string unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return std::string(text);
}

// The number of %12; nothing for %x.
bool read_number(std::string_view name, uint64_t& number) {
  const std::string_view digits = without_sigil(name);
  auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && rest == digits.data() + digits.size();
}

class ModuleReader {
 public:
  explicit ModuleReader(std::string_view text) : text_(text), lexer_(text), ahead_(lexer_.next()) {}

  LlvmModule run() {
    while (ahead_.kind != LlvmTokenKind::End) {
      if (ahead_.is_word("define")) {
        read_function();
      } else {
        read_item(take_line());
      }
    }
    return std::move(module_);
  }

 private:
  template <typename... Parts>
  [[noreturn]] void fail(uint32_t line, const Parts&... parts) const {
    raise<ArtifactError>(llvm_where(text_, line), parts...);
  }
  LlvmToken take() { return std::exchange(ahead_, lexer_.next()); }
  std::vector<LlvmToken> take_line();
  void read_item(const std::vector<LlvmToken>& tokens);
  void read_function();
  void read_params(LlvmFunction& function, std::vector<LlvmToken> tokens);
  void read_body(LlvmFunction& function);
  void start_block(LlvmFunction& function, std::string label);
  void connect(LlvmFunction& function) const;
  void note_number(std::string_view name) {
    if (uint64_t number = 0; read_number(name, number)) next_number_ = number + 1;
  }

  std::string_view text_;
  LlvmLexer lexer_;
  LlvmToken ahead_;
  LlvmModule module_;
  uint64_t next_number_ = 0;  // that the next value or block without a name would get
};

// Tokens up to the next line that starts outside of brackets.
std::vector<LlvmToken> ModuleReader::take_line() {
  std::vector<LlvmToken> tokens;
  size_t depth = 0;
  do {
    if (ahead_.kind == LlvmTokenKind::End && depth > 0)
      fail(tokens.front().line, "a bracket is not closed: is the file cut off?");
    depth += opens(ahead_);
    depth -= closes(ahead_) && depth > 0;
    tokens.push_back(take());
  } while (ahead_.kind != LlvmTokenKind::End ? (depth > 0 || !ahead_.starts_line) : depth > 0);
  return tokens;
}

// Of what stands outside of functions, only nodes like !7 = distinct !DISubprogram(...) matter.
void ModuleReader::read_item(const std::vector<LlvmToken>& list) {
  LlvmTokens tokens(list);
  const LlvmToken name = tokens.take();
  if (name.kind != LlvmTokenKind::Metadata || !tokens.accept('=')) return;
  tokens.accept_word("distinct");
  if (tokens.peek().kind != LlvmTokenKind::Metadata || !tokens.peek(1).is('(')) return;
  LlvmMetadata node{tokens.take().text, {}};
  tokens.take();
  while (!tokens.at_end() && !tokens.peek().is(')')) {
    const std::string_view field = tokens.take().text;
    if (!tokens.accept(':')) continue;
    node.fields[field] = tokens.peek().text;
    tokens.skip_past_comma();
  }
  module_.metadata[name.text] = std::move(node);
}

void ModuleReader::read_function() {
  LlvmFunction function;
  function.line = take().line;
  while (ahead_.kind != LlvmTokenKind::Global) {
    if (ahead_.kind == LlvmTokenKind::End) fail(function.line, "expected the name of a function");
    function.is_kernel |= take().is_word("ptx_kernel");
  }
  function.name = unquoted(without_sigil(take().text));
  if (!ahead_.is('(')) fail(function.line, "expected '(' behind the name of the function");
  std::vector<LlvmToken> params;
  size_t depth = 0;
  do {
    if (ahead_.kind == LlvmTokenKind::End) fail(function.line, "the parameters have no end: is the file cut off?");
    depth += opens(ahead_);
    depth -= closes(ahead_);
    params.push_back(take());
  } while (depth > 0);
  function.params_end = static_cast<size_t>(params.back().text.data() - text_.data());
  read_params(function, std::move(params));
  while (!ahead_.is('{')) {
    if (ahead_.kind == LlvmTokenKind::End) fail(function.line, "the function has no body: is the file cut off?");
    take();
  }
  take();
  read_body(function);
  connect(function);
  module_.functions.push_back(std::move(function));
}

// `tokens` has the parentheses too.
void ModuleReader::read_params(LlvmFunction& function, std::vector<LlvmToken> list) {
  next_number_ = 0;
  list.pop_back();
  LlvmTokens tokens({list.begin() + 1, list.end()});
  while (!tokens.at_end() && !tokens.peek().is('.')) {
    LlvmParam param;
    param.begin = static_cast<size_t>(tokens.peek().text.data() - text_.data());
    param.type = tokens.read_type();
    while (!tokens.at_end() && !tokens.peek().is(',')) {
      if (opens(tokens.peek())) {
        tokens.skip_group();
      } else if (const LlvmToken token = tokens.take(); token.kind == LlvmTokenKind::Local) {
        param.name = token.text;
      }
    }
    if (param.name.empty()) param.name = concat("%", next_number_);
    note_number(param.name);
    function.params.push_back(std::move(param));
    tokens.accept(',');
  }
}

void ModuleReader::start_block(LlvmFunction& function, std::string label) {
  note_number(label);
  function.blocks.push_back({std::move(label), static_cast<uint32_t>(function.instructions.size()), 0});
}

void ModuleReader::read_body(LlvmFunction& function) {
  bool is_open = false;  // whether a block has started and not ended
  for (;;) {
    if (ahead_.kind == LlvmTokenKind::End) fail(function.line, "the body has no end: is the file cut off?");
    if (ahead_.is('}')) break;
    const bool is_label = ahead_.starts_line && ahead_.text.size() > 1 && ahead_.text.back() == ':' &&
                          (ahead_.kind == LlvmTokenKind::Word || ahead_.kind == LlvmTokenKind::String);
    if (is_label) {
      if (is_open) fail(ahead_.line, "the block before this label does not end with a branch or a return");
      const std::string_view label = take().text;
      start_block(function, concat("%", label.substr(0, label.size() - 1)));
      is_open = true;
      continue;
    }
    const std::vector<LlvmToken> tokens = take_line();
    if (tokens.front().kind == LlvmTokenKind::Attributes) continue;  // #dbg_value(...)
    if (!is_open) start_block(function, concat("%", next_number_));
    function.instructions.push_back(read_llvm_instruction(text_, tokens));
    ++function.blocks.back().count;
    if (!function.instructions.back().result.empty()) note_number(function.instructions.back().result);
    is_open = !is_terminator(function.instructions.back());
  }
  if (is_open || function.blocks.empty()) fail(ahead_.line, "a block does not end with a branch or a return");
  take();
}

void ModuleReader::connect(LlvmFunction& function) const {
  std::map<std::string_view, Block> blocks;
  for (Block i = 0; i < function.blocks.size(); ++i) {
    const LlvmBlock& block = function.blocks[i];
    const uint32_t line = block.count > 0 ? function.instructions[block.first].line : function.line;
    if (block.count == 0) fail(line, "block ", block.label, " of function '", function.name, "' is empty");
    if (!blocks.emplace(block.label, i).second) fail(line, "there are two blocks ", block.label);
  }
  function.graph.resize(function.blocks.size());
  for (Block i = 0; i < function.blocks.size(); ++i) {
    const LlvmInstruction& last = function.instructions[function.blocks[i].first + function.blocks[i].count - 1];
    for (const std::string& label : last.successors) {
      const auto target = blocks.find(label);
      if (target == blocks.end()) fail(last.line, "there is no block ", label, " in function '", function.name, "'");
      function.graph[i].push_back(target->second);
    }
  }
}

}  // namespace

LlvmModule read_llvm(std::string_view text) {
  TR_CHECK(!text.empty(), ArtifactError, "the LLVM IR text is empty");
  return ModuleReader(text).run();
}

const LlvmFunction& LlvmModule::kernel(const std::string& name) const {
  std::vector<const LlvmFunction*> kernels;
  std::string names;
  for (const LlvmFunction& function : functions) {
    if (!name.empty() && function.name == name) return function;
    if (!function.is_kernel && functions.size() > 1) continue;
    kernels.push_back(&function);
    names += concat(names.empty() ? "" : ", ", function.name);
  }
  TR_CHECK(name.empty(), ArtifactError, "the LLVM IR has no kernel '", name, "'; it has: ", names);
  TR_CHECK(!kernels.empty(), ArtifactError, "the LLVM IR defines no kernel: expected a function that is a ptx_kernel");
  TR_CHECK(kernels.size() == 1, ArtifactError, "the LLVM IR has ", kernels.size(), " kernels (", names,
           "): say which one");
  return *kernels.front();
}

std::vector<SourceLine> LlvmModule::source_lines(std::string_view debug) const {
  auto node_of = [&](std::string_view name) -> const LlvmMetadata* {
    const auto found = metadata.find(name);
    return found == metadata.end() ? nullptr : &found->second;
  };
  auto field = [](const LlvmMetadata* node, std::string_view name) {
    const auto found = node->fields.find(name);
    return found == node->fields.end() ? std::string_view() : found->second;
  };
  std::vector<SourceLine> lines;
  constexpr size_t kLongest = 64;  // text that was made to be hostile could close a ring
  while (const LlvmMetadata* location = debug.empty() ? nullptr : node_of(debug)) {
    if (lines.size() == kLongest) break;
    const LlvmMetadata* scope = node_of(field(location, "scope"));
    const LlvmMetadata* file = scope == nullptr ? nullptr : node_of(field(scope, "file"));
    if (file == nullptr) break;
    const std::string directory = unquoted(field(file, "directory"));
    const std::string name = unquoted(field(file, "filename"));
    int line = 0;
    const std::string_view digits = field(location, "line");
    std::from_chars(digits.data(), digits.data() + digits.size(), line);
    const bool is_absolute = directory.empty() || name.starts_with('/');
    lines.push_back({is_absolute ? name : concat(directory, "/", name), line});
    debug = field(location, "inlinedAt");
  }
  return lines;
}

}  // namespace triton_runner::ir
