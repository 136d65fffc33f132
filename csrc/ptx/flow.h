// The data flow of one function as the access analysis sees it: nodes that hold a taint, steps that move taint between
// them, and the places where memory is touched. Built once from the instructions, solved by `solve`; the order of
// instructions does not matter. Tested in tests/csrc/ptx/test_access.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx/module.h"
#include "ptx/taint.h"

namespace triton_runner::ptx {

using Node = uint32_t;

// Each node of `to` receives what the kind makes of `from`.
struct Step {
  enum class Kind : uint8_t {
    Copy,    // any of `from`
    Sum,     // from[0] + from[1]
    Minus,   // from[0] - from[1]
    MulAdd,  // from[0] * from[1] + from[2]
    Derive,  // anything else computed from `from`
  };
  Kind kind = Kind::Copy;
  std::vector<Node> from;
  std::vector<Node> to;
};

// Memory behind an address that can be a parameter's.
struct Touch {
  Node address = 0;
  bool reads = false;
  bool writes = false;
  bool tensor_map = false;  // the address is that of a descriptor: the memory is the tensor's
};

struct Flow {
  std::vector<Taint> nodes;  // as they are before any step
  std::vector<Step> steps;
  std::vector<Touch> touches;
  bool unknown_call = false;  // a function whose effect we do not know is called
  Node global_memory = 0;     // the node of what lies in global memory
};

Flow build_flow(const Module& module, const Function& entry);

// Runs the steps until no taint grows.
void solve(Flow& flow);

// Whether the parameter is passed as an array of bytes that may hold addresses: a tensor map.
bool holds_addresses(const Param& param);
// Whether a 64-bit parameter without .ptr counts as a pointer: PTX that does not use .ptr at all.
bool lacks_ptr(const Function& entry);
bool may_be_pointer(const Function& entry, const Param& param);

}  // namespace triton_runner::ptx
