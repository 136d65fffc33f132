// The PTX that writes one record into the dump buffer: straight-line code whose stores are predicated, so that threads
// of a warp stay together and nothing is written past the capacity of the area (protocol.h has the buffer's layout).
//
// PTX and LLVM IR use the same lines: a dump of PTX writes them behind the instruction, a dump of LLVM IR as inline
// assembly. Tested by the dumps that are run, in tests/csrc/ir/test_dump_ptx.cc and tests/python/test_dump_ptx.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace triton_runner::ir {

struct PtxStore {
  uint32_t offset = 0;  // in the value
  std::string type;     // "b8" to "b64"
  std::string value;    // a register or an operand of that many bits (16 for b8); of a predicate "pred" is the type
};

struct PtxRecord {
  uint32_t slot = 0;
  uint64_t header_bytes = 0;  // of a thread, before the value
  uint64_t record_bytes = 0;  // of a thread
  bool repeats = false;       // else a thread comes here once at most, and the count need not be read
  std::string guard;          // predicate register under which the value exists; empty for always
  bool guard_negated = false;
  std::vector<std::string> iterations;  // registers with the numbers of the iterations, outermost first
  std::vector<PtxStore> stores;
};

// 64-bit registers.
struct PtxPlace {
  std::string base;     // the buffer's global address
  std::string ahead;    // threads of the rows ahead of this program's; below 0 where the program is not recorded
  std::string thread;   // number of this thread in the program
  std::string threads;  // of the program
};

// Declares the temporaries of all records.
std::string record_registers();

std::string record_code(const PtxRecord& record, const PtxPlace& place);

// Computes the place of this thread from its base; declares what it needs besides.
std::string place_code(uint32_t num_ctas, size_t slots, const PtxPlace& place);

}  // namespace triton_runner::ir
