// The types of an operation's results. MLIR's custom forms print what the reader of a program needs, not always the
// result's type; a table has the operations that print something else. Tested in
// tests/csrc/ir/test_mlir_result_types.cc; that it covers the corpus, in tests/python/test_dump_corpus.py.
#pragma once

#include <string>
#include <vector>

#include "ir/mlir_module.h"

namespace triton_runner::ir::mlir {

// One for each result; empty text where the operation does not tell.
std::vector<std::string> result_types(const Op& op);

// The types of the values that a region's entry block is given where the operation's head names them: the induction
// variable and the carried values of scf.for, the carried values of scf.while.
std::vector<Argument> head_arguments(const Op& op);

size_t result_count(const Op& op);
// "%acc_26", "%acc#2"
std::vector<std::string> result_names(const Op& op);

}  // namespace triton_runner::ir::mlir
