// Insertions into a text, collected in any order and made in one go. Everything between them stays byte for byte.
// Tested in tests/csrc/ir/test_text_edits.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/error.h"

namespace triton_runner::ir {

class TextEdits {
 public:
  // Before the byte at `offset`. Of several at one offset, the first one given comes first.
  void insert(size_t offset, std::string text) { insertions_.emplace_back(offset, std::move(text)); }

  std::string apply(std::string_view text) const {
    auto ordered = insertions_;
    std::ranges::stable_sort(ordered, {}, [](const auto& insertion) { return insertion.first; });
    std::string out;
    size_t at = 0;
    for (const auto& [offset, added] : ordered) {
      TR_ASSERT(offset <= text.size());
      out.append(text.substr(at, offset - at)).append(added);
      at = offset;
    }
    return out.append(text.substr(at));
  }

 private:
  std::vector<std::pair<size_t, std::string>> insertions_;
};

}  // namespace triton_runner::ir
