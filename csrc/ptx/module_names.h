// The names that a module declares outside of its functions, and what is counted over the whole module.
#pragma once

#include <cstdint>

#include "ptx/match.h"
#include "ptx/module.h"
#include "ptx/name_map.h"

namespace triton_runner::ptx {

struct ModuleNames {
  struct Entry {
    SymbolKind kind{};
    uint32_t index = kNone;
  };
  NameMap<Entry> symbols;
  NameMap<Mnemonic> mnemonics;  // every spelling met so far
  uint64_t registers = 0;
};

// No real kernel comes near: registers of one function, and of all functions of a module.
constexpr uint64_t kMostRegisters = 1u << 18;
constexpr uint64_t kMostModuleRegisters = 1u << 22;
// Bytes of one variable; element counts are checked against it, so that sizes never overflow.
constexpr uint64_t kMostBytes = uint64_t{1} << 40;

}  // namespace triton_runner::ptx
