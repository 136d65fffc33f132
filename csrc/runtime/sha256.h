// SHA-256 (FIPS 180-4), for content keys. Tested in tests/csrc/runtime/test_sha256.cc.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace triton_runner {

class Sha256 {
 public:
  Sha256& update(std::string_view bytes);
  std::string hex();  // 64 lower-case digits; ends the computation

 private:
  void block(const unsigned char* bytes);
  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> pending_{};
  uint64_t length_ = 0;
};

}  // namespace triton_runner
