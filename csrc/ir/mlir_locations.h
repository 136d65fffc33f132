// Where a value came from: MLIR's locations, through their aliases, callsites and names. Tested in
// tests/csrc/ir/test_mlir_locations.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ir/mlir_module.h"
#include "ir/protocol.h"

namespace triton_runner::ir::mlir {

struct Origin {
  std::string variable;             // the innermost name; empty where there is none
  std::vector<SourceLine> sources;  // of an inlined call the callee first
};

class Locations {
 public:
  explicit Locations(const Module& module);

  // Of what stands between the parentheses of loc(...): "#loc4", "\"x\"(#loc)", "callsite(#loc1 at #loc2)".
  Origin resolve(std::string_view text) const;

 private:
  void add(std::string_view text, Origin& origin, int depth) const;

  std::map<std::string_view, std::string_view> aliases_;
};

}  // namespace triton_runner::ir::mlir
