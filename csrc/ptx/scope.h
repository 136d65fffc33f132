// What a name means at a point of a function's body: registers, local variables, labels and tables live in nested `{ }`
// scopes, and an inner one hides an outer one. Tested in tests/csrc/ptx/test_scope.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ptx/module.h"
#include "ptx/name_map.h"

namespace triton_runner::ptx {

struct Symbol {
  enum class Kind : uint8_t {
    Register,
    Variable,  // SymbolKind says in which table
    BranchTable,
  };
  Kind kind = Kind::Variable;
  SymbolKind table = SymbolKind::Variable;
  uint32_t index = kNone;
};

// `.reg .b32 %r<238>`: %r0 to %r237.
struct RegisterFamily {
  uint32_t first = 0;
  uint32_t count = 0;
};

// A use of a label, to be filled in at the end of the scope that has the label.
struct LabelUse {
  std::string name;
  uint32_t line = 0;
  uint32_t instruction = kNone;  // its operand 0 is the use
  uint32_t table = kNone;        // or entry `entry` of this branch table is
  uint32_t entry = 0;
};

class ScopeStack {
 public:
  static constexpr size_t kDeepest = 64;

  size_t depth() const { return scopes_.size(); }
  void open() { scopes_.emplace_back(); }

  // False where the innermost scope has the name already.
  bool declare(std::string_view name, Symbol symbol);
  bool declare_family(std::string_view stem, RegisterFamily family);
  bool declare_label(std::string_view name, uint32_t label);
  void use_label(LabelUse use) { scopes_.back().uses.push_back(std::move(use)); }

  // The innermost meaning of a name; %r12 may be declared as itself or as member 12 of %r<N>.
  std::optional<Symbol> find(std::string_view name) const;

  // Closes the innermost scope. Calls resolved(use, label) for each use of its labels, hands the others to the scope
  // around it, and returns those that are left where there is none.
  template <typename Resolved>
  std::vector<LabelUse> close(Resolved resolved) {
    Scope closed = std::move(scopes_.back());
    scopes_.pop_back();
    std::vector<LabelUse> left;
    for (LabelUse& use : closed.uses) {
      auto label = closed.labels.find(use.name);
      if (label != closed.labels.end()) {
        resolved(use, label->second);
      } else {
        (scopes_.empty() ? left : scopes_.back().uses).push_back(std::move(use));
      }
    }
    return left;
  }

 private:
  struct Scope {
    NameMap<Symbol> symbols;
    NameMap<RegisterFamily> families;
    NameMap<uint32_t> labels;
    std::vector<LabelUse> uses;
  };
  std::vector<Scope> scopes_;
};

}  // namespace triton_runner::ptx
