// Carries i64 counters through structured control flow: through scf.for as iteration arguments, through scf.if as
// results, through scf.while as both. What
//   scf.for %i = %a to %b step %s : i32 {            turns into
//   %r = scf.for %i = %a to %b step %s iter_args(%n = %zero) -> (i64) : i32 { ... scf.yield %next : i64
// A counter in memory would race: the warps of a program do not wait for one another. Names that exist stay.
// Tested in tests/csrc/ir/test_mlir_carry.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/mlir_module.h"
#include "ir/text_edits.h"

namespace triton_runner::ir::mlir {

// One counter on its way through one operation.
struct Carried {
  std::string init;                 // its value before
  std::string arg;                  // its name in the body (scf.while: before the condition; scf.if: not used)
  std::string after;                // scf.while: its name behind the condition
  std::string result;               // its name behind the operation
  std::vector<std::string> leaves;  // for each region, the value that its terminator passes on
};

class Counters {
 public:
  Counters(const Module& module, std::string prefix) : module_(module), prefix_(std::move(prefix)) {}

  // The number of this iteration of `loop`, as seen in `block`, which lies in it.
  std::string iteration(const Op& loop, const Block& block);

  // How often the block has run to its end in this program: a constant 0 outside of loops.
  std::string runs(const Block& block);

  // Labels must be inserted ahead of what else goes to the front of a block, and steps behind all that goes to its end.
  void insert_labels(TextEdits& edits) const;
  void insert_steps(TextEdits& edits) const;

 private:
  Carried& carry(const Op& op, std::string init);
  std::string fresh(std::string_view what) { return prefix_ + std::string(what) + std::to_string(count_++); }
  void carry_through_for(const Op& op, const std::vector<Carried>& carried, TextEdits& edits) const;
  void carry_through_if(const Op& op, const std::vector<Carried>& carried, TextEdits& edits) const;
  void carry_through_while(const Op& op, const std::vector<Carried>& carried, TextEdits& edits) const;
  void add_results(const Op& op, const std::vector<Carried>& carried, TextEdits& edits) const;
  void pass_on(const Region& region, const std::vector<std::string>& values, TextEdits& edits) const;

  const Module& module_;
  std::string prefix_;
  int count_ = 0;
  std::map<const Op*, std::vector<Carried>> carried_;
  std::map<const Op*, size_t> iterations_;  // loop to the index of its iteration counter in carried_
  std::map<const Block*, std::string> runs_;
  std::vector<std::pair<size_t, std::string>> steps_;  // offset at the end of a block, and the addition
};

// Where the last operation of a block begins, which is where the block's end is for everything that is added.
size_t end_of_block(const Block& block);

}  // namespace triton_runner::ir::mlir
