// The opcode table and the decode table agree on what runs.
#include "executor/decode_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "ptx/opcodes.h"

namespace triton_runner::executor {
namespace {

TEST(DecodeTable, EveryFormThatIsFlaggedHasADecoder) {
  for (const ptx::Form& form : ptx::forms()) {
    if (form.coverage != ptx::Coverage::Executed) continue;
    EXPECT_NE(find_decoder(form.opcode), nullptr) << ptx::opcode_text(form.opcode);
  }
}

TEST(DecodeTable, EveryDecoderHasAFormThatIsFlagged) {
  for (const DecodeRow& row : decode_table()) {
    const auto forms = ptx::forms();
    EXPECT_TRUE(std::any_of(forms.begin(), forms.end(), [&](const ptx::Form& form) {
      return form.opcode == row.opcode && form.coverage == ptx::Coverage::Executed;
    })) << ptx::opcode_text(row.opcode);
  }
}

TEST(DecodeTable, NoOpcodeStandsTwice) {
  std::set<ptx::Opcode> seen;
  for (const DecodeRow& row : decode_table())
    EXPECT_TRUE(seen.insert(row.opcode).second) << ptx::opcode_text(row.opcode);
}

}  // namespace
}  // namespace triton_runner::executor
