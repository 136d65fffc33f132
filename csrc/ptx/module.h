// The AST of a PTX module: what parser.h makes of the text, and what the printer, the access analysis, spec recovery
// and the executor read. Plain data, built once by the parser and then immutable; safe to share between threads.
//
// How the executor consumes it:
//  * `Function::instructions` is the flat program; control flow is `Label::instruction`, an index into it (one past the
//  end is
//    legal). Braces, declarations, .loc and .pragma lie beside it in `Function::layout`, which only the printer needs.
//  * A register is a dense index below `Function::register_types.size()`, unique over all nested `{ }` scopes of the
//  function,
//    so that a thread's register file is one flat array. Names are kept for diagnostics only (`register_name`).
//  * Every name is resolved: operands hold indices, never text. The parser has already checked opcode, modifiers, types
//  and the
//    kinds of operands against the opcode table; `Instruction::form` says which row of it matched (opcodes.h).
//  * An immediate holds exact bits: an integer is sign extended to 64 bits, 0f/0d are IEEE bits of 32/64.
// Line numbers never take part in comparisons: equality means "the same program".
// Tested in tests/csrc/ptx/test_parser.cc and test_printer.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ptx/words.h"

namespace triton_runner::ptx {

constexpr uint32_t kNone = 0xFFFFFFFFu;  // of any index below: there is none

// A line of the PTX text, from 1. Equal to every other line, so that defaulted comparisons look past it.
struct Line {
  uint32_t number = 0;
  bool operator==(const Line&) const { return true; }
};

enum class OperandKind : uint8_t {
  Register,         // index: register; `negated` for !%p
  SpecialRegister,  // special; WARP_SZ is one too
  Integer,          // bits; a predicate constant is 0 or 1
  Float,            // bits, float_type F32 or F64 (a decimal literal is F64)
  Symbol,           // symbol + index, plus the byte offset in `bits`: the address of a variable, parameter or function
  Label,            // index into Function::labels
  BranchTable,      // index into Function::branch_tables
  Address,          // [base + offset] or [base + offset, {coordinates}]
  Vector,           // {elements}
  Pair,             // elements[0]|elements[1]
  Tuple,            // (elements): the arguments and results of a call
  Discard,          // _
};

enum class SymbolKind : uint8_t {
  Variable,   // Module::variables
  Local,      // Function::locals
  Parameter,  // Function::params
  Result,     // Function::results
  Function,   // Module::functions
  Prototype,  // Function::prototypes
};

enum class AddressBase : uint8_t {
  Register,  // index: register
  Symbol,    // symbol + index
  Absolute,  // the offset is the whole address
};

struct Operand {
  OperandKind kind = OperandKind::Discard;
  bool negated = false;
  SymbolKind symbol = SymbolKind::Variable;
  AddressBase base = AddressBase::Absolute;
  Type float_type = Type::F64;
  Special special = Special::WARP_SZ;
  uint32_t index = kNone;
  uint64_t bits = 0;              // immediate bits; of Symbol and Address the signed byte offset
  std::vector<Operand> elements;  // Vector, Pair, Tuple: the parts; Address: tensor coordinates

  int64_t offset() const { return static_cast<int64_t>(bits); }
  bool operator==(const Operand&) const = default;
};

struct Instruction {
  Opcode opcode{};
  uint16_t form = 0;              // row of the opcode table: forms()[form]
  uint32_t guard = kNone;         // predicate register of @%p
  bool guard_negated = false;     // @!%p
  Shape shape;                    // of the .mMnNkK modifier; zeros without one
  std::vector<Suffix> suffixes;   // everything after the opcode, in the order of the text
  std::vector<Operand> operands;  // of call always {Tuple results, callee, Tuple arguments[, prototype]}
  uint32_t loc = kNone;           // Module::locs: the last .loc before it
  Line line;

  bool has(Mod modifier) const;
  // The type suffixes in order: ld.b32 has type(0); cvt.f32.s32 has type(0) F32, type(1) S32. Type::None past the last.
  Type type(size_t position = 0) const;
  size_t type_count() const;
  // The state space modifier, first in the text; Generic without one. shared::cta and shared::cluster are Shared.
  Space space() const;
  bool operator==(const Instruction&) const = default;
};

// One .loc. `parent` is the .loc that it is inlined at, where one with these coordinates came before.
struct Loc {
  uint32_t file = 0;  // number of a .file
  uint32_t line = 0;
  uint32_t column = 0;
  std::string function_name;  // the label in .debug_str, empty without function_name
  int64_t function_offset = 0;
  bool inlined = false;
  uint32_t inlined_file = 0;
  uint32_t inlined_line = 0;
  uint32_t inlined_column = 0;
  uint32_t parent = kNone;
  bool operator==(const Loc&) const = default;
};

struct File {
  uint32_t number = 0;
  std::string path;
  bool has_stamp = false;  // the optional ", timestamp, size"
  uint64_t timestamp = 0;
  uint64_t size = 0;
  bool operator==(const File&) const = default;
};

enum class Linkage : uint8_t {
  Internal,
  Visible,
  Extern,
  Weak,
  Common,
};

// The address of a symbol inside an initializer; the bytes at `offset` are filled in by the loader.
struct Relocation {
  uint64_t offset = 0;  // in the variable
  SymbolKind symbol = SymbolKind::Variable;
  uint32_t index = kNone;
  int64_t addend = 0;
  bool generic = false;  // generic(symbol)
  bool operator==(const Relocation&) const = default;
};

// A variable of the module (.global, .shared, .const) or of a function (.local, .shared, .param inside a call's
// braces).
struct Variable {
  std::string name;
  Space space = Space::Global;
  Linkage linkage = Linkage::Internal;
  Type type = Type::B8;
  uint32_t lanes = 1;  // 2 or 4 for .v2 and .v4
  uint32_t align = 1;
  bool explicit_align = false;
  std::vector<uint64_t> dimensions;  // empty for a scalar
  bool unsized = false;              // extern T name[]: as large as the launch makes it; size is 0
  uint64_t size = 0;                 // bytes
  std::vector<std::byte> init;       // empty, or the leading bytes; the rest is zero
  std::vector<Relocation> relocations;
  std::vector<std::string> attributes;  // .attribute(...), verbatim
  Line line;
  bool operator==(const Variable&) const = default;
};

struct Param {
  std::string name;
  Space space = Space::Param;  // Reg for a .func parameter passed in a register; then `reg` is its index
  Type type = Type::B64;
  uint64_t count = 0;  // elements of an array; 0 for a scalar
  uint32_t align = 1;
  bool explicit_align = false;
  bool is_pointer = false;  // .ptr
  Space pointer_space = Space::Generic;
  uint32_t pointer_align = 0;  // bytes; 0 where not told
  uint64_t size = 0;           // bytes
  uint64_t offset = 0;         // in the parameter buffer
  uint32_t reg = kNone;
  bool operator==(const Param&) const = default;
};

// `.reg .b32 %r<238>` is {name %r, count 238, numbered}; `.reg .b32 %a` is {name %a, count 1, not numbered}.
struct RegisterDecl {
  std::string name;
  Type type = Type::B32;
  uint32_t first = 0;  // index of the first register
  uint32_t count = 1;
  bool numbered = false;
  bool operator==(const RegisterDecl&) const = default;
};

struct Label {
  std::string name;
  uint32_t instruction = 0;  // index of the instruction that follows
  Line line;
  bool operator==(const Label&) const = default;
};

struct BranchTable {
  std::string name;
  std::vector<uint32_t> labels;
  bool operator==(const BranchTable&) const = default;
};

struct Prototype {
  std::string name;
  std::string text;  // verbatim, from .callprototype up to the semicolon
  bool operator==(const Prototype&) const = default;
};

// The text order of a body or of a module, for the printer.
enum class ItemKind : uint8_t {
  // of a function's body
  Instruction,
  Label,
  OpenScope,
  CloseScope,
  Registers,
  Local,
  Loc,
  BranchTable,
  Prototype,
  // of both
  Pragma,
  // of a module
  Variable,
  Function,
  File,
  Section,
};
struct Item {
  ItemKind kind{};
  uint32_t index = 0;
  bool operator==(const Item&) const = default;
};

using Extent = std::array<uint32_t, 3>;  // x, y, z; what the text leaves out is 1

struct Directives {
  std::optional<Extent> reqntid;
  std::optional<Extent> maxntid;
  std::optional<Extent> reqnctapercluster;
  std::optional<uint32_t> maxclusterrank;
  std::optional<uint32_t> minnctapersm;
  std::optional<uint32_t> maxnctapersm;
  std::optional<uint32_t> maxnreg;
  bool explicitcluster = false;
  bool blocksareclusters = false;
  bool noreturn = false;
  std::vector<std::string> pragmas;  // before the body
  bool operator==(const Directives&) const = default;
};

struct Function {
  std::string name;
  bool is_entry = false;
  bool is_declaration = false;  // no body
  Linkage linkage = Linkage::Internal;
  std::vector<Param> results;  // of .func
  std::vector<Param> params;
  uint64_t param_bytes = 0;  // of an entry: length of the parameter buffer
  Directives directives;

  std::vector<Instruction> instructions;
  std::vector<Type> register_types;  // by register index
  std::vector<RegisterDecl> register_decls;
  std::vector<Variable> locals;
  std::vector<Label> labels;
  std::vector<BranchTable> branch_tables;
  std::vector<Prototype> prototypes;
  std::vector<std::string> pragmas;  // in the body
  std::vector<Item> layout;
  Line line;

  std::string register_name(uint32_t index) const;
  bool operator==(const Function&) const = default;
};

// A .section of debug data, skipped and kept as it was.
struct Section {
  std::string name;
  std::string text;  // between the braces
  bool operator==(const Section&) const = default;
};

struct Module {
  uint32_t version_major = 0;
  uint32_t version_minor = 0;
  std::string target;                       // "sm_90a"
  std::vector<std::string> target_options;  // "debug"
  std::vector<Variable> variables;
  std::vector<Function> functions;
  std::vector<File> files;
  std::vector<Loc> locs;
  std::vector<Section> sections;
  std::vector<std::string> pragmas;
  std::vector<Item> layout;

  const Function* find_entry(std::string_view name) const;
  const File* find_file(uint32_t number) const;
  // Entries with a body, in text order.
  std::vector<const Function*> entries() const;
  bool operator==(const Module&) const = default;
};

}  // namespace triton_runner::ptx
