// A module to read, and the reading of it that keeps the text alive.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ir/mlir_module.h"
#include "ir/mlir_reader.h"
#include "ir/mlir_values.h"
#include "runtime/error.h"

namespace triton_runner::ir::mlir {

struct ReadMlir {
  explicit ReadMlir(std::string source) : text(std::move(source)), module(read_module(text)) {}
  ReadMlir(const ReadMlir&) = delete;
  ReadMlir& operator=(const ReadMlir&) = delete;

  // The first operation of that name, wherever it stands.
  const Op& op(std::string_view name) const {
    const Op* found = find(module->top, name);
    if (found == nullptr) throw ArgumentError("the test's text has no " + std::string(name));
    return *found;
  }

  std::string text;
  std::unique_ptr<Module> module;

 private:
  static const Op* find(const Region& region, std::string_view name) {
    for (const auto& block : region.blocks) {
      for (const auto& op : block->ops) {
        if (op->name == name) return op.get();
        for (const auto& inner : op->regions) {
          if (const Op* found = find(*inner, name)) return found;
        }
      }
    }
    return nullptr;
  }
};

// A kernel around the statements, with the arguments %p: !tt.ptr<f32> and %n: i32.
inline std::string kernel_of(const std::string& statements) {
  return "module {\n  tt.func public @k(%p: !tt.ptr<f32> {tt.divisibility = 16 : i32} loc(\"p\"(#loc)), %n: i32) {\n" +
         statements + "    tt.return loc(#loc)\n  } loc(#loc)\n} loc(#loc)\n#loc = loc(\"k.py\":3:0)\n";
}

}  // namespace triton_runner::ir::mlir
