// Prints docs/ptx-coverage.md: g++ -std=c++20 -Icsrc
// csrc/ptx/{tool_coverage_page,coverage_page,opcodes,opcode_table,words}.cc
#include <cstdio>

#include "ptx/opcodes.h"

int main() {
  const std::string page = triton_runner::ptx::coverage_page();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
