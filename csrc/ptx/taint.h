// What the access analysis knows of a value: which parameters it was computed from, and what kinds of thing it may be.
//
// The question behind the kinds is whether an address is surely based on the parameters in `params`, or may be a
// pointer of unknown origin. A value that may be either has both bits. Tested in tests/csrc/ptx/test_access.cc.
#pragma once

#include <cstdint>

namespace triton_runner::ptx {

struct Taint {
  enum Kind : uint8_t {
    kIndex = 1,     // computed from constants, special registers and narrow scalars: no address
    kLoaded = 2,    // came from memory, or is a 64-bit scalar: may be any address
    kInternal = 4,  // address of a variable of the module or of shared memory
    kBased = 8,     // a pointer parameter, plus an offset
    kMaybe = 16,    // the same of a 64-bit parameter that may be pointer or scalar (PTX without .ptr)
    kDerived = 32,  // computed from the bits of a pointer, but no pointer: a difference, a product
  };
  uint64_t params = 0;  // bit 63 stands for all parameters from the 64th on
  uint8_t kinds = 0;

  // Whether anything was new.
  bool merge(Taint other) {
    const Taint before = *this;
    params |= other.params;
    kinds |= other.kinds;
    return params != before.params || kinds != before.kinds;
  }
};

inline uint64_t param_bit(uint64_t index) { return uint64_t{1} << (index < 63 ? index : 63); }

// Of a result that is no pointer any more, whatever went in.
Taint derive(Taint value);
// Of a + b, for every pair of things that a and b may be.
Taint sum(Taint a, Taint b);

}  // namespace triton_runner::ptx
