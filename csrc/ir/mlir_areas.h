// The way of the dump's buffer into a kernel: the parameter, what each root region is passed, and at its front the
// areas of the slots that are stored in it. Tested in tests/csrc/ir/test_dump_mlir.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "ir/mlir_module.h"
#include "ir/mlir_record.h"
#include "ir/text_edits.h"

namespace triton_runner::ir::mlir {

class Areas {
 public:
  Areas(const Module& module, const Op& function, RecordWriter& writer, std::string prefix, size_t slots)
      : module_(module), function_(function), writer_(writer), prefix_(std::move(prefix)), slots_(slots) {}

  // The area of slot number `index` as seen in `root`.
  const Area& of(const Region& root, size_t index, const Slot& slot);

  // Ahead of all other edits at the front of the roots, but behind labels of blocks.
  void insert(TextEdits& edits) const;

 private:
  std::string buffer_in(const Region& root) const;
  void append(TextEdits& edits, std::string_view list, size_t line, const std::string& added) const;

  const Module& module_;
  const Op& function_;
  RecordWriter& writer_;
  std::string prefix_;
  size_t slots_;
  std::map<const Region*, std::string> fronts_;
  std::map<std::pair<const Region*, size_t>, Area> areas_;
};

// A beginning for names that the text does not use: "%dump_".
std::string unused_prefix(std::string_view text);

}  // namespace triton_runner::ir::mlir
